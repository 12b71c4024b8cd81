"""AES-256-GCM: sizes and damage."""

import pytest

from identity.crypto import aes_gcm
from identity.crypto.errors import DecryptionFailed

KEY, NONCE = bytes(range(32)), bytes(range(12))


def test_matches_the_published_vector() -> None:
    # McGrew and Viega, The Galois/Counter Mode of Operation, test case 14.
    sealed = aes_gcm.encrypt(bytes(32), nonce=bytes(12), plaintext=bytes(16), associated=b"")
    assert sealed.hex() == "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"


def test_opens_what_it_sealed_and_nothing_else() -> None:
    sealed = aes_gcm.encrypt(KEY, nonce=NONCE, plaintext=b"text", associated=b"for alice")
    assert len(sealed) == 4 + aes_gcm.TAG_SIZE
    opened = aes_gcm.decrypt(KEY, nonce=NONCE, ciphertext=sealed, associated=b"for alice")
    assert opened == b"text"
    flipped = [
        sealed[:at] + bytes((sealed[at] ^ 1 << bit,)) + sealed[at + 1 :]
        for at in range(len(sealed))
        for bit in range(8)
    ]
    for wrong in (*flipped, b"", sealed[:15], sealed[:-1], sealed + b"\x00"):
        with pytest.raises(DecryptionFailed):
            aes_gcm.decrypt(KEY, nonce=NONCE, ciphertext=wrong, associated=b"for alice")
    with pytest.raises(DecryptionFailed):
        aes_gcm.decrypt(KEY, nonce=NONCE, ciphertext=sealed, associated=b"for bob")
    with pytest.raises(DecryptionFailed):
        aes_gcm.decrypt(KEY[::-1], nonce=NONCE, ciphertext=sealed, associated=b"for alice")


@pytest.mark.parametrize(("key", "nonce"), [(KEY[:16], NONCE), (KEY, NONCE[:8]), (KEY, bytes(16))])
def test_takes_no_other_sizes(key: bytes, nonce: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        aes_gcm.encrypt(key, nonce=nonce, plaintext=b"", associated=b"")
    with pytest.raises(ValueError, match="32 bytes"):
        aes_gcm.decrypt(key, nonce=nonce, ciphertext=bytes(16), associated=b"")
