"""The work on a batch: the dry run of each line, then its invitation, each in a transaction."""

from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson
from django.db import transaction

from accounts import queries as accounts
from identity import errors
from identity.actor import Actor, ActorKind
from identity.services import audit, sealing
from invitations.bulk_lines import Entry
from invitations.models import InvitationBatch, InvitationBatchLine, Proposal
from invitations.services import attested, bulk, bulk_fates, governance, proposals
from invitations.services.governance import Done, Pending

State = InvitationBatchLine.State
_AT_A_TIME: Final = 100
_GONE: Final = "Whoever ran this batch may not act any more."


def work(batch_id: UUID, *, clock: Callable[[], datetime]) -> bool:
    """Check some unchecked lines, or do some of a confirmed batch; whether there are more.

    May be called again at any time and by several at once: each line is decided once, under a
    lock on its row, and a line that was begun when its process died is begun anew.
    """
    batch = InvitationBatch.objects.filter(id=batch_id).first()
    if batch is None or batch.state == InvitationBatch.State.DONE:
        return False
    if batch.state == InvitationBatch.State.DRAFT:
        act, state = _check, State.UNCHECKED
    else:
        act, state = _issue, State.CHECKED
    for line_id in _due(batch, state):
        act(batch, line_id, now=clock())
    if _due(batch, state):
        return True
    if state == State.CHECKED:
        _finish(batch.id, now=clock())
    return False


def _due(batch: InvitationBatch, state: str) -> list[UUID]:
    lines = InvitationBatchLine.objects.filter(batch=batch, state=state).order_by("number")
    return list(lines.values_list("id", flat=True)[:_AT_A_TIME])


def _check(batch: InvitationBatch, line_id: UUID, *, now: datetime) -> None:
    with transaction.atomic():
        line = _locked(line_id, State.UNCHECKED)
        if line is None:
            return
        try:
            by = _maker(batch, now=now)
        except errors.DomainError:
            line.fate, line.reason = bulk_fates.Fate.FORBIDDEN, _GONE
        else:
            foretold = bulk_fates.foretell(
                Entry.of(line.entry),
                user=line.user,
                mails_link=batch.mails_links,
                has_room=_has_room(batch, by),
                by=by,
                now=now,
            )
            line.fate, line.reason, line.kind = foretold.fate, foretold.reason, foretold.kind
        line.state = State.CHECKED
        line.save(update_fields=["state", "fate", "reason", "kind"])


def _has_room(batch: InvitationBatch, by: Actor) -> bool:
    # Lines that will wait count as if they waited already.
    open_now = Proposal.objects.filter(state=Proposal.State.PENDING, proposer_id=by.user_id)
    will_wait = batch.lines.filter(fate=bulk_fates.Fate.WAITS)
    return open_now.count() + will_wait.count() < proposals.MOST_PENDING


def _issue(batch: InvitationBatch, line_id: UUID, *, now: datetime) -> None:
    with transaction.atomic(), audit.gathered():
        line = _locked(line_id, State.CHECKED)
        if line is None:
            return
        try:
            if line.fate in bulk_fates.DOABLE:
                _submit(batch, line, now=now)
            else:
                line.state = State.REFUSED
        except errors.DomainError as refusal:
            line.state, line.reason = State.REFUSED, bulk_fates.sentence(refusal)
        line.ended_at = now
        line.save()


def _submit(batch: InvitationBatch, line: InvitationBatchLine, *, now: datetime) -> None:
    by = _maker(batch, now=now)
    with transaction.atomic():
        entry = Entry.of(line.entry)
        planned = bulk_fates.plan(entry, user=line.user, mails_link=batch.mails_links)
        if planned.kind != line.kind:
            # Nothing is done to a person that the dry run did not show.
            raise errors.Conflict("This person's account changed since the dry run.")
        answer = governance.submit_together(
            steps=planned.steps,
            by=by,
            now=now,
            evidence=attested.of_steps(planned.steps, by=by, invitation_batch=str(batch.id)),
        )
    _note(line, answer)


def _note(line: InvitationBatchLine, answer: Done | Pending) -> None:
    if isinstance(answer, Pending):
        line.state, line.proposal_id = State.PENDING, answer.proposal_id
        return
    result = dict(answer.results[0])
    line.state = State.ISSUED
    line.invitation_id = UUID(result["invitation"])
    line.sealed_bundle = sealing.seal(
        orjson.dumps(result), purpose=bulk.PURPOSE, subject=str(line.id)
    )


def _maker(batch: InvitationBatch, *, now: datetime) -> Actor:
    """Who made the batch, with the rights of this moment. Raises what losing them raises."""
    device = batch.actor["device"]
    return accounts.actor_of_user(
        user_id=batch.made_by,
        kind=ActorKind(batch.actor["kind"]),
        device_id=UUID(device) if device else None,
        now=now,
    )


def _locked(line_id: UUID, state: str) -> InvitationBatchLine | None:
    rows = InvitationBatchLine.objects.select_for_update()
    return rows.filter(id=line_id, state=state).first()


def _finish(batch_id: UUID, *, now: datetime) -> None:
    with transaction.atomic():
        running = InvitationBatch.objects.select_for_update().filter(
            id=batch_id, state=InvitationBatch.State.RUNNING
        )
        batch = running.first()
        if batch is None or batch.lines.filter(state=State.CHECKED).exists():
            return
        batch.state, batch.ended_at = InvitationBatch.State.DONE, now
        batch.save(update_fields=["state", "ended_at"])
