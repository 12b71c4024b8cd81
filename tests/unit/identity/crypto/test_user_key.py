"""Keys of members and their signatures, against vectors of the devices that make them."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from identity.crypto import derived_keys, secp256k1, user_key
from identity.crypto.errors import KeyInvalid, SignatureInvalid

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "bridge.json").read_text())
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
# Such a point cannot be told from one of the right curve, where its x lies on both.
INDISTINGUISHABLE = "P-256 compressed point"


@pytest.mark.parametrize("known", VECTORS["keys"], ids=lambda known: known["pub"][:8])
def test_reads_and_writes_keys(known: dict[str, str]) -> None:
    private = user_key.parse_wif(known["wif"])
    assert private.wif == known["wif"]
    assert private.key.key.secret.hex() == known["privHex"]
    assert private.public.text == known["pub"]
    public = user_key.parse_public(known["pub"])
    assert public == private.public
    assert public.point.hex() == known["pubCompressedHex"]
    assert user_key.parse_private(bytes.fromhex(known["privHex"])).wif == known["wif"]


@pytest.mark.parametrize("known", VECTORS["edgeKeys"], ids=lambda known: known["case"])
def test_takes_one_form_alone(known: dict[str, Any]) -> None:
    text = known["value"] or ""
    if known["recommended"] == "accept":
        assert user_key.parse_public(text).point.hex() == known["payloadHex"]
    elif known["case"] == INDISTINGUISHABLE:
        secp256k1.parse_public(bytes.fromhex(known["payloadHex"]))
        assert user_key.parse_public(text).text == text
    else:
        with pytest.raises(KeyInvalid):
            user_key.parse_public(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        " " + VECTORS["keys"][0]["pub"],
        "1" + VECTORS["keys"][0]["pub"],
        VECTORS["keys"][0]["pub"] + "1",
        VECTORS["keys"][0]["pub"].swapcase(),
        VECTORS["keys"][0]["wif"],
        VECTORS["keys"][0]["pubCompressedHex"],
        "x" * 65,
        "é" * 50,
    ],
)
def test_refuses_other_texts(text: str) -> None:
    with pytest.raises(KeyInvalid):
        user_key.parse_public(text)


@pytest.mark.parametrize("known", VECTORS["signatures"], ids=lambda known: known["messageUtf8"])
def test_verifies_what_devices_sign(known: dict[str, Any]) -> None:
    public = user_key.parse_public(known["pub"])
    message, signature = known["messageUtf8"].encode(), bytes.fromhex(known["signatureHex"])
    user_key.verify(public, message, signature)
    is_high = int.from_bytes(signature[33:], "big") > ORDER // 2
    assert is_high == known["highS"]
    own = user_key.sign(user_key.parse_wif(known["wif"]), message)
    user_key.verify(public, message, own)
    # Both are of RFC 6979; ours lowers S, with which the recovered point is the other one.
    assert own[1:33] == signature[1:33]
    lowered = ORDER - int.from_bytes(signature[33:], "big")
    expected = lowered.to_bytes(32, "big") if is_high else signature[33:]
    assert own[33:] == expected
    assert (own[0] == signature[0]) != is_high


@pytest.mark.parametrize("known", VECTORS["possession"], ids=lambda known: known["solution"])
def test_verifies_proofs_of_possession(known: dict[str, str]) -> None:
    public = user_key.parse_public(known["pub"])
    signature = base64.b64decode(known["signatureBase64"])
    user_key.verify(public, known["signedText"].encode(), signature)
    with pytest.raises(SignatureInvalid):
        user_key.verify(public, known["signedText"].encode() + b" ", signature)


def test_refuses_other_signatures() -> None:
    private, other = user_key.generate(), user_key.generate()
    signature = user_key.sign(private, b"text")
    user_key.verify(private.public, b"text", signature)
    headers = [bytes([first]) + signature[1:] for first in range(256) if first != signature[0]]
    zeros = [signature[:1] + bytes(64), signature[:1] + bytes(32) + signature[33:]]
    beyond = signature[:1] + ORDER.to_bytes(32, "big") + signature[33:]
    for wrong in (*headers, *zeros, beyond, signature[:-1], signature + b"\0", b"", bytes(65)):
        with pytest.raises(SignatureInvalid):
            user_key.verify(private.public, b"text", wrong)
    with pytest.raises(SignatureInvalid):
        user_key.verify(other.public, b"text", signature)
    with pytest.raises(SignatureInvalid):
        user_key.verify(private.public, b"other", signature)


@pytest.mark.parametrize("scalar", [bytes(32), ORDER.to_bytes(32, "big"), b"\xff" * 32, b"\1" * 31])
def test_refuses_numbers_that_are_no_keys(scalar: bytes) -> None:
    with pytest.raises(KeyInvalid):
        user_key.parse_private(scalar)


def test_shows_no_private_key() -> None:
    private = user_key.generate()
    assert private.wif not in repr(private)
    assert private.key.key.secret.hex() not in repr(private)


@pytest.mark.parametrize("known", VECTORS["derive"], ids=["ascii", "other letters"])
def test_derives_keys_of_passwords(known: dict[str, Any]) -> None:
    for rounds, name in (
        (derived_keys.OLDER_ROUNDS, "derivePrivateKey"),
        (derived_keys.ROUNDS, "derivePrivateKey2"),
    ):
        assert known[name]["pbkdf2Iterations"] == rounds
        made = derived_keys.of_password(known["password"], known["salt"], rounds=rounds)
        assert (made.wif, made.public.text) == (known[name]["wif"], known[name]["pub"])


@pytest.mark.parametrize("known", VECTORS["bip39"], ids=["12 words"])
def test_derives_keys_of_words(known: dict[str, str]) -> None:
    made = derived_keys.of_mnemonic(known["mnemonic"], known["password"])
    assert (made.wif, made.public.text) == (known["wif"], known["pub"])
    assert derived_keys.of_mnemonic(known["mnemonic"], "other").wif != made.wif
    first, *rest = known["mnemonic"].split()
    for wrong in ("", " ".join(rest), " ".join([*rest, first]), known["mnemonic"] + " zoo"):
        with pytest.raises(KeyInvalid):
            derived_keys.of_mnemonic(wrong)


@pytest.mark.parametrize("count", derived_keys.STRENGTHS)
def test_makes_lists_of_words(count: int) -> None:
    words = derived_keys.new_mnemonic(count)
    assert len(words.split()) == count
    assert words != derived_keys.new_mnemonic(count)
    assert derived_keys.of_mnemonic(words) == derived_keys.of_mnemonic(f" {words}\n")


def test_makes_no_other_lists() -> None:
    with pytest.raises(KeyInvalid):
        derived_keys.new_mnemonic(13)
