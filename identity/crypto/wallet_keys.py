"""Keys of wallets: three kinds, told apart by their size, and how each kind signs.

A public key is 32 bytes (Ed25519), 65 (secp256k1: 04 and both coordinates) or 64 (Ethereum: the
same point without 04). A compressed point would have another address, so none is accepted.
"""

import base64
import binascii
import functools
import hashlib
import re
from dataclasses import dataclass, field
from typing import Final

from identity.crypto import base58btc, did_address, ed25519, keccak, secp256k1
from identity.crypto.did_address import Address, HashKind, KeyKind, Role
from identity.crypto.errors import AddressInvalid, KeyInvalid

_HEX: Final = re.compile(r"0x((?:[0-9a-fA-F]{2}){32,65})")
_KINDS: Final = {32: KeyKind.ED25519, 65: KeyKind.SECP256K1, 64: KeyKind.ETHEREUM}


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A wallet's public key, parsed once."""

    kind: KeyKind
    raw: bytes
    point: ed25519.PublicKey | secp256k1.PublicKey = field(repr=False)

    @property
    def base58(self) -> str:
        """The key as wallets send it: `z` and Base58."""
        return base58btc.encode_multibase(self.raw)

    @property
    def hex(self) -> str:
        """The key as `0x` and lower-case hexadecimal digits."""
        return "0x" + self.raw.hex()

    def address(self, role: Role = Role.ACCOUNT, hash_kind: HashKind = HashKind.SHA3) -> str:
        """The bare address of this key in a role."""
        return did_address.address_of(self.raw, self.kind, role, hash_kind)


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A wallet's private key: of an application of ours, of the client kit and of tests."""

    secret: ed25519.PrivateKey | secp256k1.PrivateKey = field(repr=False)
    public: PublicKey


def parse_public(text: str) -> PublicKey:
    """Read `0x` and hexadecimal digits, or `z` and Base58.

    Raises KeyInvalid; also for bare hexadecimal digits and Base64, which could be read two ways.
    """
    found = _HEX.fullmatch(text)
    try:
        raw = bytes.fromhex(found[1]) if found else base58btc.decode_multibase(text)
    except ValueError:
        raise KeyInvalid("Send the public key as z and Base58, or as 0x and hex.") from None
    return public_of(raw)


def parse_public_base64(text: str) -> PublicKey:
    """Read Base64, which applications' servers may send. Raises KeyInvalid."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise KeyInvalid("The public key is not Base64.") from None
    if base64.b64encode(raw).decode() != text:
        raise KeyInvalid("The public key is not canonical Base64.")
    return public_of(raw)


@functools.lru_cache(maxsize=2048)
def public_of(raw: bytes) -> PublicKey:
    """The key of 32, 64 or 65 bytes, remembered by its own bytes. Raises KeyInvalid."""
    kind = _KINDS.get(len(raw))
    if kind is None:
        raise KeyInvalid("A wallet's public key has 32, 64 or 65 bytes.")
    if kind is KeyKind.ED25519:
        return PublicKey(kind, raw, ed25519.parse_foreign_public(raw))
    point = raw if kind is KeyKind.SECP256K1 else b"\x04" + raw
    return PublicKey(kind, raw, secp256k1.parse_public(point))


def private_of(kind: KeyKind, secret: bytes) -> PrivateKey:
    """The private key of 32 bytes: Ed25519's seed, or a scalar. Raises KeyInvalid."""
    if kind is KeyKind.ED25519:
        edwards = ed25519.parse_private(secret)
        return PrivateKey(edwards, public_of(edwards.public.raw))
    if kind is KeyKind.PASSKEY:
        raise KeyInvalid("Nobody has a passkey's private key.")
    scalar = secp256k1.parse_private(secret)
    point = scalar.public.uncompressed
    return PrivateKey(scalar, public_of(point if kind is KeyKind.SECP256K1 else point[1:]))


def sign(private: PrivateKey, message: bytes) -> bytes:
    """Sign bytes as they are with Ed25519, or a digest of 32 bytes with ECDSA (DER)."""
    if isinstance(private.secret, ed25519.PrivateKey):
        return ed25519.sign(private.secret, message)
    return secp256k1.sign_der(private.secret, message)


def verify(public: PublicKey, signature: bytes, message: bytes) -> None:
    """Check what `sign` made. Raises SignatureInvalid."""
    if isinstance(public.point, ed25519.PublicKey):
        ed25519.verify(public.point, signature, message)
    else:
        secp256k1.verify_der(public.point, signature, message)


def sign_hashed(private: PrivateKey, message: bytes) -> bytes:
    """Sign a message by its hash: SHA3-256, or Keccak-256 for keys of Ethereum."""
    return sign(private, message_digest(private.public.kind, message))


def verify_hashed(public: PublicKey, signature: bytes, message: bytes) -> None:
    """Check what `sign_hashed` made. Raises SignatureInvalid."""
    verify(public, signature, message_digest(public.kind, message))


def message_digest(kind: KeyKind, message: bytes) -> bytes:
    """The 32 bytes that `sign_hashed` signs."""
    if kind is KeyKind.ETHEREUM:
        return keccak.digest(message)
    return hashlib.sha3_256(message).digest()


def verify_owner(address: Address, public: PublicKey) -> None:
    """Check that the address is this key's. Raises AddressInvalid."""
    if not did_address.is_from_public_key(address, public.raw, public.kind):
        raise AddressInvalid("The DID does not belong to the public key.")
