"""Renewing a session: its refresh token is spent by one statement, and a successor takes its place.

Of any number of parallel calls one spends it.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction

from identity.scoping import current, statements
from identity.scoping.session_doors import SessionDoor
from sessions_app import jwt
from sessions_app.errors import TokenRefused
from sessions_app.models import Session
from sessions_app.services import ending, sessions, tokens
from sessions_app.services.sessions import Origin
from sessions_app.services.tokens import Live

RETRY: Final = timedelta(seconds=10)
"""How long a lost answer to a renewal can be asked for again, by whoever held the token."""
_ROTATION: Final = """
UPDATE sessions_app_session SET refresh_serial = refresh_serial + 1, refreshed_at = %s,
  holder = %s, last_seen_at = %s, expires_at = %s
WHERE id = %s AND refresh_serial = %s AND status = 'active'
"""


def refresh(
    token: str, *, audience: str, lasts: timedelta, origin: Origin, now: datetime
) -> tuple[Live, SessionDoor]:
    """Spend a refresh token: what its successor is made of, and the session as it was found.

    One conditional statement rotates, so of any number of parallel calls one does. The same token
    from the same holder within ten seconds gives the same successor, for an answer that was lost;
    a spent token in any other hand, or later, ends the session and leaves an alarm (RFC 9700
    §4.14). Not to be called in a transaction. Raises TokenRefused.
    """
    found = tokens.read(token, expected_use=jwt.REFRESH, expected_audience=audience, now=now)
    return renew(found, lasts=lasts, origin=origin, now=now)


def renew(
    found: tokens.Read, *, lasts: timedelta, origin: Origin, now: datetime
) -> tuple[Live, SessionDoor]:
    """As `refresh`, for a refresh token that was read just now."""
    door, serial = found.door, found.claims.get("ser")
    sessions.require_usable(door, address=origin.address, now=now)
    if not isinstance(serial, int) or serial > door.refresh_serial:
        raise TokenRefused
    with current.in_scope(door.scope_id):
        latest = door.created_at + sessions.MOST_LIFE
        expires_at = next_end(door, lasts=lasts, latest=latest, now=now)
        if serial == door.refresh_serial and rotate(door, origin.holder, expires_at, now):
            return _after(door, serial + 1, now, expires_at), door
        return _again(door, serial, origin.holder, now=now), door


def _again(door: SessionDoor, serial: int, holder: str, *, now: datetime) -> Live:
    """What became of a token that is spent: given again, or an alarm."""
    session = Session.objects.filter(id=door.session_id).select_related("user").first()
    if session is None or session.status != Session.Status.ACTIVE:
        raise TokenRefused
    is_lost_answer = (
        serial == session.refresh_serial - 1
        and session.holder == holder
        and now - session.refreshed_at <= RETRY
    )
    if is_lost_answer:
        return _after(door, session.refresh_serial, session.refreshed_at, session.expires_at)
    by = sessions.bearer(session, session.user)
    with transaction.atomic():
        ending.stolen(session, serial, by=by, now=now)
    raise TokenRefused


def _after(door: SessionDoor, serial: int, refreshed_at: datetime, expires_at: datetime) -> Live:
    return Live(
        session_id=door.session_id,
        scope_slug=door.scope_slug,
        user_id=door.user_id,
        public_id=door.user_public_id,
        audience=door.audience,
        serial=serial,
        refreshed_at=refreshed_at,
        expires_at=expires_at,
    )


def next_end(door: SessionDoor, *, lasts: timedelta, latest: datetime, now: datetime) -> datetime:
    """When the session ends unless it is renewed again.

    It moves on in steps of a 24th of that time: between them a renewal changes nothing that an
    index knows, which is half of what it costs the database.
    """
    wanted = min(now + lasts, latest)
    is_near = timedelta() <= wanted - door.expires_at < lasts / 24
    return door.expires_at if is_near else wanted


def rotate(door: SessionDoor, holder: str, expires_at: datetime, now: datetime) -> bool:
    """Count the serial up, if it is still that of the door; whether it was."""
    values: list[Any] = [now, holder, now, expires_at, door.session_id, door.refresh_serial]
    if connection.vendor != "postgresql":
        adapted = connection.ops.adapt_datetimefield_value
        values = [adapted(value) if isinstance(value, datetime) else value for value in values]
        values[4] = door.session_id.hex
    return statements.count(_ROTATION, values) == 1
