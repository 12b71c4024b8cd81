"""Notices by mail about invitations. They hold no secret."""

from accounts.models import User
from identity.services import mail
from invitations.models import Invitation


def invited(invitation: Invitation) -> None:
    """Tell the invited person that an invitation exists, so that theft can be noticed."""
    mail.send(
        to=invitation.user.email,
        template="invited",
        context={
            "name": invitation.user.first_name,
            "expires_at": invitation.expires_at.isoformat(),
        },
    )


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
