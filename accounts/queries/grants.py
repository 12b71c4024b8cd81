"""What a user may do now: the rights of its roles, and the actor they make."""

import functools
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import CharField, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast

from accounts import errors, rights
from accounts.models import Device, GroupMember, Role, RoleAssignment, StaffMembership, User
from accounts.rights import Rights
from identity import errors as refusals
from identity import permissions
from identity.actor import Actor, ActorKind
from identity.scoping import current, doors, prepared


@dataclass(frozen=True, slots=True)
class Grants:
    """Permission words, roots of resources to decide about, names of roles, ids of groups."""

    permissions: frozenset[str]
    approves: frozenset[str]
    roles: frozenset[str]
    groups: frozenset[str]


NOTHING = Grants(permissions.SELF_SERVICE, frozenset(), frozenset(), frozenset())
"""Of a user without roles: what everybody signed in may do."""

_BARE = Grants(frozenset(), frozenset(), frozenset(), frozenset())
"""Of whoever proved no more than one's own account, or holds an invitation."""
_ROLE, _GROUP = "role", "group"
_BOTH_ACTIVE = ("active", "active")


def _held(user: Any) -> QuerySet[Any, Any]:
    """One statement: a line for each role or rule of one, and a line for each group."""
    is_effective = Q(role__isnull=True) | Q(role__status=Role.Status.ACTIVE)
    roles = RoleAssignment.objects.filter(is_effective, user_id=user).values_list(
        Value(_ROLE, CharField()),
        "predefined",
        "role__name",
        "role__rules__resource",
        "role__rules__action",
        "role__rules__proposal_resource",
    )
    empty = Value("", CharField())
    groups = GroupMember.objects.filter(user_id=user).values_list(
        Value(_GROUP, CharField()),
        Cast("group__public_id", TextField()),
        *[empty] * 4,
    )
    return roles.union(groups, all=True)


_HELD = prepared.prepare(_held, "user")


def grants_of(user_id: UUID | None) -> Grants:
    """What a user of the scope in force is granted by its roles, in one statement.

    Disabled custom roles and words that this version does not know give nothing. Whether the user
    itself is active is not asked here.
    """
    lines = _HELD.rows(user=user_id) if user_id is not None else []
    if not lines:
        return NOTHING
    return _grants(frozenset(lines))


def of_registries(held: Grants) -> Grants:
    """What is left of rights in a session that onboards people: nothing but that."""
    return Grants(held.permissions & permissions.ONBOARDING, frozenset(), held.roles, held.groups)


@functools.lru_cache(maxsize=4096)
def _grants(lines: frozenset[tuple[str, ...]]) -> Grants:
    roles = {predefined or name for kind, predefined, name, *_ in lines if kind == _ROLE}
    groups = {str(UUID(line[1])) for line in lines if line[0] == _GROUP}
    held = rights.together(_rights(line) for line in lines if line[0] == _ROLE)
    return Grants(
        permissions=held.permissions | permissions.SELF_SERVICE,
        approves=held.approves,
        roles=frozenset(roles),
        groups=frozenset(groups),
    )


def _rights(line: tuple[str, ...]) -> Rights:
    _, predefined, _, resource, action, proposal_resource = line
    if predefined:
        return rights.of_predefined(predefined)
    if not resource:
        return Rights()
    return rights.of_stored_rule(resource, action, proposal_resource)


def actor_of_user(
    *,
    user_id: UUID,
    kind: ActorKind,
    device_id: UUID | None = None,
    now: datetime | None = None,
) -> Actor:
    """The user as an actor in the scope in force, with the rights it has now.

    For a device the device must still be accepted; the holder of an invitation need not be active
    yet and has no rights but its invitation's, and who was signed in none but over the own account
    and, as REGISTRY, to onboard people;
    staff may be an operator of the platform. With `now`, a program must not have expired. Raises
    `Missing` for an unknown user and `accounts.errors.UserInactive` for one who can't act any more.
    """
    user = User.objects.filter(id=user_id).first()
    if kind is ActorKind.STAFF:
        return _staff_again(user, user_id)
    if user is None:
        raise refusals.Missing("There is no such user.")
    if user.expires_at is not None and now is not None and user.expires_at <= now:
        raise errors.UserInactive
    if kind is ActorKind.INVITATION:
        return _invited(user, device_id)
    if kind in {ActorKind.SESSION, ActorKind.DEVELOPER, ActorKind.REGISTRY}:
        return _signed_in(user, kind)
    return _with_device(user, device_id)


