"""Signatures with ECDSA over P-256 and SHA-256 (ES256): keys, 64-byte signatures, verification."""

import base64
import functools
import hashlib
import re
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)

from identity.crypto.errors import KeyInvalid, SignatureInvalid

SIGNATURE_SIZE: Final = 64
_MOST_SPKI: Final = 1024
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_CURVE: Final = ec.SECP256R1()
_VERIFYING: Final = ec.ECDSA(hashes.SHA256())
# RFC 6979: the nonce comes from key and message, so a weak random source never tells the key.
_SIGNING: Final = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
_POINT = re.compile(r"0[23][0-9a-fA-F]{64}|04[0-9a-fA-F]{128}")
_SCALAR = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A point on the curve, parsed once. `kid` is the SHA-256 of the compressed point."""

    key: ec.EllipticCurvePublicKey = field(repr=False)
    point: bytes
    """The compressed point: 33 bytes."""
    kid: bytes = field(repr=False)

    @property
    def hex(self) -> str:
        """The compressed point as 66 lower-case hexadecimal digits: the form that is stored."""
        return self.point.hex()


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A signing key, parsed once, with its public half."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)
    public: PublicKey


def generate() -> PrivateKey:
    """A new random key."""
    return _private(ec.generate_private_key(_CURVE))


def parse_public(text: str) -> PublicKey:
    """Read a compressed (66 hex digits) or uncompressed (130) point.

    Raises KeyInvalid unless it is a point on the curve in one of the two forms (SEC 1 §2.3.4).
    """
    if not _POINT.fullmatch(text):
        raise KeyInvalid("Send a P-256 point as 66 or 130 hexadecimal digits.")
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, bytes.fromhex(text))
    except ValueError as error:
        raise KeyInvalid("The point is not on the curve P-256.") from error
    return _public(key)


def parse_any(text: str) -> PublicKey:
    """Read a point in hex, or SPKI as PEM or as base64 of its DER (RFC 5480).

    Raises KeyInvalid for everything else, also for keys of other curves and kinds.
    """
    if _POINT.fullmatch(text):
        return parse_public(text)
    if len(text) > _MOST_SPKI:
        raise KeyInvalid("A P-256 public key is shorter.")
    try:
        if text.startswith("-----BEGIN PUBLIC KEY-----"):
            key = load_pem_public_key(text.encode())
        else:
            key = load_der_public_key(base64.b64decode(text.encode(), validate=True))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyInvalid("The text does not hold a public key.") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise KeyInvalid("The key is not a P-256 key.")
    return _public(key)


def verify_der(public: PublicKey, signature: bytes, message: bytes) -> None:
    """Check a signature in DER (X9.62) over the message, as most libraries make it.

    Raises SignatureInvalid.
    """
    try:
        public.key.verify(signature, message, _VERIFYING)
    except InvalidSignature as error:
        raise SignatureInvalid from error


@functools.lru_cache(maxsize=2048)
def stored_public(text: str) -> PublicKey:
    """`parse_public` for keys of our own tables, remembered: parsing costs half a verification.

    The cache is keyed by the key's own text, so it can never be stale.
    """
    return parse_public(text)


def parse_private(text: str) -> PrivateKey:
    """Read a private scalar of 64 hexadecimal digits. Raises KeyInvalid."""
    if not _SCALAR.fullmatch(text):
        raise KeyInvalid("A P-256 private key has 64 hexadecimal digits.")
    try:
        return _private(ec.derive_private_key(int(text, 16), _CURVE))
    except ValueError as error:
        raise KeyInvalid("The number is not a P-256 private key.") from error


def private_hex(private: PrivateKey) -> str:
    """The private scalar as 64 hexadecimal digits. The result is a secret."""
    return f"{private.key.private_numbers().private_value:064x}"


def private_pem(private: PrivateKey) -> str:
    """The key as PKCS #8 PEM, which openssl reads. The result is a secret."""
    return private.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def sign(private: PrivateKey, message: bytes) -> bytes:
    """Sign with SHA-256: 64 bytes `r || s`, low S, the same bytes for the same message."""
    return sign_by(private.key, message)


def sign_by(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    """The same for a key that a library holds."""
    r, s = utils.decode_dss_signature(key.sign(message, _SIGNING))
    low_s = min(s, _ORDER - s)
    return r.to_bytes(32, "big") + low_s.to_bytes(32, "big")


def verify(public: PublicKey, signature: bytes, message: bytes) -> None:
    """Check 64 bytes `r || s` over the message; high S is accepted (WebCrypto makes it).

    Raises SignatureInvalid. Signature bytes are never an identifier: S has two valid values.
    """
    if len(signature) != SIGNATURE_SIZE:
        raise SignatureInvalid
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        public.key.verify(utils.encode_dss_signature(r, s), message, _VERIFYING)
    except InvalidSignature as error:
        raise SignatureInvalid from error


def _private(key: ec.EllipticCurvePrivateKey) -> PrivateKey:
    return PrivateKey(key, _public(key.public_key()))


def _public(key: ec.EllipticCurvePublicKey) -> PublicKey:
    point = key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    return PublicKey(key, point, hashlib.sha256(point).digest())


DUMMY: Final = generate().public
"""Nobody's key: verified against where the real one is unknown, so that the time is the same."""
