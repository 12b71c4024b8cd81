"""Who follows whom."""

from datetime import datetime
from typing import Final
from uuid import UUID

from accounts.models import Follow, User
from accounts.services import users, writing
from identity import errors as refusals
from identity.actor import Actor

MOST: Final = 5000


def follow(*, user_id: UUID, followed: UUID, by: Actor, now: datetime) -> bool:
    """Follow somebody; whether that is new. Raises `Missing`, `Invalid` for oneself, `Conflict`."""
    if user_id == followed:
        raise refusals.Invalid("Cannot follow yourself")
    with writing.of(by):
        user, other = _user(user_id), _user(followed)
        if Follow.objects.filter(follower=user).values_list("id")[MOST - 1 : MOST]:
            raise refusals.Conflict(f"Nobody follows more than {MOST} others.")
        _, is_new = Follow.objects.get_or_create(
            scope_id=by.scope_id, follower=user, followed=other, defaults={"since": now}
        )
        if is_new:
            users.record("user.followed", other, by=by, now=now)
    return is_new


def unfollow(*, user_id: UUID, followed: UUID, by: Actor, now: datetime) -> bool:
    """Follow somebody no longer; whether that changed anything. Raises `Missing`."""
    with writing.of(by):
        other = _user(followed)
        removed, _ = Follow.objects.filter(follower_id=user_id, followed=other).delete()
        if removed:
            users.record("user.unfollowed", other, by=by, now=now)
    return bool(removed)


def _user(user_id: UUID) -> User:
    user = User.objects.filter(id=user_id, status=User.Status.ACTIVE).first()
    if user is None:
        raise refusals.Missing("User not found")
    return user
