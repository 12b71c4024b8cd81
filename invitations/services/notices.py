"""Mails about invitations, put on record. Only the one with the link, if asked for, is a secret."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.models import User
from identity.services import mail
from invitations.models import Invitation
from invitations.services import mails


def invited(invitation: Invitation, *, now: datetime) -> None:
    """Tell the invited person that an invitation exists, so that theft can be noticed."""
    mails.queue_notice(invitation, now=now)


def link(invitation_id: UUID, result: Mapping[str, Any], *, now: datetime) -> None:
    """Send the invited person the link; `result` is what the command answers, secrets included."""
    invitation = Invitation.objects.select_related("user").get(id=invitation_id)
    mails.queue_link(invitation, result, now=now)


def device_registered(user: User, device_name: str, check_code: str) -> None:
    """Tell the account's owner that a device was registered."""
    mail.send(
        to=user.email,
        template="device-registered",
        context={"name": user.first_name, "device": device_name, "check_code": check_code},
    )


def invitation_used_again(invitation: Invitation, administrators: list[User]) -> None:
    """Tell the person and the administrators that somebody else holds the invitation."""
    for user in (invitation.user, *administrators):
        mail.send(
            to=user.email,
            template="invitation-used-again",
            context={"username": invitation.user.username, "invitation": str(invitation.id)},
        )
