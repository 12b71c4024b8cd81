"""What readers see of invitations and proposals; ids are client-visible ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """An invitation as readers see it; no secrets."""

    id: UUID
    user: UUID
    username: str
    state: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    device: UUID | None
    proposal: UUID | None
    is_alarmed: bool
    invited_by: str
    """The user name of who issued it; `operator` or `system` where that is nobody of this scope."""
    ended_at: datetime | None
    mail: str
    """How the last mail about it stands: queued, sent, failed, or empty without one."""


@dataclass(frozen=True, slots=True)
class VoteRow:
    """A standing or retracted vote."""

    user: UUID
    username: str
    device: UUID | None
    decision: str
    reason: str
    cast_at: datetime
    retracted_at: datetime | None
    is_attested: bool


@dataclass(frozen=True, slots=True)
class ElectorRow:
    """One user's standing in a proposal; `obstacle` is empty for who may decide."""

    user: UUID
    username: str
    obstacle: str


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """A proposal as lists show it."""

    id: UUID
    state: str
    action: str
    resource: str
    proposer: UUID | None
    proposer_name: str
    hash: str
    created_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    reason: str
    has_outcome: bool


@dataclass(frozen=True, slots=True)
class ProposalDetail:
    """A proposal with what a voter needs: the change, the evidence, the votes, what is missing."""

    row: ProposalRow
    commands: Sequence[Mapping[str, Any]]
    request: bytes
    request_is_attested: bool
    proposer_device: UUID | None
    proposer_key: str | None
    """The key that signed the request, in hex; None where the server attests the request."""
    policy_id: UUID
    policy_version: int
    policy: Mapping[str, Any]
    review_expression: str
    votes: Sequence[VoteRow]
    electors: Sequence[ElectorRow]
    missing: Sequence[str]


@dataclass(frozen=True, slots=True)
class Difference:
    """One field; `before` is None where there is no such thing yet or it is not known."""

    field: str
    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class Change:
    """One command: a sentence, and what it sets."""

    command: str
    words: str
    rows: Sequence[Difference]

    @property
    def is_of_something(self) -> bool:
        """Whether there is anything now of what it sets."""
        return any(row.before is not None for row in self.rows)
