"""Sealed boxes of NaCl: anybody encrypts to a public X25519 key, only its holder opens.

They hide; they don't tell who sealed.
"""

from typing import Final

import nacl.exceptions
import nacl.public

from identity.crypto import base64url
from identity.crypto.errors import DecryptionFailed, KeyInvalid

KEY_SIZE: Final = 32


def parse_recipient(text: str) -> bytes:
    """A public key of 32 bytes in base64url without padding. Raises KeyInvalid."""
    try:
        raw = base64url.decode(text)
    except ValueError:
        raise KeyInvalid("Send the key as base64url without padding.") from None
    if len(raw) != KEY_SIZE:
        raise KeyInvalid("An X25519 public key has 32 bytes.")
    return raw


def seal(data: bytes, recipient: bytes) -> bytes:
    """Encrypt to a public key. Raises KeyInvalid for a key that hides nothing."""
    try:
        return nacl.public.SealedBox(nacl.public.PublicKey(recipient)).encrypt(data)
    except nacl.exceptions.CryptoError as error:
        raise KeyInvalid("The bytes are not an X25519 public key.") from error


def open_sealed(data: bytes, private: bytes) -> bytes:
    """Decrypt with the private key of 32 bytes. Raises DecryptionFailed."""
    try:
        return nacl.public.SealedBox(nacl.public.PrivateKey(private)).decrypt(data)
    except nacl.exceptions.CryptoError as error:
        raise DecryptionFailed from error


def public_of(private: bytes) -> bytes:
    """The public key of a private one."""
    return bytes(nacl.public.PrivateKey(private).public_key)
