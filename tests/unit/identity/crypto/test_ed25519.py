"""Ed25519 as RFC 8032 §7.1 has it."""

import pytest

from identity.crypto import ed25519
from identity.crypto.errors import KeyInvalid, SignatureInvalid

# RFC 8032 §7.1, TEST 1 and TEST 2.
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
]


@pytest.mark.parametrize(("seed", "public", "message", "signature"), VECTORS)
def test_signs_as_the_standard_does(seed: str, public: str, message: str, signature: str) -> None:
    key = ed25519.parse_private(bytes.fromhex(seed))
    assert key.public.raw.hex() == public
    assert ed25519.sign(key, bytes.fromhex(message)).hex() == signature
    parsed = ed25519.parse_public(bytes.fromhex(public))
    ed25519.verify(parsed, bytes.fromhex(signature), bytes.fromhex(message))


def test_keeps_a_key_through_its_bytes() -> None:
    key = ed25519.generate()
    again = ed25519.parse_private(ed25519.private_bytes(key))
    assert again.public.raw == key.public.raw
    assert ed25519.private_bytes(key).hex() not in repr(key)


def test_refuses_what_was_changed() -> None:
    key = ed25519.generate()
    signature = ed25519.sign(key, b"message")
    changed = bytes((signature[0] ^ 1, *signature[1:]))
    for wrong, message in ((changed, b"message"), (signature, b"other"), (b"", b"message")):
        with pytest.raises(SignatureInvalid):
            ed25519.verify(key.public, wrong, message)
    with pytest.raises(SignatureInvalid):
        ed25519.verify(ed25519.generate().public, signature, b"message")


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_refuses_keys_of_another_size(size: int) -> None:
    with pytest.raises(KeyInvalid):
        ed25519.parse_private(bytes(size))
    with pytest.raises(KeyInvalid):
        ed25519.parse_public(bytes(size))
