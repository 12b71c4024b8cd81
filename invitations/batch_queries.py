"""What pages and faces read about batches of invitations and about mails."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q

from identity import errors, mail_queries
from identity.actor import Actor
from invitations.bulk_lines import Entry
from invitations.models import InvitationBatch, InvitationBatchLine
from invitations.services.mails import LINK


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch with the number of its lines by state and by what the dry run foretold."""

    id: UUID
    name: str
    state: str
    created_at: datetime
    confirmed_at: datetime | None
    ended_at: datetime | None
    mails_links: bool
    states: Mapping[str, int]
    fates: Mapping[str, int]
    to_take: int

    @property
    def lines(self) -> int:
        """How many there are."""
        return sum(self.states.values())

    @property
    def is_checked(self) -> bool:
        """Whether the dry run has ended."""
        return not self.states.get(InvitationBatchLine.State.UNCHECKED)

    @property
    def done(self) -> int:
        """Lines that the present work is through with."""
        state = InvitationBatchLine.State
        waits = state.UNCHECKED if self.state == InvitationBatch.State.DRAFT else state.CHECKED
        return self.lines - self.states.get(waits, 0)

    @property
    def doable(self) -> int:
        """Lines that confirming would do something about."""
        return sum(self.fates.get(fate, 0) for fate in ("new", "again", "further", "waits"))


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line and its fate."""

    number: int
    entry: Entry
    state: str
    fate: str
    reason: str
    invitation: UUID | None
    proposal: UUID | None


@dataclass(frozen=True, slots=True)
class MailRow:
    """One mail about an invitation; never what it said."""

    kind: str
    to: str
    state: str
    fault: str
    tries: int
    queued_at: datetime
    ended_at: datetime | None


def batch(batch_id: UUID, *, by: Actor) -> BatchRow:
    """One batch of the actor's own. Raises `Missing`."""
    return _row(_own(batch_id, by))


def batches(*, by: Actor, limit: int = 50) -> Sequence[BatchRow]:
    """The actor's own batches, the newest first."""
    if by.user_id is None:
        return []
    rows = InvitationBatch.objects.filter(made_by=by.user_id).order_by("-created_at", "-id")
    return [_row(row) for row in rows[:limit]]


def lines(batch_id: UUID, *, by: Actor) -> Sequence[LineRow]:
    """The lines of one batch of the actor's own, at most a thousand. Raises `Missing`."""
    rows = _own(batch_id, by).lines.order_by("number")
    return [
        LineRow(
            number=row.number,
            entry=Entry.of(row.entry),
            state=str(row.state),
            fate=str(row.fate),
            reason=row.reason,
            invitation=row.invitation_id,
            proposal=row.proposal_id,
        )
        for row in rows
    ]


def mails(invitation_id: UUID) -> Sequence[MailRow]:
    """The mails about one invitation, the newest first."""
    return [
        MailRow(
            kind="link" if row.template == LINK else "notice",
            to=row.recipient,
            state=row.state,
            fault=row.fault,
            tries=row.tries,
            queued_at=row.queued_at,
            ended_at=row.ended_at,
        )
        for row in mail_queries.mails_about(invitation_id)
    ]


def _own(batch_id: UUID, by: Actor) -> InvitationBatch:
    row = InvitationBatch.objects.filter(id=batch_id).first()
    if row is None or by.user_id is None or row.made_by != by.user_id:
        raise errors.Missing("There is no such batch.")
    return row


def _row(row: InvitationBatch) -> BatchRow:
    counts = row.lines.values("state", "fate").annotate(
        count=Count("id"), sealed=Count("id", filter=Q(sealed_bundle__isnull=False))
    )
    states: dict[str, int] = {}
    fates: dict[str, int] = {}
    for item in counts:
        states[item["state"]] = states.get(item["state"], 0) + item["count"]
        fates[item["fate"]] = fates.get(item["fate"], 0) + item["count"]
    return BatchRow(
        id=row.id,
        name=row.name,
        state=str(row.state),
        created_at=row.created_at,
        confirmed_at=row.confirmed_at,
        ended_at=row.ended_at,
        mails_links=row.mails_links,
        states=states,
        fates=fates,
        to_take=sum(item["sealed"] for item in counts),
    )
