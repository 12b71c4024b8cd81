"""Reads about registries and who belongs to them: one's own part, and lists of a scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import RegistryMembership, User
from accounts.models.user import fold
from identity.scoping import prepared

MOST: Final = 1000
"""Rows of one list."""
_MINE: Final = "registry_membership"
_COLUMNS: Final = (
    "id",
    "public_id",
    "username",
    f"{_MINE}__role",
    f"{_MINE}__did",
    f"{_MINE}__topic_id",
    f"{_MINE}__parent__username",
    f"{_MINE}__parent__{_MINE}__did",
    f"{_MINE}__parent__{_MINE}__topic_id",
    "ledger_accounts__account_id",
)
Role = RegistryMembership.Role


@dataclass(frozen=True, slots=True)
class Member:
    """A user and its part. Who came another way has none: it is a user without a registry.

    `parent` is the user name of the registry that the user belongs to. DIDs, topics and accounts
    are None where there is none yet.
    """

    id: UUID
    public_id: UUID
    username: str
    role: str
    did: str | None
    topic_id: str | None
    parent: str | None
    parent_did: str | None
    parent_topic_id: str | None
    account_id: str | None

    @property
    def is_registry(self) -> bool:
        """Whether others may be onboarded under this user."""
        return self.role == Role.STANDARD_REGISTRY


_OF_USER: Final = prepared.prepare(
    lambda user: User.objects.filter(id=user, deleted_at__isnull=True).values_list(*_COLUMNS),
    "user",
)


def of_user(user_id: UUID) -> Member | None:
    """A user of the scope in force with its part; None for who is deleted or unknown."""
    row = _OF_USER.one(user=user_id)
    return None if row is None else _member(row)


def registries(*, after: str = "") -> Sequence[Member]:
    """Active registries of the scope in force by user name, behind the one of the name `after`."""
    return _listed(Role.STANDARD_REGISTRY, after)


def users(*, after: str = "") -> Sequence[Member]:
    """Active users of registries of the scope in force, as `registries`."""
    return _listed(Role.USER, after)


def everybody(*, after: str = "") -> Sequence[Member]:
    """Who has a part in the scope in force, as `registries`."""
    return _rows(_active(), after)


def _listed(role: str, after: str) -> Sequence[Member]:
    return _rows(_active().filter(registry_membership__role=role), after)


def _active() -> "QuerySet[User]":
    return User.objects.filter(status=User.Status.ACTIVE, registry_membership__isnull=False)


def _rows(found: "QuerySet[User]", after: str) -> Sequence[Member]:
    behind = found.filter(username_folded__gt=fold(after)) if after else found
    rows = behind.order_by("username_folded").values_list(*_COLUMNS)[:MOST]
    return [_member(row) for row in rows]


def _member(row: tuple[Any, ...]) -> Member:
    user_id, public_id, username, role, did, topic, parent, parent_did, parent_topic, account = row
    return Member(
        id=user_id,
        public_id=public_id,
        username=username,
        role=role or str(Role.USER),
        did=did,
        topic_id=topic or None,
        parent=parent,
        parent_did=parent_did,
        parent_topic_id=parent_topic or None,
        account_id=account,
    )
