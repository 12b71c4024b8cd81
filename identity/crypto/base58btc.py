"""Base58 with Bitcoin's alphabet, read in one way only and never without a bound."""

import re
from typing import Final

import base58

LONGEST: Final = 256
"""Characters that are read: decoding takes the square of the length."""
_TEXT: Final = re.compile(rf"[1-9A-HJ-NP-Za-km-z]{{0,{LONGEST}}}")


def encode(data: bytes) -> str:
    """Write bytes; each leading zero byte is a `1`."""
    return base58.b58encode(data).decode()


def decode(text: str) -> bytes:
    """Read what `encode` wrote. Raises ValueError, also for white space and for long texts."""
    if not _TEXT.fullmatch(text):
        raise ValueError("the text is no Base58")
    return base58.b58decode(text)


def encode_multibase(data: bytes) -> str:
    """The same with the prefix `z`, by which multibase names the alphabet."""
    return "z" + encode(data)


def decode_multibase(text: str) -> bytes:
    """Read `z` and Base58. Raises ValueError."""
    if not text.startswith("z"):
        raise ValueError("the text does not begin with z")
    return decode(text[1:])
