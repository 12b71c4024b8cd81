"""Addresses of Ethereum: the last 20 bytes of a key's Keccak-256, in EIP-55's capitals."""

import re
from typing import Final

from identity.crypto import keccak
from identity.crypto.errors import AddressInvalid

KEY_SIZE: Final = 64
_HEX: Final = re.compile(r"(?:0x)?([0-9a-fA-F]{40})")


def of_key(coordinates: bytes) -> str:
    """The address of a public key: both coordinates, 64 bytes without 04."""
    if len(coordinates) != KEY_SIZE:
        raise ValueError("a key of Ethereum has 64 bytes")
    return _checksummed(keccak.digest(coordinates)[-20:].hex())


def normalise(text: str) -> str:
    """Write an address in EIP-55's capitals.

    Lower case, upper case and right capitals pass, with or without 0x. Raises AddressInvalid for
    anything else: wrong capitals are a mistyped address.
    """
    found = _HEX.fullmatch(text)
    if not found:
        raise AddressInvalid("An address of Ethereum has 40 hexadecimal digits.")
    digits = found[1]
    address = _checksummed(digits.lower())
    if digits in (digits.lower(), digits.upper(), address[2:]):
        return address
    raise AddressInvalid("The capitals of the address are not EIP-55's.")


def is_checksummed(text: str) -> bool:
    """Whether the text is an address in its one canonical form."""
    found = _HEX.fullmatch(text)
    return found is not None and text == _checksummed(found[1].lower())


def _checksummed(digits: str) -> str:
    # EIP-55: a letter is a capital where the digit of the hash in its place is 8 or more.
    hashed = keccak.digest(digits.encode()).hex()
    return "0x" + "".join(
        letter.upper() if int(mark, 16) >= 8 else letter
        for letter, mark in zip(digits, hashed, strict=False)
    )
