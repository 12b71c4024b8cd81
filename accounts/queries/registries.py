"""Reads about registries and who belongs to them, for lists of the scope."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from accounts.models import RegistryMembership, User
from identity.errors import Invalid, Missing
from identity.paging import After, Window
from identity.scoping import keyset

FILTERS: Final = frozenset({"role", "parent"})


@dataclass(frozen=True, slots=True)
class MembershipRow:
    """A user's part. `user` and `parent` are client-visible ids; `did` is None until set up."""

    user: UUID
    username: str
    role: str
    parent: UUID | None
    did: str | None
    topic_id: str
    account_id: str | None
    created_at: datetime


def window(after: After) -> Window[MembershipRow]:
    """Parts of active users; filters `role` and `parent`, a registry's client-visible id.

    Raises `Invalid`, `CursorInvalid`.
    """
    filters = dict(after.filters)
    if set(filters) - FILTERS:
        raise Invalid(f"Filters are {', '.join(sorted(FILTERS))}.")
    rows = RegistryMembership.objects.select_related("user", "parent", "account").filter(
        user__status=User.Status.ACTIVE
    )
    if "role" in filters:
        rows = rows.filter(role=filters["role"])
    if "parent" in filters:
        rows = rows.filter(parent__public_id=filters["parent"])
    shown, following = keyset.window(rows, after)
    return Window([_shown(row) for row in shown], following)


def of_user(public_id: UUID) -> MembershipRow:
    """The part of one user of the scope in force. Raises `Missing`."""
    rows = RegistryMembership.objects.select_related("user", "parent", "account")
    row = rows.filter(user__public_id=public_id, user__deleted_at__isnull=True).first()
    if row is None:
        raise Missing("There is no such registry.")
    return _shown(row)


def _shown(row: RegistryMembership) -> MembershipRow:
    return MembershipRow(
        user=row.user.public_id,
        username=row.user.username,
        role=row.role,
        parent=row.parent.public_id if row.parent else None,
        did=row.did,
        topic_id=row.topic_id,
        account_id=row.account.account_id if row.account else None,
        created_at=row.created_at,
    )
