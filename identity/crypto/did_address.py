"""DIDs that are computed from public keys: `did:abt:` with 26 bytes in Base58, or Ethereum's form.

The 26 bytes are a type word (role of 6 bits, kind of key of 5, hash of 5), 20 bytes of the key's
hash and 4 of checksum. An address therefore tells which kind of key it belongs to.
"""

import enum
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from identity.crypto import base58btc, ethereum_address, keccak
from identity.crypto.errors import AddressInvalid

PREFIX: Final = "did:abt:"
_SIZE: Final = 26
_HASHED: Final = 20
_LONGEST: Final = 80
# The method's name says nothing about the address: readers of this family pass over any.
_METHOD: Final = re.compile(r"did:[a-z0-9]+:")


class KeyKind(enum.IntEnum):
    """What kind of key an address belongs to."""

    ED25519 = 0
    SECP256K1 = 1
    ETHEREUM = 2
    PASSKEY = 3


class HashKind(enum.IntEnum):
    """By which hash an address was computed."""

    KECCAK = 0
    SHA3 = 1
    KECCAK_384 = 2
    SHA3_384 = 3
    KECCAK_512 = 4
    SHA3_512 = 5
    SHA2 = 6


class Role(enum.IntEnum):
    """What an address stands for."""

    ACCOUNT = 0
    NODE = 1
    DEVICE = 2
    APPLICATION = 3
    SMART_CONTRACT = 4
    BOT = 5
    ASSET = 6
    STAKE = 7
    VALIDATOR = 8
    GROUP = 9
    TRANSACTION = 10
    TETHER = 11
    SWAP = 12
    DELEGATION = 13
    CREDENTIAL = 14
    COMPONENT = 15
    STORE = 16
    TOKEN = 17
    FACTORY = 18
    ROLLUP = 19
    STORAGE = 20
    PROFILE = 21
    PASSKEY = 22
    TOKEN_FACTORY = 23
    PROVIDER = 24
    ANY = 63


_ALWAYS_SHA2: Final = frozenset({Role.NODE, Role.VALIDATOR, Role.TETHER, Role.SWAP})
_HASHES: Final[dict[HashKind, Callable[[bytes], bytes]]] = {
    HashKind.KECCAK: keccak.digest,
    HashKind.SHA3: lambda data: hashlib.sha3_256(data).digest(),
    HashKind.KECCAK_384: lambda data: keccak.digest(data, 384),
    HashKind.SHA3_384: lambda data: hashlib.sha3_384(data).digest(),
    HashKind.KECCAK_512: lambda data: keccak.digest(data, 512),
    HashKind.SHA3_512: lambda data: hashlib.sha3_512(data).digest(),
    HashKind.SHA2: lambda data: hashlib.sha256(data).digest(),
}


@dataclass(frozen=True, slots=True)
class Address:
    """A valid address in its canonical form, without `did:abt:`, and what it tells of itself."""

    text: str
    role: Role
    key_kind: KeyKind
    hash_kind: HashKind

    @property
    def did(self) -> str:
        """The address as a DID."""
        return PREFIX + self.text


def address_of(
    public_key: bytes,
    kind: KeyKind,
    role: Role = Role.ACCOUNT,
    hash_kind: HashKind = HashKind.SHA3,
) -> str:
    """The address of a public key in the bytes that its kind has (`wallet_keys`).

    Keys of Ethereum have an account's address in Ethereum's own form, whatever is asked for.
    """
    if kind is KeyKind.ETHEREUM:
        return ethereum_address.of_key(public_key)
    if role in _ALWAYS_SHA2:
        hash_kind = HashKind.SHA2
    hashed = _HASHES[hash_kind](public_key)[:_HASHED]
    return _encode(role, kind, hash_kind, hashed)


def address_of_digest(digest: bytes, role: Role) -> str:
    """The address of what has no key: a credential by the SHA3-256 of what it says."""
    return _encode(role, KeyKind.ED25519, HashKind.SHA3, digest[:_HASHED])


def parse(text: str) -> Address:
    """Read a DID or a bare address. Raises AddressInvalid.

    Any method's name is passed over; Ethereum's addresses may be in lower or upper case and
    without 0x, and come back in EIP-55's capitals. White space is refused.
    """
    if len(text) > _LONGEST:
        raise AddressInvalid
    bare = text[found.end() :] if (found := _METHOD.match(text)) else text
    if not bare.startswith("z"):
        canonical = ethereum_address.normalise(bare)
        return Address(canonical, Role.ACCOUNT, KeyKind.ETHEREUM, HashKind.KECCAK)
    try:
        data = base58btc.decode_multibase(bare)
        word = int.from_bytes(data[:2], "big")
        role, kind, hash_kind = Role(word >> 10), KeyKind(word >> 5 & 31), HashKind(word & 31)
    except ValueError as error:
        raise AddressInvalid from error
    if len(data) != _SIZE or data[-4:] != _HASHES[hash_kind](data[:-4])[:4]:
        raise AddressInvalid("The checksum of the address is wrong.")
    return Address(bare, role, kind, hash_kind)


def normalise(text: str) -> str:
    """The canonical bare address of a DID or address. Raises AddressInvalid."""
    return parse(text).text


def is_valid(text: str) -> bool:
    """Whether `parse` reads the text."""
    try:
        parse(text)
    except AddressInvalid:
        return False
    return True


def is_from_public_key(address: Address, public_key: bytes, kind: KeyKind) -> bool:
    """Whether the address was computed from this key, of this kind."""
    if kind is not address.key_kind:
        return False
    computed = address_of(public_key, kind, address.role, address.hash_kind)
    return hmac.compare_digest(computed.encode(), address.text.encode())


def _encode(role: Role, kind: KeyKind, hash_kind: HashKind, hashed: bytes) -> str:
    word = role << 10 | kind << 5 | hash_kind
    body = word.to_bytes(2, "big") + hashed
    return base58btc.encode_multibase(body + _HASHES[hash_kind](body)[:4])
