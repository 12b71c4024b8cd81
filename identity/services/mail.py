"""Mail: asked for and put in the log in one transaction, sent by a task after it."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from identity import ids
from identity.models import SentMail
from identity.scoping import current
from identity.services import batches, resealing, sealing

MOST_TRIES: Final = 5
KEPT: Final = timedelta(days=90)
TOO_LATE: Final = "not sent in time"
NOT_WANTED: Final = "what it is about has ended"
_SEALED_AS: Final = "sent-mail.context"
SEALED: Final = resealing.column(SentMail, "sealed_context", purpose=_SEALED_AS)
_BATCH: Final = 5000

Queue = Callable[[UUID, UUID, int], None]
queues: list[Queue] = []
"""Called as `queue(scope_id, mail_id, seconds)`: filled at start by the room that knows tasks."""


still_wanted: dict[str, Callable[[UUID, datetime], bool]] = {}
"""By template: whether a mail about this object is still to be sent; rooms above add theirs."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a task sends; `context` may hold a code and must not be kept."""

    to: str
    template: str
    context: Mapping[str, Any] = field(repr=False)


def send(
    *,
    to: str,
    template: str,
    context: Mapping[str, Any],
    now: datetime,
    purpose: str = "",
    useful_until: datetime | None = None,
    about: UUID | None = None,
) -> None:
    """Ask for one message in the caller's transaction; nothing is sent if that rolls back.

    `template` names `templates/mail/<template>.txt`, whose first line is the subject. `context` is
    sealed until the message is sent and then forgotten. `about` is the invitation that it is about.
    An empty address is passed over.
    """
    if not to:
        return
    mail_id = ids.new()
    sealed = sealing.seal(
        json.dumps(dict(context)).encode(), purpose=_SEALED_AS, subject=str(mail_id)
    )
    row = SentMail(
        id=mail_id,
        scope_id=current.required_scope(),
        template=template,
        purpose=purpose or template,
        recipient=to,
        sealed_context=sealed,
        queued_at=now,
        useful_until=useful_until,
        about=about,
    )
    with transaction.atomic():
        row.save(force_insert=True)
        _ask(row, seconds=0)


def letter(mail_id: UUID, *, now: datetime) -> Letter | None:
    """What the task sends, or None when there is nothing to send any more."""
    with transaction.atomic():
        row = _locked(mail_id)
        if row is None:
            return None
        if row.useful_until is not None and row.useful_until <= now:
            _end(row, SentMail.State.FAILED, fault=TOO_LATE, now=now)
            return None
        is_wanted = still_wanted.get(row.template)
        if is_wanted is not None and row.about is not None and not is_wanted(row.about, now):
            _end(row, SentMail.State.FAILED, fault=NOT_WANTED, now=now)
            return None
        sealed = bytes(row.sealed_context or b"")
        context = sealing.unseal(sealed, purpose=_SEALED_AS, subject=str(row.id))
    return Letter(row.recipient, row.template, json.loads(context))


def sent(mail_id: UUID, *, now: datetime) -> None:
    """Note that the mail server took it; what it said is gone from here."""
    with transaction.atomic():
        row = _locked(mail_id)
        if row is not None:
            row.tries += 1
            _end(row, SentMail.State.SENT, fault="", now=now)


def not_sent(mail_id: UUID, fault: str, *, now: datetime) -> None:
    """Note a failure; the mail is tried again after 15 seconds and more, five times in all.

    `fault` is the kind of error, without what the mail server said about whom.
    """
    with transaction.atomic():
        row = _locked(mail_id)
        if row is None:
            return
        row.tries += 1
        row.fault = fault[:128]
        if row.tries >= MOST_TRIES:
            _end(row, SentMail.State.FAILED, fault=row.fault, now=now)
            return
        row.save(update_fields=["tries", "fault"])
        _ask(row, seconds=15 * 4 ** (row.tries - 1))


def give_up_late(*, now: datetime) -> int:
    """In every scope: end what a lost task left and is of no use any more; how many those were."""
    with current.across_scopes(why="mail that is too late is given up in every scope"):
        late = SentMail.objects.filter(state=SentMail.State.QUEUED, useful_until__lte=now)
        found = list(late.values_list("id", flat=True)[:_BATCH])
        return SentMail.objects.filter(id__in=found, state=SentMail.State.QUEUED).update(
            state=SentMail.State.FAILED, fault=TOO_LATE, sealed_context=None, ended_at=now
        )


def give_up(about: Collection[UUID], *, now: datetime) -> int:
    """End what waits about these objects of the scope in force; how many mails those were."""
    waiting = SentMail.objects.filter(about__in=about, state=SentMail.State.QUEUED)
    return waiting.update(
        state=SentMail.State.FAILED, fault=NOT_WANTED, sealed_context=None, ended_at=now
    )


def purge(*, now: datetime) -> int:
    """Remove what is older than 90 days in every scope; how much that was."""
    with current.across_scopes(why="old mail is removed from the log of every scope"):
        old = SentMail.objects.filter(queued_at__lt=now - KEPT).order_by("queued_at")
        return batches.delete(old, size=_BATCH)


def _ask(row: SentMail, *, seconds: int) -> None:
    for queue in queues:
        queue(row.scope_id, row.id, seconds)


def _locked(mail_id: UUID) -> SentMail | None:
    rows = SentMail.objects.select_for_update()
    return rows.filter(id=mail_id, state=SentMail.State.QUEUED).first()


def _end(row: SentMail, state: SentMail.State, *, fault: str, now: datetime) -> None:
    row.state = state
    row.fault = fault
    row.sealed_context = None
    row.ended_at = now
    row.save(update_fields=["state", "tries", "fault", "sealed_context", "ended_at"])
