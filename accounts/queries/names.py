"""Reads by the name that a client gives: whose account it is, and whether two names are one."""

from typing import Final
from uuid import UUID

from accounts.models import User
from accounts.models.user import MOST_FOLDED, fold
from identity.scoping import prepared

VOUCHED: Final = "developer"
"""The source of users who came by the word of a developer, and act by it alone."""
BY_PASSKEY: Final = "passkey"
"""The source of users who came by making a passkey, under a name that they chose."""
UNPROVEN: Final = frozenset({VOUCHED, BY_PASSKEY})
"""The sources of users whose names may look like an address that is somebody else's."""
_NAMED: Final = prepared.prepare(
    lambda name: User.objects.filter(username_folded=name, deleted_at__isnull=True).values_list(
        "id"
    ),
    "name",
)


def named(name: str) -> UUID | None:
    """The id of the user of this name in the scope in force, however it is written."""
    folded = fold(name)
    row = _NAMED.one(name=folded) if len(folded) <= MOST_FOLDED else None
    return None if row is None else row[0]


def are_the_same(one: str, other: str) -> bool:
    """Whether two spellings are one user name."""
    return fold(one) == fold(other)
