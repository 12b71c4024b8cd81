"""Signatures with Ed25519 (RFC 8032 §5.1): keys of 32 bytes, signatures of 64 bytes."""

from dataclasses import dataclass, field
from typing import Final

import nacl.bindings
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from identity.crypto.errors import KeyInvalid, SignatureInvalid

KEY_SIZE: Final = 32
SIGNATURE_SIZE: Final = 64


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A point on the curve, parsed once; `raw` is its 32 bytes."""

    key: ed25519.Ed25519PublicKey = field(repr=False)
    raw: bytes


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A signing key, parsed once, with its public half."""

    key: ed25519.Ed25519PrivateKey = field(repr=False)
    public: PublicKey


def generate() -> PrivateKey:
    """A new random key."""
    return _private(ed25519.Ed25519PrivateKey.generate())


def parse_private(seed: bytes) -> PrivateKey:
    """Read the 32 bytes that `private_bytes` gives. Raises KeyInvalid."""
    if len(seed) != KEY_SIZE:
        raise KeyInvalid("An Ed25519 private key has 32 bytes.")
    return _private(ed25519.Ed25519PrivateKey.from_private_bytes(seed))


def private_bytes(private: PrivateKey) -> bytes:
    """The 32 bytes from which the key is derived. The result is a secret."""
    return private.key.private_bytes_raw()


def parse_public(raw: bytes) -> PublicKey:
    """Read 32 bytes. Raises KeyInvalid."""
    if len(raw) != KEY_SIZE:
        raise KeyInvalid("An Ed25519 public key has 32 bytes.")
    return PublicKey(ed25519.Ed25519PublicKey.from_public_bytes(raw), raw)


def parse_foreign_public(raw: bytes) -> PublicKey:
    """Read 32 bytes that somebody else chose. Raises KeyInvalid.

    They must be a point of the prime subgroup in its one encoding: under a point of small order
    anybody can make signatures, so that it would be everybody's key.
    """
    public = parse_public(raw)
    if not nacl.bindings.crypto_core_ed25519_is_valid_point(raw):
        raise KeyInvalid("The bytes are not an Ed25519 public key.")
    return public


def parse_spki(pem: str) -> PublicKey:
    """Read a SubjectPublicKeyInfo in PEM (RFC 8410 §4) that somebody else chose. Raises KeyInvalid.

    Exactly one block, and nothing else but white space around it.
    """
    text = pem.strip()
    is_one = text.startswith("-----BEGIN PUBLIC KEY-----") and text.count("-----BEGIN ") == 1
    if not is_one or not text.isascii() or not text.endswith("-----END PUBLIC KEY-----"):
        raise KeyInvalid("This is no public key in PEM.")
    try:
        key = serialization.load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise KeyInvalid("This is no public key in PEM.") from None
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise KeyInvalid("This is no Ed25519 key.")
    return parse_foreign_public(key.public_bytes_raw())


def spki_pem(public: PublicKey) -> str:
    """The key as a SubjectPublicKeyInfo in PEM."""
    return public.key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def sign(private: PrivateKey, message: bytes) -> bytes:
    """64 bytes; the same bytes for the same message."""
    return private.key.sign(message)


def verify(public: PublicKey, signature: bytes, message: bytes) -> None:
    """Check a signature over the message. Raises SignatureInvalid."""
    if len(signature) != SIGNATURE_SIZE:
        raise SignatureInvalid
    try:
        public.key.verify(signature, message)
    except InvalidSignature as error:
        raise SignatureInvalid from error


def _private(key: ed25519.Ed25519PrivateKey) -> PrivateKey:
    public = key.public_key()
    return PrivateKey(key, PublicKey(public, public.public_bytes_raw()))
