"""ES256: forms of keys, forms of signatures."""

import hashlib
import json
from pathlib import Path

import pytest

from identity.crypto import ecdsa_p256
from identity.crypto.errors import KeyInvalid, SignatureInvalid

VECTORS = json.loads((Path(__file__).parents[3] / "vectors/enterprise.json").read_text())
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
KEY = ecdsa_p256.parse_private(VECTORS["keys"]["device"]["ecdsa_private"])
COMPRESSED = VECTORS["keys"]["device"]["device_signature_pubkey"]
REQUEST = VECTORS["requests"][1]


def uncompressed(public: ecdsa_p256.PublicKey) -> str:
    numbers = public.key.public_numbers()
    return f"04{numbers.x:064x}{numbers.y:064x}"


def with_s(signature: bytes, s: int) -> bytes:
    return signature[:32] + s.to_bytes(32, "big")


def test_makes_the_public_key_of_the_vectors() -> None:
    assert KEY.public.hex == COMPRESSED
    assert ecdsa_p256.private_hex(KEY) == VECTORS["keys"]["device"]["ecdsa_private"]


def test_names_a_key_by_the_digest_of_its_compressed_point() -> None:
    server = VECTORS["keys"]["server"]
    key = ecdsa_p256.parse_public(server["server_ecdsa_pub_key"])
    assert key.kid.hex() == server["ecdsa_kid"]
    assert key.kid == hashlib.sha256(key.point).digest()


@pytest.mark.parametrize("form", ["compressed", "uncompressed", "upper case"])
def test_stores_every_form_of_a_point_compressed(form: str) -> None:
    text = {
        "compressed": COMPRESSED,
        "uncompressed": uncompressed(KEY.public),
        "upper case": uncompressed(KEY.public).upper(),
    }[form]
    assert ecdsa_p256.parse_public(text).hex == COMPRESSED
    assert ecdsa_p256.stored_public(text).hex == COMPRESSED


X_NOT_ON_THE_CURVE = "02" + "00" * 31 + "07"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00",
        COMPRESSED[2:],
        COMPRESSED + "00",
        COMPRESSED[:-1] + "g",
        COMPRESSED[:-2] + " 0",
        COMPRESSED + "\n",
        "05" + COMPRESSED[2:],
        "04" + COMPRESSED[2:],
        X_NOT_ON_THE_CURVE,
        "02" + "ff" * 32,
        uncompressed(KEY.public)[:-2] + "00",
        "04" + "00" * 64,
        "\uff10" + COMPRESSED[1:],
    ],
)
def test_refuses_what_is_no_point_on_the_curve(text: str) -> None:
    with pytest.raises(KeyInvalid):
        ecdsa_p256.parse_public(text)


@pytest.mark.parametrize(
    "text", ["", "00" * 32, f"{ORDER:064x}", "ff" * 32, "1" * 63, "0x" + "1" * 62]
)
def test_refuses_what_is_no_private_key(text: str) -> None:
    with pytest.raises(KeyInvalid):
        ecdsa_p256.parse_private(text)


def test_signs_the_vectors_byte_for_byte() -> None:
    message = bytes.fromhex(REQUEST["sig_structure"])
    assert ecdsa_p256.sign(KEY, message).hex() == REQUEST["signature"]


def test_signs_with_low_s_the_same_bytes_each_time() -> None:
    for number in range(32):
        message = bytes((number,))
        signature = ecdsa_p256.sign(KEY, message)
        assert len(signature) == ecdsa_p256.SIGNATURE_SIZE
        assert int.from_bytes(signature[32:], "big") <= ORDER // 2
        assert ecdsa_p256.sign(KEY, message) == signature
        ecdsa_p256.verify(KEY.public, signature, message)


def test_accepts_high_s() -> None:
    signature = ecdsa_p256.sign(KEY, b"message")
    high = with_s(signature, ORDER - int.from_bytes(signature[32:], "big"))
    ecdsa_p256.verify(KEY.public, high, b"message")


def test_refuses_signatures_that_are_not_the_keys() -> None:
    signature = ecdsa_p256.sign(KEY, b"message")
    low = int.from_bytes(signature[32:], "big")
    der = KEY.key.sign(b"message", ecdsa_p256._SIGNING)
    for wrong in (
        b"",
        signature[:-1],
        signature + b"\x00",
        signature[:32] + b"\x00" + signature[32:],
        der,
        bytes(64),
        with_s(signature, 0),
        with_s(signature, ORDER),
        with_s(signature, low + 1),
        bytes(32) + signature[32:],
        signature[32:] + signature[:32],
    ):
        with pytest.raises(SignatureInvalid):
            ecdsa_p256.verify(KEY.public, wrong, b"message")
    with pytest.raises(SignatureInvalid):
        ecdsa_p256.verify(KEY.public, signature, b"massage")
    with pytest.raises(SignatureInvalid):
        ecdsa_p256.verify(ecdsa_p256.DUMMY, signature, b"message")


def test_shows_no_private_number_when_printed() -> None:
    shown = repr(KEY)
    assert VECTORS["keys"]["device"]["ecdsa_private"] not in shown
    assert "PrivateKey object" not in shown
