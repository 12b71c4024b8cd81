"""Answers in bytes: JSON, bare texts, and cookies for browsers."""

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final

import orjson
from django.conf import settings

from identity.web.lane import Answer

JSON: Final = "application/json; charset=utf-8"
TEXT: Final = "text/plain; charset=utf-8"
_NEVER_STORED: Final = {"Cache-Control": "no-store", "Vary": "Cookie, Authorization"}
SIGN_IN_COOKIE: Final = "login_token"
CSRF_COOKIE: Final = "x-csrf-token"


def json(content: Any, *, status: int = 200, cookies: tuple[str, ...] = ()) -> Answer:
    """An object, a list or null."""
    return json_bytes(encoded(content), status=status, cookies=cookies)


def encoded(content: Any) -> bytes:
    """The bytes that `json` sends."""
    return orjson.dumps(content)


def json_bytes(body: bytes, *, status: int = 200, cookies: tuple[str, ...] = ()) -> Answer:
    """As `json`, of what `encoded` gave."""
    return Answer(status, body, {"Content-Type": JSON, **_NEVER_STORED}, cookies)


def text(content: str, *, status: int = 200) -> Answer:
    """A bare text, which no browser takes for anything else."""
    return Answer(status, content.encode(), {"Content-Type": TEXT, **_NEVER_STORED})


def nothing(*, status: int = 204, cookies: tuple[str, ...] = ()) -> Answer:
    """No body."""
    return Answer(status, b"", dict(_NEVER_STORED), cookies)


def sign_in_cookie(token: str, *, expires_at: datetime) -> str:
    """The cookie with the access token. Scripts of the client read it, so it is not HttpOnly."""
    return _cookie(SIGN_IN_COOKIE, token, "Lax", expires_at)


def csrf_cookie(token: str) -> str:
    """The cookie that pages of the same site alone can read and send back as a header."""
    return _cookie(CSRF_COOKIE, token, "Strict", None)


def forgotten_cookies() -> tuple[str, ...]:
    """What takes both cookies away."""
    long_ago = datetime.fromtimestamp(0, tz=UTC)
    return (
        _cookie(SIGN_IN_COOKIE, "", "Lax", long_ago),
        _cookie(CSRF_COOKIE, "", "Strict", long_ago),
    )


def _cookie(name: str, value: str, same_site: str, expires_at: datetime | None) -> str:
    until = (
        f"; Expires={format_datetime(expires_at.astimezone(UTC), usegmt=True)}"
        if expires_at
        else ""
    )
    # A strict client drops Secure cookies of plain http, which development is.
    secure = "; Secure" if settings.IS_PRODUCTION else ""
    return f"{name}={value}; Path=/{until}; SameSite={same_site}{secure}"
