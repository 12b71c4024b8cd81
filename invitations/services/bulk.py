"""Batches of invitations: uploaded, confirmed once, discarded, their bundles taken once."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import transaction

from accounts.models.user import fold
from identity import errors, ids
from identity.actor import Actor
from identity.services import audit, resealing, scopes, sealing
from invitations.bulk_lines import Line
from invitations.errors import LinksByMailOff
from invitations.models import InvitationBatch, InvitationBatchLine

PURPOSE: Final = "invitation-batch.bundle"
SEALED: Final = resealing.column(InvitationBatchLine, "sealed_bundle", purpose=PURPOSE)
DRAFT_LIFE: Final = timedelta(days=1)
BUNDLE_LIFE: Final = timedelta(days=30)

Queue = Callable[[UUID, UUID], None]
queues: list[Queue] = []
"""Called as `queue(scope_id, batch_id)`: filled at start by the room that knows tasks."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One person's invitation, secrets included; `result` is what the command answered."""

    number: int
    email: str
    result: Mapping[str, Any]


def upload(
    *, lines: Sequence[Line], name: str = "", mails_links: bool = False, by: Actor, now: datetime
) -> InvitationBatch:
    """Keep a list as a draft; the dry run of its lines is work for a task.

    Raises `Forbidden` without `users:invite`, `LinksByMailOff`.
    """
    if not by.may("users:invite") or by.user_id is None:
        raise errors.Forbidden("This needs the permission users:invite.")
    if mails_links and not scopes.settings().mail_invitation_links:
        raise LinksByMailOff
    with transaction.atomic():
        batch = InvitationBatch.objects.create(
            scope_id=by.scope_id,
            id=ids.new(),
            name=_name(name),
            digest=_digest(lines),
            made_by=by.user_id,
            actor=_described(by),
            mails_links=mails_links,
            created_at=now,
        )
        InvitationBatchLine.objects.bulk_create(_rows(batch, lines), batch_size=500)
        _record("invitation-batch.uploaded", batch, by=by, now=now, lines=len(lines))
        _ask(batch)
    return batch


def confirm(*, batch_id: UUID, by: Actor, now: datetime) -> InvitationBatch:
    """Have the checked lines done, once, with the rights that the maker has then.

    Raises `Missing` for who did not upload it, `Conflict` before the dry run has ended and for a
    batch that was confirmed before.
    """
    with transaction.atomic():
        batch = locked(batch_id, by=by)
        _require_draft(batch)
        if batch.lines.filter(state=InvitationBatchLine.State.UNCHECKED).exists():
            raise errors.Conflict("The dry run has not ended. Look at its result first.")
        batch.state = InvitationBatch.State.RUNNING
        batch.confirmed_at = now
        batch.actor = _described(by)
        batch.save(update_fields=["state", "confirmed_at", "actor"])
        _record("invitation-batch.confirmed", batch, by=by, now=now)
        _ask(batch)
    return batch


def go_on(*, batch_id: UUID, by: Actor) -> InvitationBatch:
    """Ask for the work once more, where a task was lost. Done lines stay as they are."""
    with transaction.atomic():
        batch = locked(batch_id, by=by)
        if batch.state != InvitationBatch.State.DONE:
            _ask(batch)
    return batch


def discard(*, batch_id: UUID, by: Actor, now: datetime) -> None:
    """Remove a draft. Raises `Missing`, `Conflict` for what was confirmed."""
    with transaction.atomic():
        batch = locked(batch_id, by=by)
        _require_draft(batch)
        _record("invitation-batch.discarded", batch, by=by, now=now)
        batch.delete()


def take(*, batch_id: UUID, by: Actor, now: datetime) -> list[Taken]:
    """The bundles that nobody has taken yet, for who ran the batch: each of them once."""
    with transaction.atomic():
        batch = locked(batch_id, by=by)
        lines = list(batch.lines.filter(sealed_bundle__isnull=False).order_by("number"))
        taken = [
            Taken(line.number, str(line.entry["email"]), orjson.loads(_opened(line)))
            for line in lines
        ]
        batch.lines.filter(id__in=[line.id for line in lines]).update(sealed_bundle=None)
        if taken:
            _record("invitation-batch.links-taken", batch, by=by, now=now, lines=len(taken))
    return taken


def forget_due(*, now: datetime) -> int:
    """Remove drafts of yesterday and bundles that were never taken; how many rows those were."""
    drafts = InvitationBatch.objects.filter(
        state=InvitationBatch.State.DRAFT, created_at__lte=now - DRAFT_LIFE
    )
    count = drafts.count()
    drafts.delete()
    old = InvitationBatchLine.objects.filter(
        sealed_bundle__isnull=False, ended_at__lte=now - BUNDLE_LIFE
    )
    return count + old.update(sealed_bundle=None)


def locked(batch_id: UUID, *, by: Actor) -> InvitationBatch:
    """The actor's own batch with its row locked until the transaction ends. Raises `Missing`."""
    batch = InvitationBatch.objects.select_for_update().filter(id=batch_id).first()
    if batch is None or by.user_id is None or batch.made_by != by.user_id:
        raise errors.Missing("There is no such batch.")
    return batch


def _require_draft(batch: InvitationBatch) -> None:
    if batch.state != InvitationBatch.State.DRAFT:
        raise errors.Conflict("This batch was confirmed already.")


def _ask(batch: InvitationBatch) -> None:
    for queue in queues:
        queue(batch.scope_id, batch.id)


def _rows(batch: InvitationBatch, lines: Sequence[Line]) -> list[InvitationBatchLine]:
    first: dict[str, int] = {}
    return [_row(batch, line, first) for line in lines]


def _row(batch: InvitationBatch, line: Line, first: dict[str, int]) -> InvitationBatchLine:
    fate, reason = "", ""
    earlier = first.setdefault(fold(line.entry.email.strip()), line.number)
    if line.fault:
        fate, reason = InvitationBatchLine.Fate.REFUSED, line.fault
    elif earlier != line.number:
        fate, reason = InvitationBatchLine.Fate.DUPLICATE, f"The same address as line {earlier}."
    states = InvitationBatchLine.State
    return InvitationBatchLine(
        scope_id=batch.scope_id,
        id=ids.new(),
        batch=batch,
        number=line.number,
        entry=line.entry.stored(),
        state=states.CHECKED if fate else states.UNCHECKED,
        fate=fate,
        reason=reason,
        user=ids.new(),
    )


def _described(by: Actor) -> dict[str, Any]:
    return {
        "kind": str(by.kind),
        "device": str(by.device_id) if by.device_id else None,
    }


def _digest(lines: Sequence[Line]) -> str:
    stored = orjson.dumps([line.entry.stored() for line in lines])
    return hashlib.sha256(stored).hexdigest()


def _name(name: str) -> str:
    return "".join(sign for sign in name if sign.isprintable())[:128]


def _opened(line: InvitationBatchLine) -> bytes:
    return sealing.unseal(bytes(line.sealed_bundle or b""), purpose=PURPOSE, subject=str(line.id))


def _record(name: str, batch: InvitationBatch, *, by: Actor, now: datetime, **facts: Any) -> None:
    audit.record(
        name,
        by=by,
        subject=("invitation-batch", str(batch.id)),
        now=now,
        facts={"digest": batch.digest, **facts},
    )
