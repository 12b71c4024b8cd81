"""Ed25519 keys as ledgers' clients write them: DER in lower-case hexadecimal digits (RFC 8410)."""

from typing import Final

_PUBLIC: Final = "302a300506032b6570032100"
_PRIVATE: Final = "302e020100300506032b657004220420"


def encoded_public(raw: bytes) -> str:
    """A public key of 32 bytes as SubjectPublicKeyInfo."""
    return _PUBLIC + raw.hex()


def encoded_private(seed: bytes) -> str:
    """A private key of 32 bytes as PKCS #8: a secret."""
    return _PRIVATE + seed.hex()
