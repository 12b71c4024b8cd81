"""Reads by the name that a client gives: whose account it is, and whether two names are one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from accounts.models import User
from accounts.models.user import MOST_FOLDED, fold
from accounts.queries.senders import is_allowed_from
from identity.scoping import prepared

VOUCHED: Final = "developer"
"""The source of users who came by the word of a developer, and act by it alone."""
BY_PASSKEY: Final = "passkey"
"""The source of users who came by making a passkey, under a name that they chose."""
BY_KEY: Final = "user-key"
"""The source of users who came by a key of their own, under a name that they chose."""
UNPROVEN: Final = frozenset({VOUCHED, BY_PASSKEY, BY_KEY})
"""The sources of users whose names may look like an address that is somebody else's."""
_NAMED: Final = prepared.prepare(
    lambda name: User.objects.filter(username_folded=name, deleted_at__isnull=True).values_list(
        "id"
    ),
    "name",
)
_HOLDER: Final = prepared.prepare(
    lambda name: User.objects.filter(username_folded=name, deleted_at__isnull=True).values_list(
        "id", "public_id", "username", "kind", "status", "expires_at", "networks", "profile__source"
    ),
    "name",
)


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a name means. `source` is the way they came, None for those without a profile."""

    id: UUID
    public_id: UUID
    username: str
    kind: str
    status: str
    expires_at: datetime | None
    networks: list[str]
    source: str | None

    def is_usable(self, *, address: str, now: datetime) -> bool:
        """Whether this person may act now, from this address."""
        is_in_time = self.expires_at is None or self.expires_at > now
        is_person = self.status == User.Status.ACTIVE and self.kind == User.Kind.PERSON
        return is_person and is_in_time and is_allowed_from(self.networks, address)


def holder(name: str) -> Holder | None:
    """The user of this name in the scope in force, however it is written, and what they may do."""
    folded = fold(name)
    row = _HOLDER.one(name=folded) if len(folded) <= MOST_FOLDED else None
    return None if row is None else Holder(*row)


def named(name: str) -> UUID | None:
    """The id of the user of this name in the scope in force, however it is written."""
    folded = fold(name)
    row = _NAMED.one(name=folded) if len(folded) <= MOST_FOLDED else None
    return None if row is None else row[0]


def are_the_same(one: str, other: str) -> bool:
    """Whether two spellings are one user name."""
    return fold(one) == fold(other)
