"""How staff signs in to the admin: the roof's door, so it reads the clock."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.backends import BaseBackend

from accounts.errors import PasswordRefused
from accounts.models import User
from accounts.models.user import fold
from accounts.queries import staff
from accounts.services import passwords, users
from identity import ids
from identity.actor import Actor, ActorKind
from identity.scoping import current, doors
from identity.scoping.doors import StaffDoor
from identity.web import client_ip

_ACTIVE = "active"


class StaffBackend(BaseBackend):
    """Active staff of an active scope, by user name and password."""

    def authenticate(
        self,
        request: Any,
        username: str | None = None,
        password: str | None = None,
        scope: str = "",
        **credentials: Any,
    ) -> User | None:
        """The user, or None for every reason alike and after comparable time.

        `username` is a name in the scope of the slug `scope`, or `slug/name`; operators write the
        name alone. Raises `accounts.errors.Busy` when too many passwords are being checked, and
        `TooManyWrongPasswords` when too many wrong ones came from the request's address. Where a
        second step is still due, the caller asks for it and notes the sign-in.
        """
        del credentials
        if username is None or password is None:
            return None
        door = _door(username, scope)
        now = datetime.now(UTC)
        with current.in_scope(door.scope_id if door else ids.new()):
            try:
                passwords.check(
                    user_id=door.user_id if door else None,
                    password=password,
                    now=now,
                    address=client_ip.of(request.META) if request is not None else "",
                )
            except PasswordRefused:
                return None
            user = _row(door)
            if user is not None and not staff.is_second_step_due(user):
                users.note_sign_in(user=user, by=_actor(user), now=now)
            return user

    def get_user(self, user_id: UUID) -> User | None:
        """The user of a session, as long as user and scope are active."""
        door = doors.staff_by_id(user_id)
        with current.in_scope(door.scope_id if door else ids.new()):
            return _row(door)


def _door(username: str, scope: str) -> StaffDoor | None:
    slug, name = scope, username
    if not scope and "/" in username:
        slug, name = username.split("/", 1)
    if not _is_storable(slug + name):
        return None
    return doors.staff_by_login(slug, fold(name))


def _is_storable(text: str) -> bool:
    # No stored name holds these, and not every database can be asked for them.
    return len(text) <= 1024 and not any(
        sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in text
    )


def _row(door: StaffDoor | None) -> User | None:
    if door is None or door.status != _ACTIVE or door.scope_status != _ACTIVE:
        return None
    user = User.objects.filter(id=door.user_id, is_staff=True, status=_ACTIVE).first()
    if user is not None:
        user.scope_slug = door.scope_slug
    return user


def _actor(user: User) -> Actor:
    return Actor(
        kind=ActorKind.STAFF,
        scope_id=user.scope_id,
        user_id=user.id,
        public_id=user.public_id,
        is_operator=user.is_operator,
    )
