"""Documents of `did:key` and `did:web`: W3C's vectors, one form of each DID, no foreign paths."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.crypto import base58btc, did_key, did_key_document, did_web, ecdsa_p256, ed25519
from identity.crypto import secp256k1 as koblitz
from identity.crypto.errors import DidInvalid
from tests.serving import ROOT

VECTORS: dict[str, Any] = json.loads((ROOT / "tests/vectors/did_key.json").read_text())


@pytest.mark.parametrize("did", VECTORS["documents"])
def test_makes_the_documents_of_the_vectors(did: str) -> None:
    assert did_key_document.document(did) == VECTORS["documents"][did]


@pytest.mark.parametrize(("did", "seed"), VECTORS["seeds"].items())
def test_names_the_keys_of_the_vectors(did: str, seed: str) -> None:
    secret = bytes.fromhex(seed)
    if did.startswith("did:key:z6Mk"):
        assert did_key.of_key(ed25519.parse_private(secret).public) == did
    else:
        assert did_key.of_key(koblitz.parse_private(secret).public) == did


@pytest.mark.parametrize("did", VECTORS["unsupported"])
def test_knows_no_other_curves(did: str) -> None:
    with pytest.raises(DidInvalid):
        did_key_document.document(did)


def _of(codec: bytes, raw: bytes) -> str:
    return did_key.PREFIX + base58btc.encode_multibase(codec + raw)


X25519 = b"\xec\x01"
KNOWN = next(iter(VECTORS["documents"]))


@pytest.mark.parametrize(
    "did",
    [
        "",
        "did:key:",
        KNOWN + "#x",
        KNOWN + " ",
        KNOWN.replace(":z", ":Z"),
        KNOWN.upper(),
        _of(X25519, bytes(32)),
        _of(X25519, b"\x01" + bytes(31)),
        _of(X25519, bytes.fromhex("ed" + "ff" * 30 + "7f")),
        _of(X25519, b"\x09" + bytes(30) + b"\x80"),
        _of(X25519, b"\x09" + bytes(30)),
        _of(b"\xed\x01", b"\x01" + bytes(31)),
        _of(b"\xe7\x01", b"\x04" + bytes(64)),
        _of(b"\xe7\x01", b"\x02" + b"\xff" * 32),
        _of(b"\x80\x24", b"\x05" + bytes(32)),
        "did:key:z" + "z" * 100_000,
    ],
)
def test_refuses(did: str) -> None:
    with pytest.raises(DidInvalid):
        did_key_document.document(did)


@given(st.text(max_size=200))
def test_refuses_any_text(text: str) -> None:
    with pytest.raises(DidInvalid):
        did_key_document.document(did_key.PREFIX + text)
    with pytest.raises(DidInvalid):
        did_web.parse(text)


@pytest.mark.parametrize(
    ("base", "did"),
    [
        ("https://id.example.org", "did:web:id.example.org:users:u-1"),
        ("https://ID.example.org:8443/s/acme/", "did:web:id.example.org%3A8443:s:acme:users:u-1"),
    ],
)
def test_an_address_on_the_web_is_a_did(base: str, did: str) -> None:
    assert did_web.identifier(base, "users", "u-1") == did_web.parse(did) == did


@pytest.mark.parametrize(
    "segment",
    [
        "",
        "..",
        ".",
        "a/b",
        "a:b",
        "a%2fb",
        "a%3Ab",
        "a b",
        "é",
        "a\n",
        "a#b",
        "a?b",
        "a\\b",
        "a" * 129,
    ],
)
def test_no_segment_names_another_path(segment: str) -> None:
    with pytest.raises(DidInvalid):
        did_web.identifier("https://id.example.org", "users", segment)


@pytest.mark.parametrize(
    "did",
    [
        "did:web:",
        "did:web:Example.org",
        "did:web:example.org:",
        "did:web:example.org::x",
        "did:web:example.org:..",
        "did:web:example.org%2Fx",
        "did:web:example.org%3a8443",
        "did:web:example.org%3A08443",
        "did:web:example.org#key",
        "did:web:-example.org",
        "did:web:user@example.org",
        "did:web:example.org\n",
        "did:web:" + "a" * 600,
    ],
)
def test_a_did_on_the_web_has_one_form(did: str) -> None:
    with pytest.raises(DidInvalid):
        did_web.parse(did)


def test_a_method_is_named_after_its_key() -> None:
    did, keys = "did:web:example.org", [ecdsa_p256.generate().public for _ in range(2)]
    document = did_web.document(did=did, keys=keys)
    names = [method["id"] for method in document["verificationMethod"]]
    assert names == [f"{did}#{did_key.of_key(key)[len(did_key.PREFIX) :]}" for key in keys]
    assert document["authentication"] == document["assertionMethod"] == names
    for method, key in zip(document["verificationMethod"], keys, strict=True):
        numbers = key.key.public_numbers()
        assert method["publicKeyJwk"] == did_key_document.jwk(key)
        assert (numbers.x, numbers.y) == tuple(
            int.from_bytes(_decoded(method["publicKeyJwk"][name])) for name in "xy"
        )


def _decoded(text: str) -> bytes:
    from identity.crypto import base64url

    return base64url.decode(text)
