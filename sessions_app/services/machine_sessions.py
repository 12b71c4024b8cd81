"""Machine sessions: programs trade their API key for tokens, which are checked on every request."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from identity.actor import Actor
from identity.limits import Limits
from identity.scoping import current, key_doors
from identity.scoping.key_doors import ApiKeyDoor, MachineSessionDoor
from identity.services import api_keys, token_keys
from sessions_app import machine_token
from sessions_app.errors import TokenRefused
from sessions_app.machine_token import Use
from sessions_app.services import programs

ACCESS: Final = timedelta(minutes=15)
"""How long an access token is good unless another length is asked for."""
REFRESH: Final = timedelta(days=7)
"""How long a session lives without being renewed, and the greatest length of an access token."""
MOST_LIFE: Final = timedelta(days=90)
"""No session is renewed beyond this; then the key is needed again."""


@dataclass(frozen=True, slots=True)
class Live:
    """What tokens are made of: a session as it is at one serial."""

    key: ApiKeyDoor
    session_id: UUID
    serial: int
    access_expires_at: datetime
    expires_at: datetime
    permissions: frozenset[str]
    limits: Limits


@dataclass(frozen=True, slots=True)
class Pair:
    """Two tokens, when each ends, and what they give at most."""

    access: str = field(repr=False)
    access_expires_at: datetime
    refresh: str = field(repr=False)
    refresh_expires_at: datetime
    permissions: frozenset[str]
    limits: Limits
    session_id: UUID

    @property
    def solutions(self) -> tuple[str, ...]:
        """The solutions that it is bound to; empty for not bound, `*` for all said so."""
        return self.limits.solutions


@dataclass(frozen=True, slots=True)
class Checked:
    """A program that may act now by a token, and with which rights."""

    door: ApiKeyDoor
    session_id: UUID
    permissions: frozenset[str]
    limits: Limits

    @property
    def solutions(self) -> tuple[str, ...]:
        """The solutions that it is bound to; empty for not bound, `*` for all said so."""
        return self.limits.solutions

    def actor(self, address: str) -> Actor:
        """The program, with what the token gives of its key's rights."""
        return programs.actor(
            self.door,
            self.permissions,
            self.limits,
            address=address,
            session_id=self.session_id,
        )


def check(token: str, *, address: str, now: datetime, connection: str = "") -> Checked:
    """The program behind an access token, if it may act now. One statement.

    A key that was disabled, narrowed, revoked or whose user or scope was shut out meanwhile is
    refused here, on the next request, and so is a token of an older serial. A key that acts for a
    user costs one statement more. `connection` is the id of an open connection, whose own tokens
    are good on it alone. Raises TokenRefused, the same for every cause.
    """
    door, serial = read(token, expected_use=Use.ACCESS, now=now)
    require_usable(door, address=address, connection=connection, now=now)
    if serial != door.serial or door.access_expires_at <= now:
        raise TokenRefused
    limits = present_limits(door)
    with current.in_scope(door.key.scope_id):
        words = programs.present_words(door.key, frozenset(door.permissions))
        api_keys.note_used(door.key, now=now)
    return Checked(door.key, door.id, words, limits)


def read(token: str, *, expected_use: Use, now: datetime) -> tuple[MachineSessionDoor, int]:
    """The session that a token of ours names, and the token's serial. Raises TokenRefused.

    Whether the session may still be used is the caller's question.
    """
    unverified = machine_token.parse(token, expected_use=expected_use)
    door = key_doors.machine_session(unverified.session_id, unverified.kid)
    if door is None or not door.has_usable_key(now):
        raise TokenRefused
    with current.in_scope(door.key.scope_id):
        secret = token_keys.secret(unverified.kid, now=now)
    machine_token.verify(unverified, secret=secret)
    return door, unverified.serial


def require_usable(
    door: MachineSessionDoor, *, address: str, now: datetime, connection: str = ""
) -> None:
    """Raises TokenRefused unless nothing stands against this session and its key."""
    is_usable = (
        door.status == "active"
        and door.expires_at > now
        and door.connection in {"", connection}
        and door.address in {"", address}
        and door.key.is_usable(now)
        and door.key.is_allowed_from(address)
    )
    if not is_usable:
        raise TokenRefused


def present_limits(door: MachineSessionDoor) -> Limits:
    """The session's limits and its key's together. Raises TokenRefused if nothing is within."""
    together = door.limits.met_with(door.key.limits)
    if together is None:
        raise TokenRefused
    return together


def pair(live: Live, *, now: datetime) -> Pair:
    """The tokens of a session at its serial: the same texts however often they are made.

    The scope must be in force.
    """
    kid = token_keys.active(now=now).kid
    secret = token_keys.secret(kid, now=now)
    access, refresh = (
        machine_token.make(
            use, kid=kid, session_id=live.session_id, serial=live.serial, secret=secret
        )
        for use in (Use.ACCESS, Use.REFRESH)
    )
    end = min(live.expires_at, live.key.expires_at or live.expires_at)
    return Pair(
        access=access,
        access_expires_at=min(live.access_expires_at, end),
        refresh=refresh,
        refresh_expires_at=end,
        permissions=live.permissions,
        limits=live.limits,
        session_id=live.session_id,
    )
