"""Who holds which role: granted no wider than one's own rights, kept by the last owner."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from accounts import errors, rights
from accounts.models import Role, RoleAssignment, Rule, User
from accounts.services import owners, users, writing
from identity import errors as refusals
from identity import permissions
from identity.actor import Actor, ActorKind
from identity.scoping import inserts
from identity.services import audit


@dataclass(frozen=True, slots=True)
class Named:
    """A role as callers name it: a predefined one by its name, a custom one by its id."""

    predefined: str
    custom: Role | None

    @property
    def name(self) -> str:
        """What review expressions and people call it."""
        return self.custom.name if self.custom else self.predefined


def resolve(role: str) -> Named:
    """The role of this name (predefined) or id (custom). Raises `accounts.errors.RoleUnknown`."""
    if role in permissions.PREDEFINED_ROLES:
        return Named(role, None)
    try:
        public_id = UUID(role)
    except ValueError:
        raise errors.RoleUnknown(role=role) from None
    custom = Role.objects.filter(public_id=public_id).first()
    if custom is None:
        raise errors.RoleUnknown(role=role)
    return Named("", custom)


def names_of(user_id: UUID) -> list[str]:
    """The names of the active roles that a user holds, the one that was granted first first."""
    rows = RoleAssignment.objects.filter(user_id=user_id).select_related("role")
    return [
        row.role.name if row.role else row.predefined
        for row in rows.order_by("id")
        if row.role is None or row.role.status == Role.Status.ACTIVE
    ]


def rights_of(role: Named) -> rights.Rights:
    """What the role gives, also while it is disabled."""
    if role.custom is None:
        return rights.of_predefined(role.predefined)
    held = Rule.objects.filter(role_rules__role=role.custom)
    rows = held.values_list("resource", "action", "proposal_resource")
    return rights.together(rights.of_stored_rule(*row) for row in rows)


def check_grant(by: Actor, role: str) -> None:
    """Refuse a grant that is wider than the granter's own rights; only a review allows that.

    Raises `accounts.errors.GrantTooWide`, `RoleUnknown`.
    """
    check_rights(by, rights_of(resolve(role)))


def check_rights(by: Actor, given: rights.Rights) -> None:
    """Refuse to give rights that the giver does not hold. Raises `accounts.errors.GrantTooWide`.

    The platform's own shell may give everything: it makes the first owner.
    """
    if by.kind is ActorKind.SYSTEM:
        return
    if given.exceed(rights.Rights(by.permissions, by.approves)):
        raise errors.GrantTooWide


def grant(*, user_id: UUID, role: str, by: Actor, now: datetime) -> bool:
    """Give a user a role; False if it was held already.

    How wide it is was checked before: see `check_grant`. Raises `Missing`, `Conflict` for a
    disabled role, `accounts.errors.RoleUnknown`.
    """
    with writing.of(by):
        return grant_to(users.locked(user_id), role=role, by=by, now=now)


def grant_to(user: User, *, role: str, by: Actor, now: datetime) -> bool:
    """As `grant`; the caller holds the user's row. Raises `Conflict`, `RoleUnknown`."""
    named = resolve(role)
    is_new = add(user, named, by=by, now=now)
    if is_new:
        _record("role.granted", user, named, by=by, now=now)
    return is_new


def add(user: User, role: Named, *, by: Actor, now: datetime) -> bool:
    """Store an assignment, once; records nothing. The caller holds the user's row."""
    if role.custom is not None and role.custom.status != Role.Status.ACTIVE:
        raise refusals.Conflict("This role is disabled.")
    row = RoleAssignment(
        scope_id=by.scope_id,
        user=user,
        predefined=role.predefined,
        role=role.custom,
        granted_at=now,
        granted_by=by.user_id,
    )
    return inserts.insert_unless_there(row)


def withdraw(*, user_id: UUID, role: str, by: Actor, now: datetime) -> None:
    """Take a role from a user.

    Raises `Missing`, also when the user does not hold it, `accounts.errors.RoleUnknown`,
    `LastOwner`.
    """
    with writing.of(by):
        user = users.locked(user_id)
        named = resolve(role)
        assignment = _held(user, named).first()
        if assignment is None:
            raise refusals.Missing("The user does not hold this role.")
        owners.require_another_role_than(assignment)
        assignment.delete()
        _record("role.withdrawn", user, named, by=by, now=now)


def _held(user: User, role: Named) -> QuerySet[RoleAssignment]:
    if role.custom is None:
        return RoleAssignment.objects.filter(user=user, predefined=role.predefined)
    return RoleAssignment.objects.filter(user=user, role=role.custom)


def _record(name: str, user: User, role: Named, *, by: Actor, now: datetime) -> None:
    facts = {"role": role.name}
    if role.custom is not None:
        facts["role_id"] = str(role.custom.public_id)
    audit.record(name, by=by, subject=("user", str(user.id)), now=now, facts=facts)
