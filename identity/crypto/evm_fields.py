"""What stands in Ethereum's JSON: numbers, bytes and addresses, read strictly."""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from identity.crypto import ethereum_address
from identity.crypto.errors import AddressInvalid
from identity.errors import Invalid

MOST_BYTES: Final = 64 * 1024
"""The longest message and the longest call data."""
MOST_WORD: Final = 2**256 - 1
_NUMBER: Final = re.compile(r"0[xX]([0-9a-fA-F]{1,64})|([0-9]{1,78})", re.ASCII)
_BYTES: Final = re.compile(r"0[xX]((?:[0-9a-fA-F]{2})*)", re.ASCII)


def number(value: object, name: str, *, most: int = MOST_WORD) -> int:
    """A whole number from 0 to `most`: `0x` and digits, decimal digits, or a JSON integer.

    Raises `identity.errors.Invalid`.
    """
    found: int | None = None
    if isinstance(value, int) and not isinstance(value, bool):
        found = value
    elif isinstance(value, str) and (matched := _NUMBER.fullmatch(value)):
        found = int(matched[1], 16) if matched[1] else int(matched[2])
    if found is None or not 0 <= found <= most:
        raise Invalid(f"{name} is no whole number, or too large.")
    return found


def octets(value: object, name: str, *, most: int = MOST_BYTES) -> bytes:
    """Bytes as `0x` and an even number of hexadecimal digits. Raises `identity.errors.Invalid`."""
    if not isinstance(value, str) or len(value) > 2 + 2 * most:
        raise Invalid(f"{name} is no hexadecimal text, or has more than {most} bytes.")
    matched = _BYTES.fullmatch(value)
    if not matched:
        raise Invalid(f"{name} is 0x and an even number of hexadecimal digits.")
    return bytes.fromhex(matched[1])


def address(value: object, name: str) -> str:
    """An address with `0x` in lower case; capitals that are there must be EIP-55's.

    Raises `identity.errors.Invalid`.
    """
    if not isinstance(value, str) or not value.startswith(("0x", "0X")):
        raise Invalid(f"{name} is an address: 0x and 40 hexadecimal digits.")
    try:
        return ethereum_address.normalise("0x" + value[2:]).lower()
    except AddressInvalid as wrong:
        raise Invalid(f"{name}: {wrong.detail}") from None


def known(given: Mapping[str, Any], names: Collection[str], what: str) -> dict[str, Any]:
    """The fields that have a value. Raises `identity.errors.Invalid` for any other name."""
    unknown = sorted(str(name) for name in given if name not in names)
    if unknown:
        raise Invalid(f"{what} with {unknown[0][:32]!r} is not signed here.")
    return {name: value for name, value in given.items() if value is not None}
