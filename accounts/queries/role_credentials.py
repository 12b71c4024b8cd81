"""Role credentials as staff read them: also those that are revoked or give nothing now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import RoleAssignment, RoleCredential
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


STATES: Final = ("valid", "expired", "role-not-held", "revoked")


def judged(rows: "QuerySet[RoleCredential]") -> "QuerySet[Any]":
    """The rows, each with whether its user holds the role."""
    held = RoleAssignment.objects.filter(user_id=OuterRef("user_id")).filter(
        Q(predefined=OuterRef("role")) | Q(role__name=OuterRef("role"), role__status="active")
    )
    return rows.annotate(is_held=Exists(held))


def state(row: Any, *, now: datetime) -> str:
    """One of `STATES` for a row of `judged`: only a `valid` one gives its role."""
    if row.status == RoleCredential.Status.REVOKED:
        return "revoked"
    if row.expires_at is not None and row.expires_at <= now:
        return "expired"
    return "valid" if row.is_held else "role-not-held"


def only(rows: "QuerySet[Any]", state: str, *, now: datetime) -> "QuerySet[Any]":
    """Of rows of `judged` those in this state, one of `STATES`."""
    if state == "revoked":
        return rows.filter(status=RoleCredential.Status.REVOKED)
    rows = rows.filter(status=RoleCredential.Status.VALID)
    if state == "expired":
        return rows.filter(expires_at__lte=now)
    return rows.exclude(expires_at__lte=now).filter(is_held=state == "valid")


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
