"""What faces, commands and the admin read about developer keys."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from identity import errors
from identity.models import DeveloperKey


@dataclass(frozen=True, slots=True)
class DeveloperKeyRow:
    """A P-256 key whose holder vouches for users; `is_owner`: the key of who runs the scope."""

    id: UUID
    name: str
    public_key: str
    is_owner: bool
    status: str
    created_at: datetime
    created_by: UUID | None
    last_used_at: datetime | None
    revoked_at: datetime | None


def developer_keys() -> Sequence[DeveloperKeyRow]:
    """All of the scope in force, the oldest first, revoked ones too: there are few."""
    return [_row(key) for key in DeveloperKey.objects.order_by("created_at", "id")]


def developer_key(key_id: UUID) -> DeveloperKeyRow:
    """One key. Raises Missing."""
    key = DeveloperKey.objects.filter(id=key_id).first()
    if key is None:
        raise errors.Missing("There is no such developer key.")
    return _row(key)


def described(row: DeveloperKeyRow) -> dict[str, Any]:
    """A row as JSON values: ids as text, times in whole seconds since the epoch."""
    values = dataclasses.asdict(row)
    plain: dict[str, Any] = msgspec.to_builtins(
        {
            name: int(value.timestamp()) if isinstance(value, datetime) else value
            for name, value in values.items()
        }
    )
    return plain


def _row(key: DeveloperKey) -> DeveloperKeyRow:
    names = [field.name for field in dataclasses.fields(DeveloperKeyRow)]
    return DeveloperKeyRow(**{name: getattr(key, name) for name in names})
