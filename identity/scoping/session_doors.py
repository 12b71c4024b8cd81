"""The doors of sessions: what stands behind a token, before a scope is known."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from identity.scoping import lookups, session_lookups
from identity.scoping.doors import ScopeDoor
from identity.scoping.foresight import Question


@dataclass(frozen=True, slots=True)
class SessionDoor:
    """A session and everything that may stand against it, as of now.

    `device_*` and `provider_status` are None where the session has none. `key_*` belong to the
    token key that was named; None where the session's scope has no such key.
    """

    scope_id: UUID
    scope_slug: str
    scope_status: str
    scope_settings: str
    user_id: UUID
    user_public_id: UUID
    user_status: str
    user_kind: str
    networks: list[str]
    user_expires_at: datetime | None
    session_id: UUID
    status: str
    method: str
    provider_name: str
    audience: str
    visitor: str
    wallet_os: str
    role: str
    user_agent: str
    address: str
    data: dict[str, Any]
    created_at: datetime
    last_seen_at: datetime
    authenticated_at: datetime
    expires_at: datetime
    refresh_serial: int
    refreshed_at: datetime
    holder: str
    device_id: UUID | None
    device_status: str | None
    provider_status: str | None
    key_status: str | None
    key_expires_at: datetime | None
    key_public: str | None
    username: str

    @property
    def scope(self) -> ScopeDoor:
        """The scope that the session, as a credential, names."""
        return ScopeDoor(self.scope_id, self.scope_slug, self.scope_status)

    def has_usable_key(self, now: datetime) -> bool:
        """Whether the key that was named may still verify tokens."""
        if self.key_status == "active":
            return True
        expires_at = self.key_expires_at
        return self.key_status == "retiring" and expires_at is not None and expires_at > now


def session(session_id: UUID, kid: str) -> SessionDoor | None:
    """The session of this id, with the token key of this kid."""
    rows = lookups.call(connection, session_lookups.SESSION, session_id, kid)
    return SessionDoor(*rows[0]) if rows else None


def question(session_id: UUID, kid: str) -> Question:
    """What `session` will ask, for `foresight`."""
    return lookups.question(session_lookups.SESSION, session_id, kid)


def scope_by_token(digest: str) -> ScopeDoor | None:
    """The scope of the session that handed out the text with this SHA-256 in lower hex."""
    rows = lookups.call(connection, session_lookups.SCOPE_BY_TOKEN, digest)
    return ScopeDoor(*rows[0]) if rows else None
