"""The doors of programs: API keys and their machine sessions, before a scope is known."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection

from identity import limits
from identity.limits import Limits
from identity.scoping import key_lookups, lookups
from identity.scoping.doors import ScopeDoor, is_storable


@dataclass(frozen=True, slots=True)
class ApiKeyDoor:
    """An API key and whose account it acts for.

    `user_*` and `networks`, the user's, are None for the scope's own backend; `key_networks` are
    those of the key itself.
    """

    scope_id: UUID
    scope_slug: str
    scope_status: str
    id: UUID
    key_id: str
    kind: str
    algorithm: str
    public_key: str
    secret_digest: str = field(repr=False)
    sealed_secret: bytes | None = field(repr=False)
    previous_digest: str = field(repr=False)
    previous_sealed: bytes | None = field(repr=False)
    previous_until: datetime | None
    user_id: UUID | None
    user_public_id: UUID | None
    user_status: str | None
    user_expires_at: datetime | None
    networks: list[str] | None
    role: str
    permissions: list[str]
    solutions: list[str]
    contexts: list[str]
    key_networks: list[str]
    purpose: str
    status: str
    expires_at: datetime | None
    last_used_at: datetime | None

    @property
    def scope(self) -> ScopeDoor:
        """The scope that the key, as a credential, names."""
        return ScopeDoor(self.scope_id, self.scope_slug, self.scope_status)

    @property
    def limits(self) -> Limits:
        """To what the key is bound."""
        return limits.stored(
            solutions=self.solutions, contexts=self.contexts, networks=self.key_networks
        )

    def is_usable(self, now: datetime) -> bool:
        """Whether nothing stands against it: its own state, its owner's and the scope's."""
        if self.status != "active" or self.scope_status != "active":
            return False
        if self.expires_at is not None and self.expires_at <= now:
            return False
        if self.user_id is None:
            return True
        is_in_time = self.user_expires_at is None or self.user_expires_at > now
        return self.user_status == "active" and is_in_time

    def is_allowed_from(self, address: str) -> bool:
        """Whether neither its own networks nor its owner's keep it from acting from there."""
        if not self.key_networks and not self.networks:
            return True
        bound = (tuple(self.key_networks), tuple(self.networks or ()))
        return all(Limits(networks=each).allow_address(address) for each in bound)

    def has_previous(self, now: datetime) -> bool:
        """Whether the secret before the last rotation still counts."""
        return self.previous_until is not None and self.previous_until > now


@dataclass(frozen=True, slots=True)
class MachineSessionDoor:
    """A machine session, its API key, and the state of the token key that a token named.

    `key_*` are None where the session's scope has no such key.
    """

    key: ApiKeyDoor
    id: UUID
    status: str
    permissions: list[str]
    solutions: list[str]
    contexts: list[str]
    address: str
    connection: str
    serial: int
    created_at: datetime
    refreshed_at: datetime
    access_expires_at: datetime
    expires_at: datetime
    holder: str
    key_status: str | None
    key_expires_at: datetime | None

    @property
    def limits(self) -> Limits:
        """To what the session is bound, beside what its key is bound to."""
        bound = (self.address,) if self.address else ()
        return limits.stored(solutions=self.solutions, contexts=self.contexts, networks=bound)

    def has_usable_key(self, now: datetime) -> bool:
        """Whether the token key that was named may still verify tokens."""
        if self.key_status == "active":
            return True
        expires_at = self.key_expires_at
        return self.key_status == "retiring" and expires_at is not None and expires_at > now


_KEY_COLUMNS: Final = len(key_lookups.API_KEY_NAMED.columns)


def api_key_by_name(key_id: str) -> ApiKeyDoor | None:
    """The API key that is named so."""
    if not is_storable(key_id):
        return None
    rows = lookups.call(connection, key_lookups.API_KEY_NAMED, key_id)
    return ApiKeyDoor(*rows[0]) if rows else None


def api_key_by_secret(digest: str, *, now: datetime) -> ApiKeyDoor | None:
    """The API key whose secret has this SHA-256 in lower hex, or had until its last rotation.

    The secret before that is known only as long as it counts.
    """
    rows = lookups.call(connection, key_lookups.API_KEY_OF_SECRET, digest)
    doors = (ApiKeyDoor(*row) for row in rows)
    living = (each for each in doors if each.secret_digest == digest or each.has_previous(now))
    return next(living, None)


def machine_session(session_id: UUID, kid: str) -> MachineSessionDoor | None:
    """The machine session of this id, with the token key of this kid."""
    rows = lookups.call(connection, key_lookups.MACHINE_SESSION, session_id, kid)
    if not rows:
        return None
    row = rows[0]
    return MachineSessionDoor(ApiKeyDoor(*row[:_KEY_COLUMNS]), *row[_KEY_COLUMNS:])
