"""The columns of a user's row, for statements that are compiled once."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.db.models import OuterRef, Subquery

from accounts.models import User
from accounts.queries.rows import UserRow

_BEFORE_ROLES: Final = 9


def _public_id_of(column: str) -> Subquery:
    return Subquery(User.objects.filter(id=OuterRef(column)).values("public_id")[:1])


def columns() -> list[Any]:
    """The columns of `UserRow` in order, without roles and groups."""
    return [
        "public_id",
        "username",
        "email",
        "first_name",
        "last_name",
        "mobile",
        "customer_id",
        "kind",
        "status",
        "networks",
        "expires_at",
        "version",
        "created_at",
        _public_id_of("created_by"),
        "updated_at",
        _public_id_of("updated_by"),
    ]


def row(values: Sequence[Any], roles: Sequence[str], groups: Sequence[UUID]) -> UserRow:
    """The row of these columns."""
    held: list[Any] = [*values[:_BEFORE_ROLES], roles, groups, *values[_BEFORE_ROLES:]]
    return UserRow(*held)
