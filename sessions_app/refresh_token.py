"""Refresh tokens of our own API and of applications: opaque, and bound to one serial of a session.

Only this server reads them, so they carry no claims and no signature: 32 bytes that name the token
key, 16 the session, 4 the serial, and HMAC-SHA256 over these under a secret of that token key. A
face whose clients look into their refresh tokens has JSON Web Tokens in their place (`jwt`).
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from struct import Struct
from typing import Final
from uuid import UUID

from sessions_app.errors import TokenRefused

PREFIX: Final = "csr_"
_PARTS: Final = Struct("!32s16sI32s")
_LENGTH: Final = len(PREFIX) + _PARTS.size * 4 // 3
MOST_SERIAL: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Unverified:
    """The parts of a token in our form; nothing of it is true yet."""

    kid: str
    session_id: UUID
    serial: int
    code: bytes = field(repr=False)


def make(*, kid: str, session_id: UUID, serial: int, secret: bytes) -> str:
    """The token of a serial; the same text however often it is made."""
    code = _code(kid, session_id, serial, secret)
    parts = _PARTS.pack(bytes.fromhex(kid), session_id.bytes, serial, code)
    return PREFIX + base64.urlsafe_b64encode(parts).decode()


def is_one(token: str) -> bool:
    """Whether a text claims to be such a token."""
    return token.startswith(PREFIX)


def parse(token: str) -> Unverified:
    """Take a token apart. Raises TokenRefused unless it has our one form."""
    if len(token) != _LENGTH or not token.startswith(PREFIX) or not token.isascii():
        raise TokenRefused
    text = token[len(PREFIX) :].encode()
    try:
        data = base64.b64decode(text, altchars=b"-_", validate=True)
    except binascii.Error:
        raise TokenRefused from None
    # The decoder takes the signs of the usual alphabet, too.
    if len(data) != _PARTS.size or base64.urlsafe_b64encode(data) != text:
        raise TokenRefused
    kid, session, serial, code = _PARTS.unpack(data)
    return Unverified(kid.hex(), UUID(bytes=session), serial, code)


def verify(token: Unverified, *, secret: bytes) -> None:
    """Check that this server made it. Raises TokenRefused."""
    expected_code = _code(token.kid, token.session_id, token.serial, secret)
    if not hmac.compare_digest(token.code, expected_code):
        raise TokenRefused


def _code(kid: str, session_id: UUID, serial: int, secret: bytes) -> bytes:
    named = b"%s.%s.%d" % (kid.encode(), session_id.bytes, serial)
    return hmac.digest(secret, named, hashlib.sha256)
