"""What readers see of people and what belongs to them; ids are client-visible ones."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


@dataclass(frozen=True, slots=True)
class UserRow:
    """A person or a program. `roles` are names, `groups` ids."""

    id: UUID
    username: str
    email: str
    first_name: str
    last_name: str
    mobile: str
    customer_id: str
    kind: str
    status: str
    roles: Sequence[str]
    groups: Sequence[UUID]
    networks: Sequence[str]
    expires_at: datetime | None
    version: int
    created_at: datetime
    created_by: UUID | None
    updated_at: datetime
    updated_by: UUID | None


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A device with its public keys: a compressed P-256 point in hex and an RSA SPKI in PEM."""

    id: UUID
    user: UUID
    name: str
    status: str
    signature_key: str
    encryption_key: str
    registered_at: datetime
    keys_changed_at: datetime
    updated_at: datetime
    last_seen_at: datetime | None
    revoked_at: datetime | None
    revoke_reason: str

    @property
    def is_active(self) -> bool:
        """Whether its requests are accepted, the first one included."""
        return self.status in {"active", "unverified"}


DEVICE_FIELDS = tuple(field.name for field in dataclasses.fields(DeviceRow))


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role: `id` is the name of a predefined one, the id of a custom one as text."""

    id: str
    name: str
    description: str
    status: str
    is_predefined: bool
    rules: Sequence[UUID]
    permissions: Sequence[str]
    approves: Sequence[str]
    version: int
    created_at: datetime | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A right as a row."""

    id: UUID
    name: str
    description: str
    resource: str
    action: str
    proposal_resource: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group; `users` are its first members, `user_count` says how many there are.

    Windows of groups count to 1000 at most.
    """

    id: UUID
    name: str
    description: str
    version: int
    created_at: datetime
    updated_at: datetime
    users: Sequence[UUID]
    user_count: int


@dataclass(frozen=True, slots=True)
class RecipientRow:
    """A person or company that may be paid."""

    id: UUID
    kind: str
    name: str
    payment_details: Sequence[Mapping[str, Any]]
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class RecipientGroupRow:
    """A list of recipients; `recipients` are the first ones on it."""

    id: UUID
    kind: str
    name: str
    description: str
    version: int
    created_at: datetime
    updated_at: datetime
    recipients: Sequence[UUID]
    recipient_count: int


@dataclass(frozen=True, slots=True)
class StaffRow:
    """A member of staff of the scope in force.

    `login` is `slug/name` of who signs in elsewhere, else empty. Whether those have one-time
    passwords is not known here: None.
    """

    id: UUID
    username: str
    status: str
    login: str
    roles: Sequence[str]
    has_one_time_password: bool | None
    admitted_at: datetime | None


Row = (
    UserRow | DeviceRow | RoleRow | RuleRow | GroupRow | RecipientRow | RecipientGroupRow | StaffRow
)


def described(row: Row) -> dict[str, Any]:
    """A row as JSON values: ids as text, times in whole seconds since the epoch."""
    values = {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}
    plain: dict[str, Any] = msgspec.to_builtins(
        {
            name: int(value.timestamp()) if isinstance(value, datetime) else value
            for name, value in values.items()
        }
    )
    return plain
