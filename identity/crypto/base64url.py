"""Base64url without padding (RFC 4648 §5), read in one way only."""

import base64
import re
from typing import Final

_TEXT: Final = re.compile(r"[A-Za-z0-9_-]*")


def encode(data: bytes) -> str:
    """Write bytes without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Read what `encode` wrote.

    Raises ValueError for padding, other characters and spare bits that are not zero: there is no
    second text for the same bytes.
    """
    if not _TEXT.fullmatch(text):
        raise ValueError("the text is no base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode(data) != text:
        raise ValueError("the text is not canonical base64url")
    return data
