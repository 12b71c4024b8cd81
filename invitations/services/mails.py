"""Mails about invitations: queued with what they tell of, sent by a task, kept in a log."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from identity import ids
from identity.services import sealing
from invitations import links
from invitations.models import Invitation, InvitationMail

MOST_TRIES: Final = 5
_PURPOSE: Final = "invitation-mail.link"
_ENDED: Final = "the invitation has ended"

Queue = Callable[[UUID, UUID, int], None]
queues: list[Queue] = []
"""Called as `queue(scope_id, mail_id, seconds)`: filled at start by the room that knows tasks."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be sent; `context` may hold the link and must not be kept."""

    to: str
    template: str
    context: Mapping[str, Any]


def queue_notice(invitation: Invitation, *, now: datetime) -> None:
    """Ask for the mail that says an invitation exists. It holds no secret."""
    _queue(invitation, InvitationMail.Kind.NOTICE, sealed=None, mail_id=ids.new(), now=now)


def queue_link(invitation: Invitation, result: Mapping[str, Any], *, now: datetime) -> None:
    """Ask for the mail that brings the link; it waits sealed and is opened at sending only."""
    mail_id = ids.new()
    link = links.link_of(result)
    sealed = sealing.seal(link.encode(), purpose=_PURPOSE, subject=str(mail_id))
    _queue(invitation, InvitationMail.Kind.LINK, sealed=sealed, mail_id=mail_id, now=now)


def letter(mail_id: UUID, *, now: datetime) -> Letter | None:
    """What the task sends, or None when there is nothing to send any more."""
    with transaction.atomic():
        mail = _locked(mail_id)
        if mail is None:
            return None
        invitation = mail.invitation
        if mail.kind == InvitationMail.Kind.LINK and invitation.state_at(now) != "open":
            _end(mail, InvitationMail.State.FAILED, fault=_ENDED, now=now)
            return None
        context = {
            "name": invitation.user.first_name,
            "expires_at": invitation.expires_at.isoformat(),
        }
        if mail.sealed_link is None:
            return Letter(mail.to, "invited", context)
        link = sealing.unseal(bytes(mail.sealed_link), purpose=_PURPOSE, subject=str(mail.id))
    return Letter(mail.to, "invitation-link", context | {"link": link.decode()})


def sent(mail_id: UUID, *, now: datetime) -> None:
    """Note that the mail server took it; the link is gone from here."""
    with transaction.atomic():
        mail = _locked(mail_id)
        if mail is not None:
            mail.tries += 1
            _end(mail, InvitationMail.State.SENT, fault="", now=now)


def not_sent(mail_id: UUID, fault: str, *, now: datetime) -> None:
    """Note a failure; the mail is tried again after a while, five times in all.

    `fault` is the kind of error, without what the mail server said about whom.
    """
    with transaction.atomic():
        mail = _locked(mail_id)
        if mail is None:
            return
        mail.tries += 1
        mail.fault = fault[:128]
        if mail.tries >= MOST_TRIES:
            _end(mail, InvitationMail.State.FAILED, fault=mail.fault, now=now)
            return
        mail.save(update_fields=["tries", "fault"])
        _ask(mail, seconds=15 * 4 ** (mail.tries - 1))


def forget_links(*, now: datetime) -> int:
    """Empty what a lost task left of links whose invitation is over; how many those were."""
    is_over = Q(invitation__expires_at__lte=now) | ~Q(invitation__state=Invitation.State.OPEN)
    waiting = InvitationMail.objects.filter(is_over, state=InvitationMail.State.QUEUED)
    found = list(waiting.values_list("id", flat=True)[:1000])
    return InvitationMail.objects.filter(id__in=found, state=InvitationMail.State.QUEUED).update(
        state=InvitationMail.State.FAILED, fault=_ENDED, sealed_link=None, ended_at=now
    )


def _queue(
    invitation: Invitation,
    kind: InvitationMail.Kind,
    *,
    sealed: bytes | None,
    mail_id: UUID,
    now: datetime,
) -> None:
    if not invitation.user.email:
        return
    mail = InvitationMail.objects.create(
        id=mail_id,
        scope_id=invitation.scope_id,
        invitation=invitation,
        kind=kind,
        to=invitation.user.email,
        sealed_link=sealed,
        queued_at=now,
    )
    _ask(mail, seconds=0)


def _ask(mail: InvitationMail, *, seconds: int) -> None:
    for queue in queues:
        queue(mail.scope_id, mail.id, seconds)


def _locked(mail_id: UUID) -> InvitationMail | None:
    rows = InvitationMail.objects.select_for_update(of=("self",))
    rows = rows.select_related("invitation__user")
    return rows.filter(id=mail_id, state=InvitationMail.State.QUEUED).first()


def _end(mail: InvitationMail, state: InvitationMail.State, *, fault: str, now: datetime) -> None:
    mail.state = state
    mail.fault = fault
    mail.sealed_link = None
    mail.ended_at = now
    mail.save(update_fields=["state", "tries", "fault", "sealed_link", "ended_at"])
