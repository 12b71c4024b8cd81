"""A new invitation in place of an old one, whose link then ends."""

from datetime import datetime
from typing import Any
from uuid import UUID

from identity import errors
from invitations.errors import PersonHasJoined
from invitations.models import Invitation
from invitations.services.governance import Step


def again(
    *,
    invitation_id: UUID,
    now: datetime,
    hours: int | None = None,
    mails_link: bool = False,
    is_for_further_device: bool = False,
) -> Step:
    """The command that invites the same person again, for the one door.

    Whatever became of the old invitation (open, expired, revoked, locked, refused): carrying the
    command out ends an open one. Raises `Missing`, `PersonHasJoined` for who has a device unless
    a further one is asked for, `Conflict` while a device waits for approval.
    """
    invitation = Invitation.objects.select_related("user").filter(id=invitation_id).first()
    if invitation is None or invitation.user.deleted_at is not None:
        raise errors.Missing("There is no such invitation.")
    if invitation.user.devices.exists() and not is_for_further_device:
        raise PersonHasJoined
    if invitation.state_at(now) == Invitation.State.PENDING:
        raise errors.Conflict("A device of this invitation waits for approval.")
    details: dict[str, Any] = {"user": str(invitation.user.public_id)}
    if hours is not None:
        details["life_minutes"] = hours * 60
    if mails_link:
        details["mails_link"] = True
    return Step("device.invite", details)
