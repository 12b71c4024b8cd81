"""Keys of members of contexts: secp256k1, in Base58Check, and their signatures of 65 bytes.

A public key is the Base58Check text of its compressed point (SEC 1 §2.3.3), without a version; a
private key the usual wallet import format. A signature is `27 + recovery id`, `r`, `s` over the
SHA-256 of the message. Devices do not lower S, so both of the two signatures that mathematics
allows are good: nothing may take one for a name of what was signed.
"""

import functools
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Final

import coincurve

from identity.crypto import base58btc, secp256k1
from identity.crypto.errors import KeyInvalid, SignatureInvalid

SIGNATURE_SIZE: Final = 65
LONGEST_TEXT: Final = 64
"""Characters of a public key or a private one that are read."""
_POINT_SIZE: Final = 33
_COMPRESSED: Final = (2, 3)
_CHECKSUM_SIZE: Final = 4
_WIF_VERSION: Final = b"\x80"
_IS_COMPRESSED: Final = b"\x01"
_HEADERS: Final = range(27, 31)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A member's public key, parsed once; `text` is its only spelling."""

    text: str
    point: bytes
    """33 bytes: 02 or 03, and the coordinate x."""


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A member's private key, parsed once, with its public half."""

    key: secp256k1.PrivateKey = field(repr=False)
    public: PublicKey

    @property
    def wif(self) -> str:
        """The key in the wallet import format, marked as one of a compressed point."""
        return _checked_text(_WIF_VERSION + self.key.key.secret + _IS_COMPRESSED)


def generate() -> PrivateKey:
    """A new random key."""
    return _private(secp256k1.generate())


@functools.lru_cache(maxsize=2048)
def parse_public(text: str) -> PublicKey:
    """Read a public key. Raises KeyInvalid.

    That is every text but the Base58Check of 33 bytes that begin with 02 or 03 and are a point on
    the curve, so that a key has one spelling.
    """
    point = _checked_bytes(text)
    if len(point) != _POINT_SIZE or point[0] not in _COMPRESSED:
        raise KeyInvalid("A user's public key is the Base58Check of a compressed point.")
    secp256k1.parse_public(point)
    return PublicKey(text, point)


def parse_wif(text: str) -> PrivateKey:
    """Read a private key in the wallet import format of compressed points. Raises KeyInvalid."""
    content = _checked_bytes(text)
    if len(content) != 34 or content[:1] != _WIF_VERSION or content[-1:] != _IS_COMPRESSED:
        raise KeyInvalid("This is no private key in the wallet import format.")
    return parse_private(content[1:-1])


def parse_private(scalar: bytes) -> PrivateKey:
    """Read a scalar of 32 bytes. Raises KeyInvalid."""
    return _private(secp256k1.parse_private(scalar))


def sign(private: PrivateKey, message: bytes) -> bytes:
    """Sign a message: 65 bytes, low S, the same for the same message (RFC 6979)."""
    made = secp256k1.sign_recoverable(private.key, _digest(message))
    return made[-1:] + made[:-1]


def verify(public: PublicKey, message: bytes, signature: bytes) -> None:
    """Check a signature of 65 bytes over a message.

    The key that it recovers must be the expected one (SEC 1 §4.1.6), which is so for the signatures
    that the key made and no others. Raises SignatureInvalid.
    """
    if len(signature) != SIGNATURE_SIZE or signature[0] not in _HEADERS:
        raise SignatureInvalid
    turned = signature[1:] + bytes([signature[0] - _HEADERS.start])
    try:
        found = coincurve.PublicKey.from_signature_and_message(
            turned, _digest(message), hasher=None
        )
    except ValueError as error:
        raise SignatureInvalid from error
    if found.format(compressed=True) != public.point:
        raise SignatureInvalid


def _private(key: secp256k1.PrivateKey) -> PrivateKey:
    point = key.public.point
    return PrivateKey(key, PublicKey(_checked_text(point), point))


def _digest(message: bytes) -> bytes:
    return hashlib.sha256(message).digest()


def _checked_text(content: bytes) -> str:
    return base58btc.encode(content + _checksum(content))


def _checked_bytes(text: str) -> bytes:
    if len(text) > LONGEST_TEXT:
        raise KeyInvalid("This text is too long for a user's key.")
    try:
        decoded = base58btc.decode(text)
    except ValueError as error:
        raise KeyInvalid("This text is not Base58.") from error
    content, checksum = decoded[:-_CHECKSUM_SIZE], decoded[-_CHECKSUM_SIZE:]
    if not hmac.compare_digest(checksum, _checksum(content)):
        raise KeyInvalid("The check sum of this key is wrong.")
    return content


def _checksum(content: bytes) -> bytes:
    once = hashlib.sha256(content).digest()
    return hashlib.sha256(once).digest()[:_CHECKSUM_SIZE]
