"""What faces and the admin read about the sessions of programs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from accounts.queries import listing
from identity import errors
from identity.models import ApiKey
from identity.paging import After, Window
from sessions_app.models import MachineSession

ACTIVE: Final = "active"
EXPIRED: Final = "expired"
ENDED: Final = "ended"
WORDS: Final = (ACTIVE, EXPIRED, ENDED)


@dataclass(frozen=True, slots=True)
class MachineSessionRow:
    """A session of a program without what its tokens are made of.

    `status` is one of `WORDS`; the key's own state is the key's.
    """

    id: UUID
    api_key: UUID
    name: str
    permissions: Sequence[str]
    solutions: Sequence[str]
    contexts: Sequence[str]
    address: str
    is_of_connection: bool
    created_at: datetime
    refreshed_at: datetime
    access_expires_at: datetime
    expires_at: datetime
    status: str
    ended_at: datetime | None
    ended_reason: str


def window(api_key_id: UUID, after: After, *, now: datetime) -> Window[MachineSessionRow]:
    """Sessions of a key; filter `status`. Raises `Missing`, `Invalid`, `CursorInvalid`."""
    if not ApiKey.objects.filter(id=api_key_id).exists():
        raise errors.Missing("There is no such API key.")

    def in_state(rows: Any, value: Any) -> Any:
        return only(rows, str(value), now=now)

    return listing.windowed(
        MachineSession.objects.filter(api_key_id=api_key_id),
        after,
        filters={"status": in_state},
        read=lambda rows: [_row(row, now) for row in rows],
    )


def one(api_key_id: UUID, session_id: UUID, *, now: datetime) -> MachineSessionRow:
    """One session of a key. Raises `Missing`."""
    row = MachineSession.objects.filter(id=session_id, api_key_id=api_key_id).first()
    if row is None:
        raise errors.Missing("There is no such session of this API key.")
    return _row(row, now)


def only(rows: Any, state: str, *, now: datetime) -> Any:
    """Of these rows those in this state. Raises Invalid for another word."""
    if state not in WORDS:
        raise errors.Invalid(f"This filter is one of: {', '.join(WORDS)}.")
    if state == ENDED:
        return rows.filter(status=MachineSession.Status.ENDED)
    going_on = rows.filter(status=MachineSession.Status.ACTIVE)
    if state == EXPIRED:
        return going_on.filter(expires_at__lte=now)
    return going_on.filter(expires_at__gt=now)


def state(row: MachineSession, *, now: datetime) -> str:
    """One of `WORDS`."""
    if row.status == MachineSession.Status.ENDED:
        return ENDED
    return ACTIVE if row.expires_at > now else EXPIRED


def _row(row: MachineSession, now: datetime) -> MachineSessionRow:
    return MachineSessionRow(
        id=row.id,
        api_key=row.api_key_id,
        name=row.name,
        permissions=row.permissions,
        solutions=row.solutions,
        contexts=row.contexts,
        address=row.address,
        is_of_connection=bool(row.connection),
        created_at=row.created_at,
        refreshed_at=row.refreshed_at,
        access_expires_at=row.access_expires_at,
        expires_at=row.expires_at,
        status=state(row, now=now),
        ended_at=row.ended_at,
        ended_reason=row.ended_reason,
    )
