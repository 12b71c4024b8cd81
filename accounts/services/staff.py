"""Staff of a scope: admitted from its own people or by a login of another scope, and dismissed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts import errors
from accounts.models import StaffMembership, User
from accounts.models.user import fold
from accounts.services import fields, role_assignments, users, writing
from identity import errors as refusals
from identity import ids
from identity.actor import Actor
from identity.scoping import current, doors


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody who signs in to the admin in another scope. `name` is `slug/user name`."""

    user_id: UUID
    name: str


def login(name: str) -> Login:
    """The active member of staff who signs in as `slug/user name` in another scope than this.

    Operators are none: they work everywhere, and vote nowhere. Raises `Missing` for all others.
    """
    slug, slash, username = name.strip().partition("/")
    door = doors.staff_by_login(slug, fold(username)) if slug and slash else None
    is_fit = (
        door is not None
        and (door.status, door.scope_status) == ("active", "active")
        and not door.is_operator
        and door.scope_id != current.required_scope()
    )
    if door is None or not is_fit:
        raise refusals.Missing("There is no such login of another scope.")
    return Login(door.user_id, fields.line(f"{slug}/{username}", name="login", most=320, least=3))


def admit(*, user_id: UUID, by: Actor, now: datetime) -> User:
    """Let a person of this scope in to its admin, with the account's password. Again is the same.

    Raises `Missing`, and `Conflict` for a program, for somebody who is not active and for a user
    who signs in elsewhere.
    """
    with writing.of(by):
        user = users.locked(user_id)
        if user.kind != User.Kind.PERSON or not user.is_active:
            raise refusals.Conflict("Only an active person can be staff.")
        if StaffMembership.objects.filter(user_id=user_id).exists():
            raise refusals.Conflict("This user signs in in another scope: name that login.")
        if not user.is_staff:
            User.objects.filter(id=user_id).update(is_staff=True, updated_at=now)
            users.record("staff.admitted", user, by=by, now=now)
    return user


def admit_login(
    *, public_id: UUID, name: str, roles: Sequence[str], by: Actor, now: datetime
) -> User:
    """Let a login of another scope work here, as a user of its own with these roles.

    It is never tied to somebody who is here already: it would act in that person's name. Who was
    dismissed comes back as the user it was, and must be named by that one's id. How wide the roles
    are was checked before. Raises `Missing` for an unknown login, `Conflict`,
    `accounts.errors.NameTaken`, `RoleUnknown`.
    """
    known = login(name)
    with writing.of(by):
        user = _acting_as(known, public_id, by=by, now=now)
        for role in roles:
            role_assignments.add(user, role_assignments.resolve(role), by=by, now=now)
        users.record("staff.admitted", user, by=by, now=now, login=known.name, roles=[*roles])
    return user


def dismiss(*, user_id: UUID, by: Actor, now: datetime) -> None:
    """Shut somebody out of the scope's admin from the next request on; the user itself stays.

    Raises `Missing` for who is no staff here, `Conflict` for operators.
    """
    with writing.of(by):
        user = users.locked(user_id)
        if user.is_operator:
            raise refusals.Conflict("An operator is disabled, not dismissed.")
        here = StaffMembership.objects.filter(user_id=user_id, dismissed_at__isnull=True)
        was_linked = here.update(dismissed_at=now)
        was_staff = User.objects.filter(id=user_id, is_staff=True).update(
            is_staff=False, updated_at=now
        )
        if not was_linked and not was_staff:
            raise refusals.Missing("This is no member of staff here.")
        users.record("staff.dismissed", user, by=by, now=now)


def _acting_as(known: Login, public_id: UUID, *, by: Actor, now: datetime) -> User:
    earlier = StaffMembership.objects.select_for_update().filter(login_id=known.user_id).first()
    if earlier is not None:
        user = users.locked(earlier.user_id)
        if user.public_id != public_id:
            raise refusals.Conflict(
                "This login is known here as another user; name that one.",
                user=str(user.public_id),
            )
        StaffMembership.objects.filter(id=earlier.id).update(dismissed_at=None, admitted_at=now)
        return user
    user = users.new(public_id, fields.username(known.name[:254]), {}, by=by, now=now)
    user.status = User.Status.ACTIVE
    user, is_new = users.insert_once(user)
    if not is_new:
        raise errors.NameTaken
    StaffMembership.objects.create(
        id=ids.new(),
        scope_id=by.scope_id,
        login_id=known.user_id,
        login_name=known.name,
        user=user,
        admitted_at=now,
        admitted_by=by.user_id,
    )
    return user
