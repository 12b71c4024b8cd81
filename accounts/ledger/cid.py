"""Names of content made of the content: CIDv1 in base32.

CIDv1, https://github.com/multiformats/cid: version 1, codec raw (0x55), multihash SHA-256 (0x12)
of 32 bytes, in multibase `b` (RFC 4648 base32, lower case, without padding).
"""

import base64
import hashlib
import re
from typing import Final

_PREFIX: Final = bytes((0x01, 0x55, 0x12, 0x20))
# 36 bytes are 58 characters; the last one carries three bits.
_FORM: Final = re.compile(r"b[a-z2-7]{58}")


def of(content: bytes) -> str:
    """The name of this content: 59 characters that begin with `bafkrei`."""
    raw = _PREFIX + hashlib.sha256(content).digest()
    return "b" + base64.b32encode(raw).decode().rstrip("=").lower()


def is_one(text: str) -> bool:
    """Whether a text has the form of such a name."""
    return _FORM.fullmatch(text) is not None and text.startswith("bafkrei")
