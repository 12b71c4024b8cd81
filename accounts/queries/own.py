"""The account of the user who asks: the hottest read, one prepared statement."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from accounts.queries import user_columns
from accounts.queries.rows import UserRow
from identity import errors
from identity.actor import Actor
from identity.scoping import prepared


def _own(user: Any) -> "QuerySet[Any, Any]":
    return User.objects.filter(id=user, deleted_at__isnull=True).values_list(
        *user_columns.columns()
    )


_OWN = prepared.prepare(_own, "user")


def own(actor: Actor) -> UserRow:
    """The actor's own account; roles and groups are those it acts with. Raises `Missing`."""
    found = _OWN.one(user=actor.user_id) if actor.user_id is not None else None
    if found is None:
        raise errors.Missing("There is no such user.")
    return user_columns.row(
        found, sorted(actor.roles), sorted(UUID(group) for group in actor.groups)
    )
