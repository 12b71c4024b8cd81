"""Commands about profiles: what others write into what people say of themselves."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from accounts import queries as accounts
from accounts.queries import kept_profiles as queries
from accounts.services import avatars, kept_profiles, profile_editing
from accounts.services.profile_editing import Changes
from identity.actor import Actor
from invitations.commands.command import Command, Input, Result, Target, registry
from invitations.commands.users import user_facts


class EditProfile(Input, frozen=True):
    """A change of some parts; absent ones stay.

    `avatar` is a picture in a data URI, an address to fetch one from, or "" for none. Who sees a
    profile, where its user is notified and who invited it is the user's own to say.
    """

    user: UUID
    name: str | None = None
    full_name: str | None = None
    email: str | None = None
    phone: str | None = None
    locale: str | None = None
    metadata: dict[str, Any] | None = None
    postal_address: dict[str, Any] | None = None
    avatar: str | None = None


def edit(details: EditProfile, *, by: Actor, now: datetime) -> Result:
    """Change the profile."""
    kept_profiles.keep(
        user_id=accounts.user_id_of(details.user),
        changes=_changes(details),
        avatar=details.avatar,
        by=by,
        now=now,
    )
    return {"profile": {"user": str(details.user)}}


def _changes(details: EditProfile) -> Changes:
    given = msgspec.structs.asdict(details)
    return Changes(**{name: given[name] for name in given if name not in {"user", "avatar"}})


def _validate(details: EditProfile) -> None:
    kept_profiles.require_joined(accounts.user_id_of(details.user))
    profile_editing.require_valid(_changes(details))
    if details.avatar is not None:
        avatars.given(details.avatar)


def _edited(details: EditProfile) -> Target:
    return Target("profile", str(details.user), queries.version(details.user))


def _facts(details: EditProfile) -> Mapping[str, Any]:
    contact = (details.name, details.full_name, details.email, details.phone)
    return {
        **user_facts(details),
        "changes_contact": any(value is not None for value in contact),
    }


registry.add(
    Command(
        name="profile.edit",
        action="edit",
        resource="/users/{user}/profile",
        permission="users:edit",
        input=EditProfile,
        execute=edit,
        validate=_validate,
        target=_edited,
        facts=_facts,
    ),
)
