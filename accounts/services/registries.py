"""Registries and those who belong to them: parts are given once and completed by onboardings."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from accounts import onboarding_errors as refusals
from accounts.models import LedgerAccount, RegistryMembership, User
from accounts.models.user import fold
from accounts.services import role_assignments, standing, writing
from identity import errors
from identity.actor import Actor
from identity.scoping import inserts, prepared
from identity.services import audit

Role = RegistryMembership.Role

_PARTS: Final = prepared.prepare(
    lambda user: RegistryMembership.objects.filter(user=user).values_list("id"), "user"
)
_REGISTRY: Final = prepared.prepare(
    lambda user: RegistryMembership.objects.filter(
        user=user, user__status=User.Status.ACTIVE, role=Role.STANDARD_REGISTRY
    ),
    "user",
)
ROLES: Final = {
    Role.STANDARD_REGISTRY: "standard-registry",
    Role.USER: "onboarded-user",
    Role.AUDITOR: "auditor",
}
"""What each part may do: roles of `identity.permissions`."""


def enrol(
    *, user: User, role: str, parent: User | None = None, by: Actor, now: datetime
) -> RegistryMembership:
    """Give a user its part, once, and the role that goes with it.

    Raises `identity.errors.Conflict` for a user who has another part already.
    """
    with writing.of(by):
        earlier = _part_of(user, role)
        parent_id = None if parent is None else parent.id
        return earlier or _made(user, role, parent_id, by=by, now=now)


def complete(
    *,
    user: User,
    role: str,
    parent_id: UUID | None,
    account: LedgerAccount | None,
    topic_id: str,
    did: str,
    by: Actor,
    now: datetime,
) -> RegistryMembership:
    """Note what the onboarding of a user came to, and give the part to who has none yet.

    Raises `AlreadyOnboarded`, `identity.errors.Conflict` for a user who has another part.
    """
    with writing.of(by):
        found = {"account": account, "topic_id": topic_id, "did": did}
        row = _part_of(user, role)
        if row is None:
            return _made(user, role, parent_id, by=by, now=now, **found)
        if row.did is not None:
            raise refusals.AlreadyOnboarded
        for name, value in {**found, "parent_id": parent_id, "updated_at": now}.items():
            setattr(row, name, value)
        row.save(update_fields=[*found, "parent", "updated_at"])
        _record("registry-membership.completed", row, by=by, now=now)
    return row


def named(username: str) -> RegistryMembership:
    """The registry of this user name that can take users.

    Raises `ParentRequired`, `ParentUnknown` (also for who is no registry) and `ParentNotReady`.
    """
    if not username.strip():
        raise refusals.ParentRequired
    rows = RegistryMembership.objects.select_related("user").filter(
        user__username_folded=fold(username.strip()),
        user__status=User.Status.ACTIVE,
        role=Role.STANDARD_REGISTRY,
    )
    return _ready(rows.first())


def of_user(user_id: UUID) -> RegistryMembership:
    """The registry that this user is, if it can take users. Raises as `named`."""
    return _ready(_REGISTRY.instance(RegistryMembership, user=user_id))


def _part_of(user: User, role: str) -> RegistryMembership | None:
    if not _PARTS.rows(user=user.id):
        return None
    row = RegistryMembership.objects.select_for_update().filter(user=user).first()
    if row is not None and row.role != role:
        raise errors.Conflict("This user has another part already.")
    return row


def _made(
    user: User, role: str, parent_id: UUID | None, *, by: Actor, now: datetime, **found: Any
) -> RegistryMembership:
    row = RegistryMembership(
        scope_id=by.scope_id,
        user=user,
        role=role,
        parent_id=parent_id,
        created_at=now,
        updated_at=now,
        **found,
    )
    standing.hold_there(user.id, _refuse_user)
    inserts.insert_or_later(row, _refuse_part)
    role_assignments.grant_to(user, role=ROLES[Role(role)], by=by, now=now)
    _record("registry-membership.created", row, by=by, now=now)
    return row


def _refuse_user() -> None:
    raise errors.Missing("There is no such user.")


def _refuse_part() -> None:
    raise errors.Conflict("This user has a part already.")


def _ready(row: RegistryMembership | None) -> RegistryMembership:
    if row is None:
        raise refusals.ParentUnknown
    if row.did is None or not row.topic_id:
        raise refusals.ParentNotReady
    return row


def _record(name: str, row: RegistryMembership, *, by: Actor, now: datetime) -> None:
    facts = {"role": row.role, "parent": str(row.parent_id or ""), "did": row.did or ""}
    audit.record(name, by=by, subject=("user", str(row.user_id)), now=now, facts=facts)
