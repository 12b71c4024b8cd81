"""The doors: what may be asked before a scope is known, and nothing else.

Answers hold no secret, but for the password verifier that a sign-in needs.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection

from identity.scoping import door_lookups, lookups

# PostgreSQL stores neither NUL nor half of a surrogate pair.
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ScopeDoor:
    """A scope that was named by an address or a credential. `status` is as of now."""

    scope_id: UUID
    slug: str
    status: str


@dataclass(frozen=True, slots=True)
class RequestDoor:
    """Who may have sent an envelope, and with which keys it is opened and answered.

    The scope is that of the device; for an unknown device that of the opening key, if there is
    one. The user's columns are None for an unknown device. `invitation_id` is set where the
    device is an invitation's temporary one: then `device_status` is the invitation's state and
    `signature_key` its one-time key.
    """

    scope_id: UUID | None
    scope_slug: str | None
    scope_status: str | None
    scope_settings: str | None
    """JSON text; `scope_settings.of` reads it."""
    user_id: UUID | None
    user_public_id: UUID | None
    user_status: str | None
    user_kind: str | None
    networks: list[str] | None
    user_expires_at: datetime | None
    device_id: UUID | None
    device_status: str | None
    invitation_id: UUID | None
    signature_key: str | None
    encryption_key: str | None = field(repr=False)
    registered_at: datetime | None
    recorded_key_id: UUID | None
    """The signature key that the device was told of at its registration."""
    recorded_key_status: str | None
    recorded_key_expires_at: datetime | None
    active_key_id: UUID | None
    """The signature key that is active in the scope."""
    opening_key_id: UUID | None
    opening_key_scope_id: UUID | None
    opening_key_status: str | None
    opening_key_expires_at: datetime | None

    @property
    def is_unverified(self) -> bool:
        """Whether a device has yet to prove that it holds the keys it was made with."""
        return self.device_status == "unverified"

    @property
    def scope(self) -> ScopeDoor | None:
        """The scope that the device, as a credential, names."""
        if self.scope_id is None or self.scope_slug is None or self.scope_status is None:
            return None
        return ScopeDoor(self.scope_id, self.scope_slug, self.scope_status)

    def usable_opening_key_id(self, now: datetime) -> UUID | None:
        """The RSA key that may open the envelope: of the same scope, active or retiring."""
        if self.opening_key_scope_id != self.scope_id:
            return None
        if not _is_usable(self.opening_key_status, self.opening_key_expires_at, now):
            return None
        return self.opening_key_id

    def reply_key_id(self, now: datetime) -> UUID | None:
        """The key that signs the answer: the one the device knows while it is not retired."""
        if _is_usable(self.recorded_key_status, self.recorded_key_expires_at, now):
            return self.recorded_key_id
        return self.active_key_id


@dataclass(frozen=True, slots=True)
class StaffDoor:
    """A person who may enter the admin, in which scope. `verifier` only for a sign-in."""

    user_id: UUID
    scope_id: UUID
    scope_slug: str
    scope_status: str
    status: str
    is_operator: bool
    verifier: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class StaffPlace:
    """As which user a login works in a scope. Statuses are as of now."""

    user_id: UUID
    scope_id: UUID
    scope_slug: str
    scope_status: str
    user_status: str


def scope_by_id(scope_id: UUID) -> ScopeDoor | None:
    """The scope of this id."""
    return _scope(door_lookups.SCOPE_BY_ID, scope_id)


def scope_by_slug(slug: str) -> ScopeDoor | None:
    """The scope of this slug."""
    return _scope(door_lookups.SCOPE_BY_SLUG, slug)


def scope_by_host(host: str) -> ScopeDoor | None:
    """The scope that is served at this host name (in the form of `host_names.normalised`)."""
    return _scope(door_lookups.SCOPE_BY_HOST, host)


def default_scope() -> ScopeDoor | None:
    """The deployment's default scope: the setting DEFAULT_SCOPE, a slug."""
    slug = getattr(settings, "DEFAULT_SCOPE", "")
    return scope_by_slug(slug) if slug else None


def request_door(device: UUID, rsa_kid: str) -> RequestDoor:
    """What is known about the sender and the recipient of an envelope; always an answer.

    `rsa_kid` is the SHA-256 of the recipient's SPKI in lower hex.
    """
    (row,) = lookups.call(connection, door_lookups.REQUEST_DOOR, device, rsa_kid)
    return RequestDoor(*row)


def staff_by_id(user_id: UUID) -> StaffDoor | None:
    """The member of staff with this id."""
    rows = lookups.call(connection, door_lookups.STAFF_BY_ID, user_id)
    return StaffDoor(*rows[0]) if rows else None


def staff_by_login(scope_slug: str, username_folded: str) -> StaffDoor | None:
    """The member of staff with this name in this scope; an empty slug means the platform's."""
    if not is_storable(scope_slug + username_folded):
        return None
    rows = lookups.call(connection, door_lookups.STAFF_BY_LOGIN, scope_slug, username_folded)
    return StaffDoor(*rows[0]) if rows else None


def staff_in_scope(login_id: UUID, slug: str) -> StaffPlace | None:
    """Where and as whom a login works in the scope of this slug: at home, or as admitted there."""
    if not is_storable(slug):
        return None
    rows = lookups.call(connection, door_lookups.STAFF_IN_SCOPE, login_id, slug)
    return StaffPlace(*rows[0]) if rows else None


def scopes_of_staff(login_id: UUID, *, after: str, most: int) -> list[tuple[str, str]]:
    """Slug and name of active scopes that a login was admitted to, by slug; never its own."""
    if not is_storable(after):
        return []
    rows = lookups.call(connection, door_lookups.SCOPES_OF_STAFF, login_id, after, most)
    return [(str(slug), str(name)) for slug, name in rows]


def operator_count() -> int:
    """How many active operators the platform has."""
    ((count,),) = lookups.call(connection, door_lookups.OPERATOR_COUNT)
    return int(count)


def _scope(lookup: lookups.Lookup, argument: UUID | str) -> ScopeDoor | None:
    if isinstance(argument, str) and not is_storable(argument):
        return None
    rows = lookups.call(connection, lookup, argument)
    return ScopeDoor(*rows[0]) if rows else None


def is_storable(text: str) -> bool:
    """Whether anything can be named so, or a row hold this text: of any other, there is none."""
    return not _UNSTORABLE.search(text)


def _is_usable(status: str | None, expires_at: datetime | None, now: datetime) -> bool:
    if status == "active":
        return True
    return status == "retiring" and expires_at is not None and expires_at > now
