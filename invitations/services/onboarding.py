"""The operator's way in: inviting people from the shell, the first owner of a scope first."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.models.user import fold
from accounts.services import role_assignments, users
from identity import errors, ids
from identity.actor import Actor
from identity.services import audit
from invitations.commands import invitations as commands

OWNER_ROLES = ("super-admin", "workspace-owner")
OWNER_LIFE = timedelta(hours=1)


class OwnerExists(errors.DomainError):
    """Owners invite owners; the shell makes only the first one."""

    kind = errors.Kind.CONFLICT
    code = "scope.has-owner"
    title = "This scope has an active owner already."


def bootstrap_owner(*, email: str, by: Actor, now: datetime, is_recovery: bool = False) -> Any:
    """Invite the first owner for one hour; returns the bundle in our words.

    May be repeated until an active user is an owner; the older invitation then ends. Raises
    `OwnerExists` afterwards unless it is a recovery, which leaves an alarm event.
    """
    with transaction.atomic():
        owners = User.objects.filter(
            status=User.Status.ACTIVE, role_assignments__predefined__in=OWNER_ROLES
        )
        if owners.exists() and not is_recovery:
            raise OwnerExists(
                "Ask an owner for an invitation, or repeat with --recover if all owners are lost."
            )
        user = _user(email, by=by, now=now)
        for role in OWNER_ROLES:
            role_assignments.grant(user_id=user.id, role=role, by=by, now=now)
        audit.record(
            "owner.recovered" if owners.exists() else "owner.invited",
            by=by,
            subject=("user", str(user.id)),
            now=now,
            facts={"alarm": is_recovery},
        )
        return commands.issue(user, life=OWNER_LIFE, keeps_older=False, by=by, now=now)


def invite(
    *, email: str, role_names: list[str], by: Actor, now: datetime, life: timedelta | None = None
) -> Any:
    """Invite a person from the shell, making the user where there is none with this address."""
    with transaction.atomic():
        user = _user(email, by=by, now=now)
        for role in role_names:
            role_assignments.grant(user_id=user.id, role=role, by=by, now=now)
        return commands.issue(user, life=life, keeps_older=False, by=by, now=now)


def _user(email: str, *, by: Actor, now: datetime) -> User:
    known = User.objects.filter(username_folded=fold(email)).first()
    if known is not None:
        return known
    return users.create_invited(
        public_id=ids.new(),
        email=email,
        first_name="",
        last_name="",
        mobile="",
        customer_id="",
        by=by,
        now=now,
    )
