"""Tokens of programs as others learn of them: what one says, and its end by whoever holds it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from identity.limits import Limits
from identity.scoping import current
from sessions_app.errors import TokenRefused
from sessions_app.machine_token import Use
from sessions_app.services import machine_ends, machine_sessions, machine_starts, programs

_NOWHERE: Final = ""
"""Nobody tells from where a token came that a program is shown."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a token that is of use now gives, and to which API key; times are those of its serial.

    `client_id` is what requests name the key by.
    """

    use: Use
    session_id: UUID
    api_key_id: UUID
    client_id: str
    scope_id: UUID
    scope_slug: str
    permissions: frozenset[str]
    limits: Limits
    issued_at: datetime
    expires_at: datetime


def look_into(token: str, *, use: Use, now: datetime) -> Known:
    """What a token of the scope in force says, if it is of use now; it is no use of it.

    One statement, and another one for a key that acts for a user. Tokens that are bound to an
    address, to networks or to an open connection are of use there alone, which nobody can tell.
    Raises TokenRefused, the same for every cause.
    """
    door, serial = machine_sessions.read(token, expected_use=use, now=now)
    machine_sessions.require_usable(door, address=_NOWHERE, now=now)
    end = door.access_expires_at if use is Use.ACCESS else door.expires_at
    end = min(end, door.expires_at, door.key.expires_at or end)
    if door.key.scope_id != current.required_scope() or serial != door.serial or end <= now:
        raise TokenRefused
    return Known(
        use=use,
        session_id=door.id,
        api_key_id=door.key.id,
        client_id=door.key.key_id,
        scope_id=door.key.scope_id,
        scope_slug=door.key.scope_slug,
        permissions=programs.present_words(door.key, frozenset(door.permissions)),
        limits=machine_sessions.present_limits(door),
        issued_at=door.refreshed_at,
        expires_at=end,
    )


def revoke(token: str, *, use: Use, address: str, now: datetime) -> bool:
    """End the session of a token of the scope in force; whether it was still going on.

    Whoever holds a token may, of whichever serial it is. Raises TokenRefused for a text that is no
    token of ours or of another scope.
    """
    door, _ = machine_sessions.read(token, expected_use=use, now=now)
    if door.key.scope_id != current.required_scope():
        raise TokenRefused
    by = machine_starts.bearer(door.key, door.id, address=address)
    return machine_ends.end(session_id=door.id, reason="revoked", by=by, now=now)
