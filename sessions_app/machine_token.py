"""Tokens of programs: opaque, each good for one use, and bound to one serial of a session.

Only this server reads them: 3 bytes that say for what the token is, 32 that name the token key, 16
the session, 4 the serial, and HMAC-SHA256 over these under a secret of that token key; together in
base64, in which 87 bytes have exactly one text.
"""

import base64
import binascii
import enum
import hashlib
import hmac
from dataclasses import dataclass, field
from struct import Struct
from typing import Final
from uuid import UUID

from sessions_app.errors import TokenRefused

_PARTS: Final = Struct("!3s32s16sI32s")
_LENGTH: Final = _PARTS.size * 4 // 3
MOST_SERIAL: Final = 2**31 - 1


class Use(enum.StrEnum):
    """For what a token is, which is how its text begins."""

    ACCESS = "csma"
    REFRESH = "csmr"


_MARKS: Final = {use: base64.b64decode(use) for use in Use}


@dataclass(frozen=True, slots=True)
class Unverified:
    """The parts of a token in our form; nothing of it is true yet."""

    use: Use
    kid: str
    session_id: UUID
    serial: int
    code: bytes = field(repr=False)


def make(use: Use, *, kid: str, session_id: UUID, serial: int, secret: bytes) -> str:
    """The token of a serial; the same text however often it is made."""
    code = _code(use, kid, session_id, serial, secret)
    parts = _PARTS.pack(_MARKS[use], bytes.fromhex(kid), session_id.bytes, serial, code)
    return base64.b64encode(parts).decode()


def is_one(token: str) -> bool:
    """Whether a text claims to be such a token that gives access."""
    return claimed_use(token) is Use.ACCESS


def claimed_use(token: str) -> Use | None:
    """For what a text claims to be a token of a program, None where it claims no such thing."""
    if len(token) != _LENGTH:
        return None
    return next((use for use in Use if token.startswith(use)), None)


def parse(token: str, *, expected_use: Use) -> Unverified:
    """Take a token apart. Raises TokenRefused unless it has our one form and is for this use."""
    if len(token) != _LENGTH or not token.startswith(expected_use) or not token.isascii():
        raise TokenRefused
    try:
        data = base64.b64decode(token, validate=True)
    except binascii.Error:
        raise TokenRefused from None
    if len(data) != _PARTS.size:
        raise TokenRefused
    _, kid, session, serial, code = _PARTS.unpack(data)
    return Unverified(expected_use, kid.hex(), UUID(bytes=session), serial, code)


def verify(token: Unverified, *, secret: bytes) -> None:
    """Check that this server made it. Raises TokenRefused."""
    expected_code = _code(token.use, token.kid, token.session_id, token.serial, secret)
    if not hmac.compare_digest(token.code, expected_code):
        raise TokenRefused


def _code(use: Use, kid: str, session_id: UUID, serial: int, secret: bytes) -> bytes:
    # The refresh tokens of people's sessions are made under the same secret, of other words.
    named = b"machine %s.%s.%s.%d" % (use.encode(), kid.encode(), session_id.bytes, serial)
    return hmac.digest(secret, named, hashlib.sha256)
