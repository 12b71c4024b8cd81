"""Refresh tokens in either form, taken apart and proven: opaque, or a JSON Web Token of a face."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sessions_app import jwt, refresh_token
from sessions_app.errors import TokenRefused


@dataclass(frozen=True, slots=True)
class Unproven:
    """What a refresh token says of itself; nothing of it is true yet."""

    kid: str
    session_id: UUID
    serial: int
    form: refresh_token.Unverified | jwt.Unverified

    @property
    def claims(self) -> dict[str, Any]:
        """What it says besides its session; an opaque one says nothing."""
        return self.form.claims if isinstance(self.form, jwt.Unverified) else {}


def parse(token: str) -> Unproven:
    """Take a token apart. Raises TokenRefused unless it has one of our two forms."""
    if refresh_token.is_one(token):
        opaque = refresh_token.parse(token)
        return Unproven(opaque.kid, opaque.session_id, opaque.serial, opaque)
    telling = jwt.parse(token, expected_use=jwt.REFRESH)
    serial = telling.claims.get("ser")
    if not isinstance(serial, int):
        raise TokenRefused
    return Unproven(telling.kid, telling.session_id, serial, telling)


def prove(
    token: Unproven,
    *,
    secret: bytes,
    expected_issuer: str,
    expected_audience: str,
    now: datetime,
) -> None:
    """Require that whoever has the secret made it, and what a telling one says of itself.

    `secret` is that of the token key that it names. Whether key and session may still be used, and
    for whom the session is, is the caller's question. Raises TokenRefused.
    """
    if isinstance(token.form, refresh_token.Unverified):
        refresh_token.verify(token.form, secret=secret)
        return
    if not isinstance(token.form.claims.get("sub"), str):
        raise TokenRefused
    jwt.verify_code(
        token.form,
        secret=secret,
        expected_issuer=expected_issuer,
        expected_audience=expected_audience,
        now=now,
    )
