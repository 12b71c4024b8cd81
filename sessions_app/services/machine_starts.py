"""Machine sessions begin: a program asks for no more than its key has, and gets two tokens."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from identity import errors, ids, limits
from identity.actor import Actor, ActorKind
from identity.limits import Limits
from identity.scoping import current, inserts, statements
from identity.scoping.key_doors import ApiKeyDoor
from identity.services import audit, scopes
from identity.services.api_key_errors import ApiKeyTooWide
from identity.services.api_key_limits import PROGRAM
from sessions_app.models import MachineSession
from sessions_app.services import machine_sessions
from sessions_app.services.machine_sessions import Live, Pair
from sessions_app.services.sessions import Origin

LONGEST_NAME: Final = 128
_USE_KEY: Final = """
UPDATE identity_apikey SET last_used_at = %s WHERE scope_id = %s AND id = %s AND status = 'active'
"""
_END_NAMED: Final = """
UPDATE sessions_app_machinesession
SET status = 'ended', ended_at = %s, ended_reason = 'replaced'
WHERE scope_id = %s AND api_key_id = %s AND name = %s AND status = 'active'
"""
_END_OLDEST: Final = """
UPDATE sessions_app_machinesession
SET status = 'ended', ended_at = %s, ended_reason = 'too-many'
WHERE scope_id = %s AND id IN (
  SELECT id FROM sessions_app_machinesession
  WHERE scope_id = %s AND api_key_id = %s AND status = 'active' AND expires_at > %s
  ORDER BY created_at DESC, id DESC LIMIT 1000 OFFSET %s)
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a program asks for. Nothing said about a kind of rights means what its key has.

    A second session of the same `name` ends the first. `address` binds the tokens to it, a
    `connection` to that open connection. `lasts` is the length of access tokens, up to 7 days.
    """

    permissions: frozenset[str] | None = None
    solutions: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()
    name: str = ""
    address: str = ""
    lasts: timedelta = machine_sessions.ACCESS
    connection: str = ""


EVERYTHING: Final = Asked()


def begin(key: ApiKeyDoor, asked: Asked, *, origin: Origin, now: datetime) -> Pair:
    """Begin a session of a key that was proven just now, and make its tokens.

    A key has at most as many living sessions as the scope allows (`machine_sessions`); the oldest
    ends for a new one. Raises ApiKeyTooWide for more than the key has, `identity.errors.Invalid`,
    Unauthenticated for a key that may not act now from there, and for one of another purpose.
    """
    if key.purpose != PROGRAM or not key.is_usable(now):
        raise errors.Unauthenticated
    if not key.is_allowed_from(origin.address):
        raise errors.Unauthenticated
    session = _granted(key, asked, origin, now=now)
    with current.in_scope(key.scope_id):
        with transaction.atomic(), audit.gathered():
            # Whoever holds the key's row begins alone, so that the count is exact.
            if statements.count(_USE_KEY, statements.adapted(now, key.scope_id, key.id)) != 1:
                raise errors.Unauthenticated
            _make_room(session, most=scopes.settings().machine_sessions, now=now)
            inserts.insert_later(session)
            _record(session, key, origin, now=now)
        return machine_sessions.pair(_live(session, key), now=now)


def _granted(key: ApiKeyDoor, asked: Asked, origin: Origin, *, now: datetime) -> MachineSession:
    """The session, not stored yet, with what was asked for filled up from the key."""
    bounds = _bounds(key, asked)
    return MachineSession(
        id=ids.new(),
        scope_id=key.scope_id,
        api_key_id=key.id,
        name=_name(asked.name),
        permissions=_words(key, asked),
        solutions=list(bounds.solutions),
        contexts=list(bounds.contexts),
        address=asked.address,
        connection=asked.connection,
        created_at=now,
        refreshed_at=now,
        access_expires_at=now + _length(asked.lasts),
        expires_at=now + machine_sessions.REFRESH,
        holder=origin.holder,
    )


def _words(key: ApiKeyDoor, asked: Asked) -> list[str]:
    own = frozenset(key.permissions)
    words = own if asked.permissions is None else asked.permissions
    if lacking := words - own:
        raise ApiKeyTooWide(permissions=sorted(lacking))
    return sorted(words)


def _bounds(key: ApiKeyDoor, asked: Asked) -> Limits:
    own = key.limits
    wanted = limits.checked(
        solutions=asked.solutions or own.solutions,
        contexts=asked.contexts or own.contexts,
        networks=[asked.address] if asked.address else own.networks,
    )
    found: dict[str, Any] = dict(wanted.beyond(own))
    if found:
        raise ApiKeyTooWide(**found)
    return wanted


def _name(name: str) -> str:
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise errors.Invalid(f"A name has at most {LONGEST_NAME} characters.", field="name")
    return name


def _length(lasts: timedelta) -> timedelta:
    if not timedelta() <= lasts <= machine_sessions.REFRESH:
        raise errors.Invalid("An access token is good for at most 7 days.", field="lasts")
    return lasts


def _make_room(session: MachineSession, *, most: int, now: datetime) -> None:
    scope_id, key_id = session.scope_id, session.api_key_id
    if session.name:
        statements.later(_END_NAMED, statements.adapted(now, scope_id, key_id, session.name))
    values = statements.adapted(now, scope_id, scope_id, key_id, now, most - 1)
    statements.later(_END_OLDEST, values)


def _record(session: MachineSession, key: ApiKeyDoor, origin: Origin, *, now: datetime) -> None:
    audit.record(
        "machine-session.started",
        by=bearer(key, session.id, address=origin.address),
        subject=("machine-session", str(session.id)),
        now=now,
        facts={"api_key": str(key.id), "name": session.name},
    )


def bearer(key: ApiKeyDoor, session_id: UUID, *, address: str) -> Actor:
    """Whoever holds the tokens of a session, as the record names it."""
    return Actor(
        kind=ActorKind.API_KEY,
        scope_id=key.scope_id,
        user_id=key.user_id,
        api_key_id=key.id,
        session_id=session_id,
        is_program=True,
        address=address,
    )


def _live(session: MachineSession, key: ApiKeyDoor) -> Live:
    return Live(
        key=key,
        session_id=session.id,
        serial=session.serial,
        access_expires_at=session.access_expires_at,
        expires_at=session.expires_at,
        permissions=frozenset(session.permissions),
        limits=session.limits,
    )
