"""The alarm of an invitation that a second holder brings."""

import contextlib
import hmac
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts import electors
from accounts.errors import LastOwnerDevice
from accounts.models import User
from accounts.services import devices
from identity import errors
from identity.actor import Actor
from identity.services import audit, scopes
from invitations.models import Invitation
from invitations.services import notices

ALARM_ROLES: Final = ("super-admin", "workspace-owner", "security-officer")


def raise_if_others_used(invitation_id: UUID, digest: str, *, by: Actor, now: datetime) -> None:
    """Say loudly, once, if an invitation that somebody brings was used by another's proof."""
    found = Invitation.objects.filter(id=invitation_id).first()
    if found is None or found.state not in {Invitation.State.USED, Invitation.State.PENDING}:
        return
    if not hmac.compare_digest(found.keys_digest, digest):
        raise_for(found, by=by, now=now)


def raise_for(invitation: Invitation, *, by: Actor, now: datetime) -> None:
    """Somebody else holds this invitation too: say so loudly, once.

    Where the scope wants it, the device that came first is suspended.
    """
    with transaction.atomic(), audit.gathered():
        first = Invitation.objects.filter(id=invitation.id, alarmed_at__isnull=True).update(
            alarmed_at=now
        )
        if not first:
            return
        if scopes.settings().suspend_on_alarm and invitation.device_id is not None:
            _suspend(invitation, by=by, now=now)
        audit.record(
            "invitation.used-again",
            by=by,
            subject=("invitation", str(invitation.id)),
            now=now,
            facts={"alarm": True, "user": str(invitation.user_id)},
        )
        notices.invitation_used_again(invitation, administrators(), now=now)


def _suspend(invitation: Invitation, *, by: Actor, now: datetime) -> None:
    # Whoever holds a copy of an approver's invitation must not be able to shut the approver out:
    # with too few of them left, policies would step back.
    device_id = invitation.device_id
    approvers = electors.everybody(now).people
    is_approver = any(person.user_id == invitation.user_id for person in approvers)
    if device_id is None or is_approver:
        return
    with contextlib.suppress(LastOwnerDevice, errors.Conflict), transaction.atomic():
        devices.suspend(device_id=device_id, reason="invitation used again", by=by, now=now)


def administrators() -> list[User]:
    """Active users who may revoke devices: who should hear of an alarm."""
    holders = User.objects.filter(
        status=User.Status.ACTIVE, role_assignments__predefined__in=ALARM_ROLES
    )
    return list(holders.distinct())
