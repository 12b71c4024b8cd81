"""Mails about invitations, in the log of all mail."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Q

from identity.models import SentMail
from identity.services import mail
from invitations import links
from invitations.models import Invitation

NOTICE: Final = "invited"
LINK: Final = "invitation-link"
_PURPOSE: Final = "invitation"


def queue_notice(invitation: Invitation, *, now: datetime) -> None:
    """Ask for the mail that says an invitation exists. It holds no secret."""
    _queue(invitation, NOTICE, {}, now=now)


def queue_link(invitation: Invitation, result: Mapping[str, Any], *, now: datetime) -> None:
    """Ask for the mail that brings the link, which waits sealed and is sent while it is of use."""
    _queue(invitation, LINK, {"link": links.link_of(result)}, now=now)


def is_link_wanted(invitation_id: UUID, now: datetime) -> bool:
    """Whether a link still leads somewhere; asked when it is about to be sent."""
    invitation = Invitation.objects.filter(id=invitation_id).first()
    return invitation is not None and invitation.state_at(now) == Invitation.State.OPEN


def forget_links(*, now: datetime) -> int:
    """Empty what a lost task left of links whose invitation is over; how many those were."""
    waiting = SentMail.objects.filter(state=SentMail.State.QUEUED, about__isnull=False)
    is_over = Q(expires_at__lte=now) | ~Q(state=Invitation.State.OPEN)
    over = Invitation.objects.filter(is_over, id__in=waiting.values("about"))
    return mail.give_up(list(over.values_list("id", flat=True)[:1000]), now=now)


def _queue(
    invitation: Invitation, template: str, more: Mapping[str, Any], *, now: datetime
) -> None:
    context = {
        "name": invitation.user.first_name,
        "expires_at": f"{invitation.expires_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        **more,
    }
    mail.send(
        to=invitation.user.email,
        template=template,
        context=context,
        purpose=_PURPOSE,
        about=invitation.id,
        useful_until=invitation.expires_at,
        now=now,
    )
