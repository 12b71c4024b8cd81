"""How far API keys reach, and that none is ever given more than whoever gives it has."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from identity import errors, limits, permissions
from identity.actor import Actor
from identity.limits import Limits
from identity.models import ApiKey
from identity.services.api_key_errors import ApiKeyTooWide

PROGRAM: Final = "program"
"""The purpose of keys that are governed by their words; others belong to one face and a user."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What a key, or whoever handles keys, can do at most. None for an end means none is set."""

    permissions: frozenset[str]
    limits: Limits = limits.NONE
    expires_at: datetime | None = None
    user_id: UUID | None = None
    purpose: str = PROGRAM

    def beyond(self, others: "Reach") -> dict[str, Any]:
        """What of this is beyond the others, empty for nothing."""
        found: dict[str, Any] = self.limits.beyond(others.limits)
        if lacking := self.permissions - others.permissions:
            found["permissions"] = sorted(lacking)
        if _ends_later(self.expires_at, others.expires_at):
            found["expires_at"] = _told(others.expires_at)
        # Whom a key acts for bounds it from day to day, and whoever acts for nobody is not bound.
        if others.user_id is not None and self.user_id != others.user_id:
            found["user"] = "another"
        if self.purpose != others.purpose:
            found["purpose"] = self.purpose
        return found


def of_key(row: ApiKey) -> Reach:
    """How far a key reaches by what its row says."""
    return Reach(
        permissions=frozenset(row.permissions),
        limits=row.limits,
        expires_at=row.expires_at,
        user_id=row.user_id,
        purpose=row.purpose,
    )


def of_maker(own: ApiKey | None, *, by: Actor, now: datetime) -> Reach:
    """How far a program reaches that handles keys by this key of its own, as the key is now.

    Raises `identity.errors.Forbidden` if it is over.
    """
    if own is None or own.status != ApiKey.Status.ACTIVE:
        raise errors.Forbidden("The API key that asks is over.")
    if own.expires_at is not None and own.expires_at <= now:
        raise errors.Forbidden("The API key that asks is over.")
    together = own.limits.met_with(by.limits or limits.NONE)
    if together is None:
        raise errors.Forbidden("The API key that asks is bound to nothing any more.")
    return Reach(
        permissions=frozenset(own.permissions) & by.permissions,
        limits=together,
        expires_at=own.expires_at,
        user_id=own.user_id,
        purpose=own.purpose,
    )


def require_within(reach: Reach, maker: Reach | None) -> None:
    """Refuse what is beyond the program that asks, if one does. Raises ApiKeyTooWide."""
    found = reach.beyond(maker) if maker is not None else {}
    if found:
        raise ApiKeyTooWide(**found)


def require_grantable(words: Collection[str], *, by: Actor) -> list[str]:
    """The permissions in order, if `by` may give them to a key.

    Raises ApiKeyTooWide, `identity.errors.Invalid` for words that there are not.
    """
    asked = frozenset(words)
    unknown = asked - permissions.ALL
    if unknown:
        raise errors.Invalid(
            f"There is no permission {', '.join(sorted(unknown))}: see docs/permissions.md.",
            permissions=sorted(unknown),
        )
    refused = (asked - by.permissions) | (asked & permissions.NOT_OF_KEYS)
    if refused:
        raise ApiKeyTooWide(permissions=sorted(refused))
    return sorted(asked)


def require_known(words: Collection[str]) -> None:
    """Refuse words that no key may ever hold, before anybody reviews them. Raises Invalid."""
    impossible = frozenset(words) - (permissions.ALL - permissions.NOT_OF_KEYS)
    if impossible:
        raise errors.Invalid("No API key holds these.", permissions=sorted(impossible))


def _ends_later(end: datetime | None, others: datetime | None) -> bool:
    return others is not None and (end is None or end > others)


def _told(end: datetime | None) -> str:
    return end.astimezone(UTC).isoformat() if end else ""
