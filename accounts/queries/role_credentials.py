"""Role credentials as staff read them: also those that were revoked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from accounts.models import RoleCredential
from identity.errors import Missing

MOST_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Row:
    """A credential; `user` is the client-visible id, `document` what was signed."""

    id: UUID
    user: UUID
    role: str
    title: str
    credential_id: str
    document: Mapping[str, Any]
    status: str
    source: str
    issued_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


def of_user(user_id: UUID) -> Sequence[Row]:
    """The newest credentials of a user, at most 200."""
    rows = RoleCredential.objects.select_related("user").filter(user_id=user_id)
    return [_row(row) for row in rows.order_by("-issued_at", "-id")[:MOST_SHOWN]]


def one(credential_id: UUID) -> Row:
    """One credential. Raises Missing."""
    row = RoleCredential.objects.select_related("user").filter(id=credential_id).first()
    if row is None:
        raise Missing("There is no such credential.")
    return _row(row)


def _row(row: RoleCredential) -> Row:
    return Row(
        id=row.id,
        user=row.user.public_id,
        role=row.role,
        title=row.title,
        credential_id=row.credential_id,
        document=row.document,
        status=row.status,
        source=row.source,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
