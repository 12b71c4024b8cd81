"""Renewal for clients that keep one refresh token, and for those that take a new one each time.

A token stays good until its successor is used. Whoever never uses a successor renews with the same
token for as long as the session lives; whoever does has a line in which a spent token that comes
again is an alarm, as with `rotation.renew`.
"""

from datetime import datetime, timedelta
from uuid import UUID

from identity.scoping import current, session_doors
from identity.scoping.session_doors import SessionDoor
from sessions_app.errors import TokenRefused
from sessions_app.models import Session
from sessions_app.services import rotation, sessions
from sessions_app.services.sessions import MOST_LIFE, SEEN_EVERY, Origin
from sessions_app.services.tokens import Live, Read


def renew(found: Read, *, lasts: timedelta, origin: Origin, now: datetime) -> Live:
    """What the successor of a refresh token that was read just now is made of.

    The living token may come again and again, and its successor takes its place when it comes
    first: one conditional statement decides, so of any number of parallel calls one moves the line
    on and the others repeat it. Older ones are `rotation.renew`'s to judge: a lost answer, or an
    alarm that ends the session. Not to be called in a transaction. Raises TokenRefused.
    """
    door, serial = found.door, found.claims.get("ser")
    if not isinstance(serial, int):
        raise TokenRefused
    if serial < door.refresh_serial:
        live, _ = rotation.renew(found, lasts=lasts, origin=origin, now=now)
        return live
    sessions.require_usable(door, address=origin.address, now=now)
    with current.in_scope(door.scope_id):
        latest = door.created_at + MOST_LIFE
        expires_at = rotation.next_end(door, lasts=lasts, latest=latest, now=now)
        if serial == door.refresh_serial:
            _keep(door, expires_at, now=now)
        elif serial > door.refresh_serial + 1:
            raise TokenRefused
        elif not rotation.rotate(door, origin.holder, expires_at, now):
            _require_moved(door, serial, origin, now=now)
    return _following(door, serial, expires_at, now)


def _keep(door: SessionDoor, expires_at: datetime, *, now: datetime) -> None:
    """Note the use, at most once a minute, and that the session lives on."""
    if expires_at == door.expires_at and now - door.last_seen_at < SEEN_EVERY:
        return
    going_on = Session.objects.filter(id=door.session_id, status=Session.Status.ACTIVE)
    if not going_on.update(last_seen_at=now, expires_at=expires_at):
        raise TokenRefused


def _require_moved(door: SessionDoor, serial: int, origin: Origin, *, now: datetime) -> None:
    """Another call with the same token moved the line on; anything else is refused."""
    after = _again(door.session_id)
    if after is None or after.refresh_serial != serial:
        raise TokenRefused
    sessions.require_usable(after, address=origin.address, now=now)


def _again(session_id: UUID) -> SessionDoor | None:
    return session_doors.session(session_id, "")


def _following(door: SessionDoor, serial: int, expires_at: datetime, now: datetime) -> Live:
    return Live(
        session_id=door.session_id,
        scope_slug=door.scope_slug,
        user_id=door.user_id,
        public_id=door.user_public_id,
        audience=door.audience,
        serial=serial + 1,
        refreshed_at=now,
        expires_at=expires_at,
    )
