"""The account of the user who asks: the hottest read, one prepared statement."""

from typing import Any, Final
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery

from accounts.models import User
from accounts.queries.rows import UserRow
from identity import errors
from identity.actor import Actor
from identity.scoping import prepared


def _public_id_of(column: str) -> Subquery:
    return Subquery(User.objects.filter(id=OuterRef(column)).values("public_id")[:1])


def _own(user: Any) -> "QuerySet[Any, Any]":
    return User.objects.filter(id=user, deleted_at__isnull=True).values_list(
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
    )


_BEFORE_ROLES: Final = 9
_OWN = prepared.prepare(_own, "user")


def own(actor: Actor) -> UserRow:
    """The actor's own account; roles and groups are those it acts with. Raises `Missing`."""
    row = _OWN.one(user=actor.user_id) if actor.user_id is not None else None
    if row is None:
        raise errors.Missing("There is no such user.")
    held = (sorted(actor.roles), sorted(UUID(group) for group in actor.groups))
    values: list[Any] = [*row[:_BEFORE_ROLES], *held, *row[_BEFORE_ROLES:]]
    return UserRow(*values)
