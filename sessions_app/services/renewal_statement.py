"""The usual renewal in one statement (on PostgreSQL): what nothing stands against is rotated.

What the statement asks is less than what `rotation` allows, never more: whoever it leaves out goes
the longer way. So it need not know networks, devices that nobody has approved yet, keys that retire
or sessions near their last day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import connection

from identity.crypto.remembered import Remembered
from identity.scoping import current, foresight
from identity.scoping.session_doors import SessionDoor
from identity.services import scope_settings, token_keys
from identity.services.scope_settings import ScopeSettings
from sessions_app.services import refresh_tokens, sessions, tokens
from sessions_app.services.refresh_tokens import Unproven
from sessions_app.services.tokens import Live

STEPS: Final = 24
"""A session's end moves on in so many steps of the time that it lives without being renewed."""
_ROTATION: Final = """
UPDATE sessions_app_session AS session SET refresh_serial = session.refresh_serial + 1,
  refreshed_at = %s, last_seen_at = %s, holder = %s,
  expires_at = CASE WHEN session.expires_at > %s AND session.expires_at <= %s
    THEN session.expires_at ELSE %s END
FROM identity_scope AS scope, accounts_user AS account, identity_serverkey AS token
WHERE session.id = %s AND session.scope_id = %s
  AND session.refresh_serial = %s AND session.status = 'active' AND session.expires_at > %s
  AND session.created_at >= %s AND session.audience = %s
  AND session.visitor = COALESCE(%s, session.visitor)
  AND scope.id = session.scope_id AND scope.status = 'active' AND scope.settings = %s
  AND account.id = session.user_id AND account.status = 'active' AND account.networks = '[]'
  AND (account.expires_at IS NULL OR account.expires_at > %s)
  AND account.public_id::text = COALESCE(%s, account.public_id::text)
  AND token.kid = %s AND token.scope_id = session.scope_id
  AND token.purpose = 'token' AND token.status = 'active'
  AND (session.device_id IS NULL OR EXISTS (
    SELECT 1 FROM accounts_device AS device
    WHERE device.id = session.device_id AND device.status = 'active'))
  AND (session.provider_id IS NULL OR EXISTS (
    SELECT 1 FROM sessions_app_provider AS provider
    WHERE provider.id = session.provider_id AND provider.status <> 'disabled'))
RETURNING session.expires_at, account.id, account.public_id,
  session.role, session.provider_name, session.wallet_os, session.data
"""
_WIDTH: Final = 7


@dataclass(frozen=True, slots=True)
class Asked:
    """A refresh token, for whom it must be, and who holds it; `visitor` None for anybody's."""

    token: Unproven
    audience: str
    visitor: str | None
    holder: str


@dataclass(frozen=True, slots=True)
class Renewed:
    """What the successor is made of, what its scope chooses, and what the session says of itself.

    The names of the latter are those of `SessionDoor`.
    """

    live: Live
    settings: ScopeSettings
    role: str
    provider_name: str
    wallet_os: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Expected:
    slug: str
    settings: str


_expected: Final = Remembered[UUID, _Expected](4096)
"""What the sessions of a scope were found with last. Where it holds no more, nothing is rotated."""


def expect(door: SessionDoor) -> None:
    """Remember what this session was found with for the next one of its scope."""
    known = _expected.get(door.scope_id)
    if known is None or known.settings != door.scope_settings:
        _expected.keep(door.scope_id, _Expected(door.scope_slug, door.scope_settings))


def run(asked: Asked, *, now: datetime) -> Renewed | None:
    """Rotate the session of the scope in force behind a refresh token, if nothing is against it.

    None where something may be, and then nothing was done. Raises TokenRefused for a token that
    the scope in force never made.
    """
    token = asked.token
    expected = _expected.get(current.required_scope())
    secret = token_keys.known_secret(token.kid)
    if expected is None or secret is None or connection.vendor != "postgresql":
        return None
    refresh_tokens.prove(
        token,
        secret=secret,
        expected_issuer=tokens.issuer(expected.slug),
        expected_audience=asked.audience,
        now=now,
    )
    chosen = scope_settings.of(expected.settings)
    values = _values(asked, expected, timedelta(days=chosen.session_days), now)
    rows = foresight.change(_ROTATION, values, width=_WIDTH)
    if not rows:
        return None
    expires_at, user_id, public_id, role, provider_name, wallet_os, data = rows[0]
    live = Live(
        session_id=token.session_id,
        scope_slug=expected.slug,
        user_id=user_id,
        public_id=public_id,
        audience=asked.audience,
        serial=token.serial + 1,
        refreshed_at=now,
        expires_at=expires_at,
    )
    return Renewed(live, chosen, role, provider_name, wallet_os, orjson.loads(data))


def _values(asked: Asked, expected: _Expected, lasts: timedelta, now: datetime) -> list[Any]:
    token, wanted = asked.token, now + lasts
    return [
        *(now, now, asked.holder, wanted - lasts / STEPS, wanted, wanted),
        *(token.session_id, current.required_scope(), token.serial, now),
        *(wanted - sessions.MOST_LIFE, asked.audience, asked.visitor, expected.settings),
        *(now, token.claims.get("sub"), token.kid),
    ]
