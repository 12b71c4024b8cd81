"""Staff: the platform's operators, and people of a scope who work in the admin."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

from accounts import errors
from accounts.models import User
from accounts.services import fields, passwords, role_assignments, users, writing
from identity import actor, ids
from identity import errors as refusals
from identity.actor import Actor
from identity.models import Scope
from identity.scoping import current, doors
from identity.services import refusals as floor_refusals
from identity.services import scopes

PLATFORM = "platform"
FIRST = "operator"


def ensure_platform(*, now: datetime) -> Scope:
    """The scope that operators belong to, made if it is not there.

    Raises `Conflict` when another scope has its slug.
    """
    found = doors.scope_by_slug(PLATFORM)
    if found is None:
        try:
            return scopes.create(slug=PLATFORM, name="Platform", now=now, is_platform=True)
        except (floor_refusals.SlugTaken, floor_refusals.PlatformTaken):
            found = doors.scope_by_slug(PLATFORM)
    if found is None:
        raise refusals.Conflict("The platform's scope has another slug.")
    with current.in_scope(found.scope_id):
        scope = Scope.objects.get(id=found.scope_id)
    if not scope.is_platform:
        raise refusals.Conflict("The slug of the platform's scope is taken by another.")
    return scope


def ensure_first(*, now: datetime) -> str | None:
    """Make the first operator where there is none; its password, or None.

    The password is random, shown once and stored as a verifier only.
    """
    platform = ensure_platform(now=now)
    if doors.operator_count():
        return None
    password = secrets.token_urlsafe(18)
    try:
        add_operator(username=FIRST, password=password, by=actor.system(platform.id), now=now)
    except errors.NameTaken:
        # Another process was first, or the operator of this name is disabled.
        return None
    return password


def add_operator(*, username: str, password: str, by: Actor, now: datetime) -> User:
    """Make an operator: works in every scope's admin, votes in none.

    The actor is in the platform's scope. Raises `Forbidden` elsewhere, and what `add_staff` raises.
    """
    verifier = passwords.make_verifier(password)
    with writing.of(by):
        if not Scope.objects.filter(id=by.scope_id, is_platform=True).exists():
            raise refusals.Forbidden("Operators belong to the platform's scope.")
        user = _new(username, verifier, {}, by=by, now=now)
        user.is_operator = True
        _insert(user)
        users.record("operator.added", user, by=by, now=now, username=user.username)
    return user


def add_staff(
    *,
    username: str,
    password: str,
    email: str,
    first_name: str,
    last_name: str,
    roles: Sequence[str],
    by: Actor,
    now: datetime,
) -> User:
    """Make an active person of the actor's scope who signs in to the admin with a password.

    What it may do there is what its `roles` give. Raises `accounts.errors.NameTaken`,
    `RoleUnknown`, `GrantTooWide`, `PasswordUnfit` and `identity.errors.Invalid`.
    """
    values = {"first_name": first_name, "last_name": last_name}
    values = users.checked(values | ({"email": email} if email else {}))
    verifier = passwords.make_verifier(password)
    with writing.of(by):
        user = _new(username, verifier, values, by=by, now=now)
        _insert(user)
        for role in roles:
            role_assignments.check_grant(by, role)
            role_assignments.add(user, role_assignments.resolve(role), by=by, now=now)
        users.record("staff.added", user, by=by, now=now, username=user.username, roles=[*roles])
    return user


def _new(
    username: str, verifier: str, values: Mapping[str, str], *, by: Actor, now: datetime
) -> User:
    user = users.new(ids.new(), fields.username(username), values, by=by, now=now)
    user.status = User.Status.ACTIVE
    user.is_staff = True
    user.password = verifier
    return user


def _insert(user: User) -> None:
    _, is_new = users.insert_once(user)
    if not is_new:
        raise errors.NameTaken
