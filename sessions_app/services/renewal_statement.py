"""The usual renewal, a look-up and a rotation, in one statement (on PostgreSQL).

What the statement asks is less than what `rotation` allows, never more: whoever it leaves out goes
the longer way with the session that it found. So it need not know networks, devices that nobody
has approved yet, keys that retire or sessions near their last day.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection

from identity.crypto.remembered import Remembered
from identity.scoping import current, session_doors
from identity.scoping.lookups import Change
from identity.scoping.session_doors import SessionDoor
from identity.services import scope_settings, token_keys
from sessions_app.services import refresh_tokens, sessions, tokens
from sessions_app.services.refresh_tokens import Unproven

STEPS: Final = 24
"""A session's end moves on in so many steps of the time that it lives without being renewed."""
_ROTATION: Final = """
UPDATE sessions_app_session AS session SET refresh_serial = session.refresh_serial + 1,
  refreshed_at = %s, last_seen_at = %s, holder = %s,
  expires_at = CASE WHEN session.expires_at > %s AND session.expires_at <= %s
    THEN session.expires_at ELSE %s END
FROM door
WHERE session.id = %s AND session.scope_id = %s
  AND session.refresh_serial = %s AND session.status = 'active' AND session.expires_at > %s
  AND session.created_at >= %s AND session.audience = %s
  AND session.visitor = COALESCE(%s, session.visitor)
  AND door.answer_scope_status = 'active' AND door.answer_scope_settings = %s
  AND door.answer_user_status = 'active'
  AND door.answer_user_public_id::text = COALESCE(%s, door.answer_user_public_id::text)
  AND (door.answer_user_expires_at IS NULL OR door.answer_user_expires_at > %s)
  AND door.answer_networks = '[]'
  AND (door.answer_device_id IS NULL OR door.answer_device_status = 'active')
  AND door.answer_provider_status IS DISTINCT FROM 'disabled'
  AND door.answer_key_status = 'active'
RETURNING session.expires_at
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A refresh token, for whom it must be, and who holds it; `visitor` None for anybody's."""

    token: Unproven
    audience: str
    visitor: str | None
    holder: str


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


def run(asked: Asked, *, now: datetime) -> tuple[SessionDoor | None, datetime | None]:
    """The session behind a refresh token, and when it ends if it was rotated.

    The session is the one of before. Nothing is rotated for a token that is not proven. None for a
    session that there is not. Raises TokenRefused for a token that the scope in force never made.
    """
    token = asked.token
    expected = _expected.get(current.required_scope())
    secret = token_keys.known_secret(token.kid)
    if expected is None or secret is None or connection.vendor != "postgresql":
        return session_doors.session(token.session_id, token.kid), None
    refresh_tokens.prove(
        token,
        secret=secret,
        expected_issuer=tokens.issuer(expected.slug),
        expected_audience=asked.audience,
        now=now,
    )
    change = Change(_ROTATION, _values(asked, expected, now), width=1)
    door, changed = session_doors.changed(token.session_id, token.kid, change)
    return door, None if changed is None else changed[0]


def _values(asked: Asked, expected: _Expected, now: datetime) -> list[Any]:
    lasts = timedelta(days=scope_settings.of(expected.settings).session_days)
    wanted = now + lasts
    return [
        *(now, now, asked.holder, wanted - lasts / STEPS, wanted, wanted),
        *(asked.token.session_id, current.required_scope(), asked.token.serial, now),
        *(wanted - sessions.MOST_LIFE, asked.audience, asked.visitor, expected.settings),
        *(asked.token.claims.get("sub"), now),
    ]
