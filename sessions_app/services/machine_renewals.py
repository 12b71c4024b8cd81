"""Machine sessions are renewed: a refresh token is spent by one statement, and has a successor."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from identity.scoping import current, statements
from identity.scoping.key_doors import ApiKeyDoor, MachineSessionDoor
from identity.services import audit
from sessions_app.errors import TokenRefused
from sessions_app.machine_token import Use
from sessions_app.models import MachineSession
from sessions_app.services import machine_ends, machine_sessions, machine_starts
from sessions_app.services.machine_sessions import MOST_LIFE, REFRESH, Live, Pair
from sessions_app.services.sessions import Origin

RETRY: Final = timedelta(seconds=10)
"""How long a lost answer to a renewal can be asked for again, by whoever held the token."""
_RENEWAL: Final = """
UPDATE sessions_app_machinesession SET serial = serial + 1, refreshed_at = %s, holder = %s,
  access_expires_at = %s, expires_at = %s
WHERE scope_id = %s AND id = %s AND serial = %s AND status = 'active'
"""


def anywhere(_: ApiKeyDoor) -> bool:
    """Where the address says nothing of a scope."""
    return True


def refresh(
    token: str,
    *,
    origin: Origin,
    now: datetime,
    is_here: Callable[[ApiKeyDoor], bool] = anywhere,
) -> Pair:
    """Spend a refresh token: the tokens that take its place, of the same rights and length.

    One conditional statement renews, so of any number of parallel calls one does; the access token
    before is dead from then on. The same token from the same holder within ten seconds gives the
    same successors, for an answer that was lost; a spent token in any other hand, or later, ends
    the session and leaves an alarm (RFC 9700 §4.14). `is_here` tells whether a token of this key
    may be used at the address at all. Not to be called in a transaction. Raises TokenRefused.
    """
    door, serial = machine_sessions.read(token, expected_use=Use.REFRESH, now=now)
    machine_sessions.require_usable(
        door, address=origin.address, connection=door.connection, now=now
    )
    if serial > door.serial or not is_here(door.key):
        raise TokenRefused
    with current.in_scope(door.key.scope_id):
        live = _renewed(door, origin.holder, now=now) if serial == door.serial else None
        live = live or _again(door, serial, origin, now=now)
        return machine_sessions.pair(live, now=now)


def _renewed(door: MachineSessionDoor, holder: str, *, now: datetime) -> Live | None:
    """The session at its next serial, None if somebody was faster."""
    access_end = now + (door.access_expires_at - door.refreshed_at)
    end = _next_end(door, now=now)
    values = statements.adapted(
        now, holder, access_end, end, door.key.scope_id, door.id, door.serial
    )
    if statements.count(_RENEWAL, values) != 1:
        return None
    return _live(door, serial=door.serial + 1, access_end=access_end, end=end)


def _next_end(door: MachineSessionDoor, *, now: datetime) -> datetime:
    """In steps of a 24th, so that most renewals change nothing that an index knows."""
    wanted = min(now + REFRESH, door.created_at + MOST_LIFE)
    is_near = timedelta() <= wanted - door.expires_at < REFRESH / 24
    return door.expires_at if is_near else wanted


def _again(door: MachineSessionDoor, serial: int, origin: Origin, *, now: datetime) -> Live:
    """What became of a token that is spent: given again, or an alarm."""
    row = MachineSession.objects.filter(id=door.id).first()
    if row is None or row.status != MachineSession.Status.ACTIVE:
        raise TokenRefused
    is_lost_answer = (
        serial == row.serial - 1 and row.holder == origin.holder and now - row.refreshed_at <= RETRY
    )
    if is_lost_answer:
        return _live(door, serial=row.serial, access_end=row.access_expires_at, end=row.expires_at)
    _alarm(row, door, serial, origin, now=now)
    raise TokenRefused


def _alarm(
    row: MachineSession, door: MachineSessionDoor, serial: int, origin: Origin, *, now: datetime
) -> None:
    """A spent refresh token came again: the session ends, once."""
    with transaction.atomic():
        if not machine_ends.all_of(MachineSession.objects.filter(id=row.id), "reuse", now=now):
            return
        audit.record(
            "machine-session.reused",
            by=machine_starts.bearer(door.key, row.id, address=origin.address),
            subject=("machine-session", str(row.id)),
            now=now,
            facts={
                "alarm": True,
                "api_key": str(door.key.id),
                "serial": serial,
                "living": row.serial,
            },
        )


def _live(door: MachineSessionDoor, *, serial: int, access_end: datetime, end: datetime) -> Live:
    return Live(
        key=door.key,
        session_id=door.id,
        serial=serial,
        access_expires_at=access_end,
        expires_at=end,
        permissions=frozenset(door.permissions) & frozenset(door.key.permissions),
        limits=machine_sessions.present_limits(door),
    )
