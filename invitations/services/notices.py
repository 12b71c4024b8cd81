"""Mails about invitations, put on record. Only the one with the link, if asked for, is a secret."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from accounts.models import Device, User
from identity.crypto import check_code
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


def device_registered(user: User, device: Device, *, now: datetime) -> None:
    """Tell the account's owner that a device was registered."""
    mail.send(
        to=user.email,
        template="device-registered",
        context={
            "name": user.first_name,
            "device": device.name,
            "check_code": check_code.of_key(device.signature_key),
        },
        now=now,
    )


def joined(user: User, way: str, *, now: datetime) -> None:
    """Tell the invited person how the invitation was accepted, where no device was registered."""
    context = {"name": user.first_name, "way": _WAYS[way]}
    mail.send(to=user.email, template="joined", context=context, now=now)


_WAYS: Final[Mapping[str, str]] = {
    "wallet": "a wallet",
    "key": "a key of your own",
    "mail": "a code that was mailed to you",
    "provider": "an account at another provider",
}


def invitation_used_again(
    invitation: Invitation, administrators: list[User], *, now: datetime
) -> None:
    """Tell the person and the administrators that somebody else holds the invitation."""
    for user in (invitation.user, *administrators):
        mail.send(
            to=user.email,
            template="invitation-used-again",
            context={"username": invitation.user.username, "invitation": str(invitation.id)},
            now=now,
        )
