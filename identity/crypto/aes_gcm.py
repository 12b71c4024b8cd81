"""Authenticated encryption with AES-256-GCM (NIST SP 800-38D)."""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from identity.crypto.errors import DecryptionFailed

KEY_SIZE: Final = 32
NONCE_SIZE: Final = 12
TAG_SIZE: Final = 16


def encrypt(key: bytes, *, nonce: bytes, plaintext: bytes, associated: bytes) -> bytes:
    """Encrypt and authenticate; the result is 16 bytes longer than the plaintext.

    `key` has 32 bytes and `nonce` 12; a nonce is never used twice with one key. Raises ValueError
    for other sizes: a mistake in our code.
    """
    _check_sizes(key, nonce)
    return AESGCM(key).encrypt(nonce, plaintext, associated)


def decrypt(key: bytes, *, nonce: bytes, ciphertext: bytes, associated: bytes) -> bytes:
    """Open what `encrypt` made. Raises DecryptionFailed, for every reason the same."""
    _check_sizes(key, nonce)
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, associated)
    except InvalidTag as error:
        raise DecryptionFailed from error


def _check_sizes(key: bytes, nonce: bytes) -> None:
    if len(key) != KEY_SIZE or len(nonce) != NONCE_SIZE:
        raise ValueError("AES-256-GCM takes a key of 32 bytes and a nonce of 12")
