"""Votes given as a statement that the voter's own device signed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from identity.actor import Actor
from invitations import errors as refusals
from invitations.models import Vote
from invitations.services import statements, votes
from invitations.services.evidence import Evidence
from invitations.services.votes import Counted

_DETAILS: Final = {"proposal_hash", "reason"}


@dataclass(frozen=True, slots=True)
class Ballot:
    """A vote: `decision` is `approve` or `reject`, `proposal_hash` 64 hexadecimal digits."""

    decision: str
    proposal_hash: str
    reason: str = ""


def cast(
    *,
    proposal_id: UUID,
    statement: bytes,
    by: Actor,
    now: datetime,
    expected: Ballot | None = None,
) -> Counted:
    """Count the vote that a device's statement says; the statement is its evidence.

    The statement is `approve` or `reject` on `/proposals/<id>` with the details `proposal_hash`
    and, where there is one, `reason`; nothing else. `expected` is what came beside it in plain
    words and must be the same. Must not be called in a transaction. Raises what
    `statements.read`, `votes.approve` and `votes.reject` raise, and `StatementDiffers`.
    """
    read = statements.read(statement, by=by, now=now)
    ballot = _ballot(read, proposal_id)
    if expected not in {None, ballot}:
        raise refusals.StatementDiffers
    act = votes.approve if ballot.decision == Vote.Decision.APPROVE else votes.reject
    return act(
        proposal_id=proposal_id,
        proposal_hash=ballot.proposal_hash,
        reason=ballot.reason,
        by=read.by,
        now=now,
        evidence=Evidence(sign1=read.sign1),
    )


def _ballot(read: statements.Statement, proposal_id: UUID) -> Ballot:
    is_vote = read.action in Vote.Decision.values and read.resource == f"/proposals/{proposal_id}"
    if not is_vote or not _are_texts(read.details):
        raise refusals.StatementDiffers
    return Ballot(read.action, read.details["proposal_hash"], read.details.get("reason", ""))


def _are_texts(details: Mapping[str, Any]) -> bool:
    is_complete = "proposal_hash" in details and details.keys() <= _DETAILS
    texts = [value for value in details.values() if isinstance(value, str)]
    return is_complete and len(texts) == len(details) and len(details.get("reason", "")) <= 512
