"""Registries and those who belong to them: parts are given once and completed by onboardings."""

from datetime import datetime
from typing import Final
from uuid import UUID

from accounts import onboarding_errors as refusals
from accounts.models import LedgerAccount, RegistryMembership, User
from accounts.models.user import fold
from accounts.services import role_assignments, writing
from identity import errors
from identity.actor import Actor
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
        row, is_new = RegistryMembership.objects.get_or_create(
            user=user,
            defaults={
                "scope_id": by.scope_id,
                "role": role,
                "parent": parent,
                "created_at": now,
                "updated_at": now,
            },
        )
        if not is_new and row.role != role:
            raise errors.Conflict("This user has another part already.")
        if is_new:
            role_assignments.grant(user_id=user.id, role=ROLES[Role(role)], by=by, now=now)
            _record("registry-membership.created", row, by=by, now=now)
    return row


def complete(
    *,
    user: User,
    parent: User | None,
    account: LedgerAccount | None,
    topic_id: str,
    did: str,
    by: Actor,
    now: datetime,
) -> RegistryMembership:
    """Note what the onboarding of an enrolled user came to.

    Raises `AlreadyOnboarded`, `identity.errors.Missing`.
    """
    with writing.of(by):
        row = RegistryMembership.objects.select_for_update().filter(user=user).first()
        if row is None:
            raise errors.Missing("This user has no part in a registry.")
        if row.did is not None:
            raise refusals.AlreadyOnboarded
        row.parent, row.account, row.topic_id, row.did = parent, account, topic_id, did
        row.updated_at = now
        row.save(update_fields=["parent", "account", "topic_id", "did", "updated_at"])
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


def _ready(row: RegistryMembership | None) -> RegistryMembership:
    if row is None:
        raise refusals.ParentUnknown
    if row.did is None or not row.topic_id:
        raise refusals.ParentNotReady
    return row


def _record(name: str, row: RegistryMembership, *, by: Actor, now: datetime) -> None:
    facts = {"role": row.role, "parent": str(row.parent_id or ""), "did": row.did or ""}
    audit.record(name, by=by, subject=("user", str(row.user_id)), now=now, facts=facts)
