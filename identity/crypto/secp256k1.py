"""ECDSA over secp256k1, as wallets sign: keys, strict DER, 64 bytes, recovery of the signer.

Everywhere S is low: of the two signatures that mathematics allows one is refused (BIP 62, EIP-2),
so that nobody can make a second one from a first. What is signed is always a digest of 32 bytes:
an ECDSA routine would silently ignore the rest of anything longer.
"""

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import coincurve
from coincurve import ecdsa

from identity.crypto.errors import KeyInvalid, SignatureInvalid

DIGEST_SIZE: Final = 32
SCALAR_SIZE: Final = 32
COMPACT_SIZE: Final = 64
RECOVERABLE_SIZE: Final = 65
_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_COMPRESSED: Final = (2, 3)
_UNCOMPRESSED: Final = 4
# EIP-191's signatures end with 27 or 28; hardware wallets send 0 or 1 (yellow paper, appendix F).
_PARITIES: Final = {0: 0, 1: 1, 27: 0, 28: 1}


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A point on the curve, parsed once."""

    key: coincurve.PublicKey = field(repr=False)
    point: bytes
    """The compressed point: 33 bytes."""

    @property
    def uncompressed(self) -> bytes:
        """65 bytes: 04 and both coordinates."""
        return self.key.format(compressed=False)


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A signing key, parsed once, with its public half."""

    key: coincurve.PrivateKey = field(repr=False)
    public: PublicKey


def generate(random: Callable[[int], bytes] = os.urandom) -> PrivateKey:
    """A new random key."""
    while True:
        scalar = random(SCALAR_SIZE)
        if 0 < int.from_bytes(scalar, "big") < _ORDER:
            return parse_private(scalar)


def parse_private(scalar: bytes) -> PrivateKey:
    """Read a scalar of 32 bytes. Raises KeyInvalid."""
    if len(scalar) != SCALAR_SIZE or not 0 < int.from_bytes(scalar, "big") < _ORDER:
        raise KeyInvalid("A secp256k1 private key is a number of 32 bytes below the order.")
    key = coincurve.PrivateKey(scalar)
    return PrivateKey(key, _public(key.public_key))


@functools.lru_cache(maxsize=2048)
def parse_public(point: bytes) -> PublicKey:
    """Read a compressed (33 bytes) or uncompressed (65) point, remembered by its own bytes.

    Raises KeyInvalid unless it is a point on the curve (SEC 1 §2.3.4; no hybrid form).
    """
    forms = {33: _COMPRESSED, 65: (_UNCOMPRESSED,)}
    if not point or point[0] not in forms.get(len(point), ()):
        raise KeyInvalid("A secp256k1 public key is a point of 33 or 65 bytes.")
    try:
        return _public(coincurve.PublicKey(point))
    except ValueError as error:
        raise KeyInvalid("The point is not on the curve secp256k1.") from error


def sign_der(private: PrivateKey, digest: bytes) -> bytes:
    """Sign a digest: ASN.1 DER, low S, the same bytes for the same digest (RFC 6979)."""
    return private.key.sign(_digest(digest), hasher=None)


def sign_compact(private: PrivateKey, digest: bytes) -> bytes:
    """Sign a digest: 64 bytes `r || s`, low S."""
    return sign_recoverable(private, digest)[:COMPACT_SIZE]


def sign_recoverable(private: PrivateKey, digest: bytes) -> bytes:
    """Sign a digest: 65 bytes `r || s || v` with v 27 or 28, low S."""
    signature = private.key.sign_recoverable(_digest(digest), hasher=None)
    return signature[:COMPACT_SIZE] + bytes([27 + signature[COMPACT_SIZE]])


def verify_der(public: PublicKey, signature: bytes, digest: bytes) -> None:
    """Check a DER signature with low S over a digest.

    Raises SignatureInvalid, also for bytes that are not the one DER form of their two numbers.
    """
    _digest(digest)
    try:
        if ecdsa.cdata_to_der(ecdsa.der_to_cdata(signature)) != signature:
            raise SignatureInvalid
        # libsecp256k1 refuses high S.
        is_signed = public.key.verify(signature, digest, hasher=None)
    except ValueError as error:
        raise SignatureInvalid from error
    if not is_signed:
        raise SignatureInvalid


def verify_compact(public: PublicKey, signature: bytes, digest: bytes) -> None:
    """Check 64 bytes `r || s` with low S over a digest. Raises SignatureInvalid."""
    if len(signature) != COMPACT_SIZE:
        raise SignatureInvalid
    try:
        der = ecdsa.cdata_to_der(ecdsa.deserialize_compact(signature))
    except ValueError as error:
        raise SignatureInvalid from error
    verify_der(public, der, digest)


def recover(signature: bytes, digest: bytes) -> PublicKey:
    """The key that made 65 bytes `r || s || v` over a digest; v is 0, 1, 27 or 28.

    Raises SignatureInvalid, also for high S. Any other signature has *some* key: what comes back
    is to be compared with the expected one.
    """
    if len(signature) != RECOVERABLE_SIZE or signature[COMPACT_SIZE] not in _PARITIES:
        raise SignatureInvalid
    if int.from_bytes(signature[32:COMPACT_SIZE], "big") > _ORDER // 2:
        raise SignatureInvalid
    canonical = signature[:COMPACT_SIZE] + bytes([_PARITIES[signature[COMPACT_SIZE]]])
    try:
        key = coincurve.PublicKey.from_signature_and_message(
            canonical, _digest(digest), hasher=None
        )
    except ValueError as error:
        raise SignatureInvalid from error
    return _public(key)


def _public(key: coincurve.PublicKey) -> PublicKey:
    return PublicKey(key, key.format(compressed=True))


def _digest(digest: bytes) -> bytes:
    if len(digest) != DIGEST_SIZE:
        raise ValueError("a digest of 32 bytes is signed")
    return digest
