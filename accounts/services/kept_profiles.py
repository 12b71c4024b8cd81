"""Profiles as they are kept over the API of our own: words and picture change together."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts import errors
from accounts.models import User
from accounts.services import avatars, notification_tests, profile_editing, writing
from accounts.services.avatars import Picture
from accounts.services.profile_editing import Changes
from identity import errors as refusals
from identity.actor import Actor


def keep(*, user_id: UUID, changes: Changes, avatar: str | None, by: Actor, now: datetime) -> None:
    """Change a profile and, where `avatar` is given, its picture: all of it or nothing.

    `avatar` is what `avatars.given` takes; a picture at an address is fetched by a task later.
    Raises `Missing`, `Invalid`, `identity.services.outside.AddressRefused`,
    `accounts.errors.UserInactive` for somebody who has not joined yet, `NameTaken`,
    `TooManyGenerations`.
    """
    picture = None if avatar is None else avatars.given(avatar)
    _require_callable(changes.notifications or {})
    with writing.of(by):
        require_joined(user_id)
        profile_editing.edit(user_id=user_id, changes=changes, by=by, now=now)
        if isinstance(picture, Picture):
            avatars.store(user_id=user_id, picture=picture, by=by, now=now)
        elif picture:
            avatars.request(user_id=user_id, url=picture, by=by)
        elif picture is not None:
            avatars.remove(user_id=user_id, by=by, now=now)


def require_joined(user_id: UUID) -> None:
    """Refuse a profile of somebody who is only invited. Raises `Missing`, `UserInactive`."""
    # A profile is a sign that somebody has begun, and decides what enabling an account makes of it.
    rows = User.objects.filter(id=user_id, deleted_at__isnull=True)
    status = rows.values_list("status", flat=True).first()
    if status is None:
        raise refusals.Missing("There is no such user.")
    if status == User.Status.INVITED:
        raise errors.UserInactive("Whoever is invited has a profile from joining on.")


def _require_callable(notifications: Mapping[str, Any]) -> None:
    for each in notifications.get("webhooks", ()):
        notification_tests.require_callable(each["url"])
