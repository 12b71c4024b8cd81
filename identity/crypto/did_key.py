"""`did:key`: a DID that is a public key; Ed25519, secp256k1 or P-256, and how each signs.

The key is written as multibase `z` over a multicodec prefix and the key's bytes (points are
compressed). ECDSA signatures are 64 bytes over SHA-256, as JOSE has them (RFC 7518, RFC 8812).
"""

import functools
import hashlib
from dataclasses import dataclass, field
from typing import Final

from identity.crypto import base58btc, ecdsa_p256, ed25519, secp256k1
from identity.crypto.errors import AddressInvalid, KeyInvalid

PREFIX: Final = "did:key:"
_LONGEST: Final = 80
# https://github.com/multiformats/multicodec, as unsigned varints.
_ED25519: Final = b"\xed\x01"
_SECP256K1: Final = b"\xe7\x01"
_P256: Final = b"\x80\x24"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The key of a DID, parsed once."""

    did: str
    raw: bytes
    point: ed25519.PublicKey | secp256k1.PublicKey | ecdsa_p256.PublicKey = field(repr=False)

    @property
    def kind(self) -> str:
        """`ed25519`, `secp256k1` or `p256`."""
        if isinstance(self.point, ed25519.PublicKey):
            return "ed25519"
        return "secp256k1" if isinstance(self.point, secp256k1.PublicKey) else "p256"


def of_key(point: ed25519.PublicKey | secp256k1.PublicKey | ecdsa_p256.PublicKey) -> str:
    """The DID of a key."""
    if isinstance(point, ed25519.PublicKey):
        return PREFIX + base58btc.encode_multibase(_ED25519 + point.raw)
    codec = _SECP256K1 if isinstance(point, secp256k1.PublicKey) else _P256
    return PREFIX + base58btc.encode_multibase(codec + point.point)


@functools.lru_cache(maxsize=2048)
def parse(did: str) -> PublicKey:
    """Read a DID in its one form, without a fragment. Raises AddressInvalid."""
    if not did.startswith(PREFIX) or len(did) > _LONGEST:
        raise AddressInvalid("Send a DID of the method key.")
    try:
        data = base58btc.decode_multibase(did.removeprefix(PREFIX))
        return PublicKey(did, data[2:], _point(data[:2], data[2:]))
    except (ValueError, KeyInvalid) as error:
        raise AddressInvalid("The DID holds no supported public key.") from error


def verify(public: PublicKey, signature: bytes, message: bytes) -> None:
    """Check 64 bytes over the message. Raises SignatureInvalid."""
    match public.point:
        case ed25519.PublicKey() as point:
            ed25519.verify(point, signature, message)
        case secp256k1.PublicKey() as point:
            secp256k1.verify_compact(point, signature, hashlib.sha256(message).digest())
        case ecdsa_p256.PublicKey() as point:
            ecdsa_p256.verify(point, signature, message)


def _point(
    codec: bytes, raw: bytes
) -> ed25519.PublicKey | secp256k1.PublicKey | ecdsa_p256.PublicKey:
    if codec == _ED25519:
        return ed25519.parse_foreign_public(raw)
    if codec == _SECP256K1 and len(raw) == 33:
        return secp256k1.parse_public(raw)
    if codec == _P256 and len(raw) == 33:
        return ecdsa_p256.parse_public(raw.hex())
    raise KeyInvalid
