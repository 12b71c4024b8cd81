"""Profiles as they are read over the API of our own, of those who have none yet too."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from accounts import queries
from accounts.models import Profile
from accounts.queries import avatars, profiles
from identity import errors
from identity.actor import Actor


@dataclass(frozen=True, slots=True)
class Kept:
    """What a user says of itself, in the words in which it is stored.

    Who has no profile yet is shown with the names and the address of the account; `address` is
    empty then, and `updated_at` None.
    """

    user: UUID
    address: str = ""
    name: str = ""
    full_name: str = ""
    email: str = ""
    is_email_verified: bool = False
    phone: str = ""
    is_phone_verified: bool = False
    locale: str = ""
    avatar: UUID | None = None
    inviter: str = ""
    generation: int = 0
    metadata: Mapping[str, Any] = field(default_factory=dict)
    postal_address: Mapping[str, Any] = field(default_factory=dict)
    privacy: Mapping[str, Any] = field(default_factory=dict)
    notifications: Mapping[str, Any] = field(default_factory=dict)
    updated_at: datetime | None = None


_COPIED: Final = tuple(each.name for each in fields(Kept) if each.name != "user")


def of_user(public_id: UUID) -> Kept:
    """The profile of a user who is not deleted. Raises `Missing`."""
    row = profiles.profile(queries.user_id_of(public_id))
    if row is not None:
        return Kept(public_id, **{name: getattr(row, name) for name in _COPIED})
    user = queries.user(public_id)
    full_name = f"{user.first_name} {user.last_name}".strip()
    return Kept(public_id, full_name=full_name, email=user.email)


def own(actor: Actor) -> Kept:
    """The actor's own. Raises `Missing`."""
    if actor.public_id is None:
        raise errors.Missing("There is no such user.")
    return of_user(actor.public_id)


def picture_of(public_id: UUID) -> bytes:
    """The picture of a user, as PNG. Raises `Missing`."""
    shown = of_user(public_id).avatar
    stored = None if shown is None else avatars.stored(shown)
    if stored is None:
        raise errors.Missing("There is no picture.")
    return stored.png


def version(public_id: UUID) -> int:
    """A number that is another one after each change of a profile. Raises `Missing`."""
    rows = Profile.objects.filter(user_id=queries.user_id_of(public_id))
    changed_at = rows.values_list("updated_at", flat=True).first()
    return 0 if changed_at is None else int(changed_at.timestamp() * 1_000_000)