def _signed_in(user: User, kind: ActorKind) -> Actor:
    """Whoever asked by a session, which need not go on, or by a developer's word."""
    if user.status != User.Status.ACTIVE:
        raise errors.UserInactive
    if kind is ActorKind.REGISTRY:
        return _actor(user, of_registries(grants_of(user.id)), kind=kind)
    return _actor(user, _BARE, kind=kind)


def staff_actor(user: User, *, scope_id: UUID) -> Actor:
    """A member of staff at work in a scope: its own with its roles, or any one as an operator.

    Raises `accounts.errors.UserInactive`, `Forbidden` in a foreign scope.
    """
    if user.is_operator:
        return operator(user.id, scope_id=scope_id)
    if not user.is_active:
        raise errors.UserInactive
    if user.scope_id != scope_id:
        raise refusals.Forbidden
    with current.in_scope(scope_id):
        if not user.is_staff and not _signs_in_elsewhere(user.id):
            raise errors.UserInactive
        return _actor(user, grants_of(user.id), kind=ActorKind.STAFF)


def member_actor(user_id: UUID, *, scope_id: UUID) -> Actor | None:
    """A member of staff of a scope as it acts there; None for who is none now."""
    with current.in_scope(scope_id):
        user = User.objects.filter(id=user_id).first()
        try:
            return None if user is None else staff_actor(user, scope_id=scope_id)
        except errors.UserInactive:
            return None


def operator(user_id: UUID, *, scope_id: UUID) -> Actor:
    """An operator of the platform at work in a scope, where it may do all but vote.

    Raises `accounts.errors.UserInactive` for whoever is no active operator of the platform now.
    """
    door = doors.staff_by_id(user_id)
    if door is None or not door.is_operator or (door.status, door.scope_status) != _BOTH_ACTIVE:
        raise errors.UserInactive
    with current.in_scope(door.scope_id):
        user = User.objects.get(id=user_id)
    return Actor(
        kind=ActorKind.STAFF,
        scope_id=scope_id,
        user_id=user.id,
        public_id=user.public_id,
        permissions=permissions.OPERATOR,
        is_operator=True,
    )


def _signs_in_elsewhere(user_id: UUID) -> bool:
    """Whether a login of another scope, still active there, was admitted as this user."""
    memberships = StaffMembership.objects.filter(user_id=user_id, dismissed_at__isnull=True)
    login_id = memberships.values_list("login_id", flat=True).first()
    door = doors.staff_by_id(login_id) if login_id else None
    return door is not None and (door.status, door.scope_status) == _BOTH_ACTIVE


def _staff_again(user: User | None, user_id: UUID) -> Actor:
    scope_id = current.required_scope()
    if user is not None:
        return staff_actor(user, scope_id=scope_id)
    door = doors.staff_by_id(user_id)
    if door is None or not door.is_operator:
        raise refusals.Missing("There is no such user.")
    return operator(user_id, scope_id=scope_id)


def _invited(user: User, device_id: UUID | None) -> Actor:
    if user.status == User.Status.DISABLED:
        raise errors.UserInactive
    # The one-time key opens one command, which asks for no right.
    return _actor(user, _BARE, kind=ActorKind.INVITATION, device_id=device_id)


def _with_device(user: User, device_id: UUID | None) -> Actor:
    if not user.is_active:
        raise errors.UserInactive
    accepted = [Device.Status.ACTIVE, Device.Status.UNVERIFIED]
    devices = Device.objects.filter(user=user, status__in=accepted)
    device = devices.filter(id=device_id).first() if device_id else None
    if device is None:
        raise errors.UserInactive("The device is not accepted any more.")
    return _actor(
        user,
        grants_of(user.id),
        kind=ActorKind.DEVICE,
        device_id=device.id,
        registered_at=int(device.registered_at.timestamp()),
    )


def _actor(
    user: User,
    grants: Grants,
    *,
    kind: ActorKind,
    device_id: UUID | None = None,
    registered_at: int | None = None,
) -> Actor:
    return Actor(
        kind=kind,
        scope_id=user.scope_id,
        user_id=user.id,
        public_id=user.public_id,
        device_id=device_id,
        permissions=grants.permissions,
        approves=grants.approves,
        roles=grants.roles,
        groups=grants.groups,
        is_program=user.kind == User.Kind.PROGRAM,
        device_registered_at=registered_at,
    )
