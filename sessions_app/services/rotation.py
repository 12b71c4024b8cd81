"""Renewing a session: its refresh token is spent by one statement, and a successor takes its place.

Of any number of parallel calls one spends it.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction

from identity.scoping import current, session_doors, statements
from identity.scoping.session_doors import SessionDoor
from identity.services import audit, scope_settings
from sessions_app.errors import TokenRefused
from sessions_app.models import Session
from sessions_app.services import ending, refresh_tokens, renewal_statement, sessions, tokens
from sessions_app.services.renewal_statement import Renewed
from sessions_app.services.sessions import Origin
from sessions_app.services.tokens import Live

RETRY: Final = timedelta(seconds=10)
"""How long a lost answer to a renewal can be asked for again, by whoever held the token."""
_ROTATION: Final = """
UPDATE sessions_app_session SET refresh_serial = refresh_serial + 1, refreshed_at = %s,
  holder = %s, last_seen_at = %s, expires_at = %s
WHERE id = %s AND refresh_serial = %s AND status = 'active' AND expires_at > %s AND audience = %s
"""


def redeem(
    token: str, *, audience: str, origin: Origin, now: datetime, visitor: str | None = None
) -> Renewed:
    """Spend a refresh token of the scope in force; the session lives on for as long as that says.

    One conditional statement rotates, so of any number of parallel calls one does. The same token
    from the same holder within ten seconds gives the same successor, for an answer that was lost;
    a spent token in any other hand, or later, ends the session and leaves an alarm (RFC 9700
    §4.14). A token for another audience, or of a session with another label than `visitor` where
    that is given, spends nothing. Not to be called in a transaction. Raises TokenRefused.
    """
    unproven = refresh_tokens.parse(token)
    asked = renewal_statement.Asked(unproven, audience, visitor, origin.holder)
    renewed = renewal_statement.run(asked, now=now)
    if renewed is not None:
        return renewed
    door = session_doors.session(unproven.session_id, unproven.kid)
    found = tokens.renewable(unproven, door, now=now)
    door = found.door
    is_here = door.scope_id == current.required_scope() and door.audience == audience
    if not is_here or (visitor is not None and visitor != door.visitor):
        raise TokenRefused
    chosen = scope_settings.of(door.scope_settings)
    live, _ = renew(found, lasts=timedelta(days=chosen.session_days), origin=origin, now=now)
    renewal_statement.expect(door)
    return Renewed(live, chosen, door.role, door.provider_name, door.wallet_os, door.data)


def renew(
    found: tokens.Read, *, lasts: timedelta, origin: Origin, now: datetime
) -> tuple[Live, SessionDoor]:
    """As `redeem`, for a refresh token that was read just now."""
    door, serial = found.door, found.claims.get("ser")
    if not isinstance(serial, int) or serial > door.refresh_serial or door.expires_at <= now:
        raise TokenRefused
    if not _is_spent(door, serial, origin.holder, now=now):
        sessions.require_usable(door, address=origin.address, now=now)
    with current.in_scope(door.scope_id):
        latest = door.created_at + sessions.MOST_LIFE
        expires_at = next_end(door, lasts=lasts, latest=latest, now=now)
        if serial == door.refresh_serial and rotate(door, origin.holder, expires_at, now):
            return _after(door, serial + 1, now, expires_at), door
        return _again(door, serial, origin.holder, now=now), door


def _is_spent(door: SessionDoor, serial: int, holder: str, *, now: datetime) -> bool:
    """Whether a token is an alarm, whatever else stands against its session."""
    return serial < door.refresh_serial and not _is_lost_answer(door, serial, holder, now=now)


def _is_lost_answer(
    found: SessionDoor | Session, serial: int, holder: str, *, now: datetime
) -> bool:
    return (
        serial == found.refresh_serial - 1
        and found.holder == holder
        and now - found.refreshed_at <= RETRY
    )


def _again(door: SessionDoor, serial: int, holder: str, *, now: datetime) -> Live:
    """What became of a token that is spent: given again, or an alarm."""
    session = Session.objects.filter(id=door.session_id).select_related("user").first()
    if session is None or session.status != Session.Status.ACTIVE:
        raise TokenRefused
    if serial >= session.refresh_serial:
        # It was not spent: the session was changed since it was found.
        raise TokenRefused
    if _is_lost_answer(session, serial, holder, now=now):
        return _after(door, session.refresh_serial, session.refreshed_at, session.expires_at)
    by = sessions.bearer(session, session.user)
    # The chain of events is locked last, by everybody.
    with transaction.atomic(), audit.gathered():
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

    It moves on in steps: between them a renewal changes nothing that an index knows, which is half
    of what it costs the database.
    """
    wanted = min(now + lasts, latest)
    is_near = timedelta() <= wanted - door.expires_at < lasts / renewal_statement.STEPS
    return door.expires_at if is_near else wanted


def rotate(door: SessionDoor, holder: str, expires_at: datetime, now: datetime) -> bool:
    """Count the serial up, if it is still that of the door; whether it was."""
    # Time and audience are asked again: the session may have been changed since it was found.
    values: list[Any] = [now, holder, now, expires_at, door.session_id, door.refresh_serial]
    values += [now, door.audience]
    if connection.vendor != "postgresql":
        adapted = connection.ops.adapt_datetimefield_value
        values = [adapted(value) if isinstance(value, datetime) else value for value in values]
        values[4] = door.session_id.hex
    return statements.count(_ROTATION, values) == 1
