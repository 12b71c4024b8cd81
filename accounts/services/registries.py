"""Registries and those who belong to them: parts are given once and completed by onboardings."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts import onboarding_errors as refusals
from accounts.models import LedgerAccount, RegistryMembership, User
from accounts.models.user import fold
from accounts.services import role_assignments, writing
from identity import errors
from identity.actor import Actor
from identity.scoping import inserts
from identity.services import audit

Role = RegistryMembership.Role

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
        return earlier or _made(user, role, parent, by=by, now=now)


def complete(
    *,
    user: User,
    role: str,
    parent: User | None,
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
            return _made(user, role, parent, by=by, now=now, **found)
        if row.did is not None:
            raise refusals.AlreadyOnboarded
        for name, value in {**found, "parent": parent, "updated_at": now}.items():
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
    rows = RegistryMembership.objects.select_related("user").filter(
        user_id=user_id, user__status=User.Status.ACTIVE, role=Role.STANDARD_REGISTRY
    )
    return _ready(rows.first())


def _part_of(user: User, role: str) -> RegistryMembership | None:
    row = RegistryMembership.objects.select_for_update().filter(user=user).first()
    if row is not None and row.role != role:
        raise errors.Conflict("This user has another part already.")
    return row


def _made(
    user: User, role: str, parent: User | None, *, by: Actor, now: datetime, **found: Any
) -> RegistryMembership:
    row = RegistryMembership(
        scope_id=by.scope_id,
        user=user,
        role=role,
        parent=parent,
        created_at=now,
        updated_at=now,
        **found,
    )
    try:
        with transaction.atomic():
            inserts.insert(row)
    except IntegrityError:
        raise errors.Conflict("This user has a part already.") from None
    role_assignments.grant(user_id=user.id, role=ROLES[Role(role)], by=by, now=now)
    _record("registry-membership.created", row, by=by, now=now)
    return row


def _ready(row: RegistryMembership | None) -> RegistryMembership:
    if row is None:
        raise refusals.ParentUnknown
    if row.did is None or not row.topic_id:
        raise refusals.ParentNotReady
    return row


def _record(name: str, row: RegistryMembership, *, by: Actor, now: datetime) -> None:
    facts = {"role": row.role, "parent": str(row.parent_id or ""), "did": row.did or ""}
    audit.record(name, by=by, subject=("user", str(row.user_id)), now=now, facts=facts)
