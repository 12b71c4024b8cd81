"""Votes: cast once by each person, signed, counted with today's standing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.services import fields, writing
from identity import errors
from identity.actor import Actor
from identity.services import audit, scopes
from identity.services.scope_settings import ScopeSettings
from invitations import errors as refusals
from invitations.decision import review
from invitations.models import Proposal, Vote
from invitations.services import proposals, standing
from invitations.services.evidence import Evidence

_MOST_REASON: Final = 512


@dataclass(frozen=True, slots=True)
class Counted:
    """A proposal after a vote, and what it still needs while it is pending, in words."""

    proposal: Proposal
    missing: Sequence[str]


def approve(
    *,
    proposal_id: UUID,
    proposal_hash: str,
    reason: str,
    by: Actor,
    now: datetime,
    evidence: Evidence,
) -> Counted:
    """Vote for a proposal; the deciding vote makes the change in the same transaction.

    Returns how the proposal stands afterwards. The same vote again gives the same answer. Raises
    `NotEligible`, `ProposalHashDiffers`, `AlreadyVoted` (the other way), `ProposalEnded`.
    """
    return _cast(
        Vote.Decision.APPROVE, proposal_id, proposal_hash, reason, by=by, now=now, evidence=evidence
    )


def reject(
    *,
    proposal_id: UUID,
    proposal_hash: str,
    reason: str,
    by: Actor,
    now: datetime,
    evidence: Evidence,
) -> Counted:
    """Vote against a proposal; a reason is needed. Raises what `approve` raises."""
    if not reason.strip():
        raise refusals.ReasonNeeded
    return _cast(
        Vote.Decision.REJECT, proposal_id, proposal_hash, reason, by=by, now=now, evidence=evidence
    )


def retract(*, proposal_id: UUID, by: Actor, now: datetime) -> Counted:
    """Take one's own vote back while the proposal is pending; the vote stays as a record."""
    with writing.of(by):
        count = _Count.of(proposals.locked(proposal_id), now=now)
        proposals.require_pending(count.proposal, now=now)
        standing_votes = count.proposal.votes.filter(retracted_at__isnull=True)
        if by.user_id is None or not standing_votes.filter(user_id=by.user_id).update(
            retracted_at=now
        ):
            raise errors.Missing("You have no vote on this proposal.")
        _record("vote.retracted", count.proposal, by=by, now=now)
    return count.told()


def living(proposal: Proposal, settings: ScopeSettings, *, now: datetime) -> list[Vote]:
    """Votes that stand: not taken back and, where the scope says so, not too old."""
    votes = proposal.votes.filter(retracted_at__isnull=True).order_by("cast_at", "id")
    if settings.vote_minutes is None:
        return list(votes)
    oldest = now - timedelta(minutes=settings.vote_minutes)
    return [vote for vote in votes if vote.cast_at > oldest]


def still_missing(
    proposal: Proposal, everybody: Iterable[standing.Standing], votes: Iterable[Vote]
) -> Sequence[str]:
    """What a pending proposal needs yet, in words."""
    voters = {item.person.user_id: item.voter for item in everybody if not item.obstacle}
    approvals = _voters(votes, Vote.Decision.APPROVE, voters)
    return review.missing(review.parse(proposal.review_expression), approvals)


@dataclass(frozen=True, slots=True)
class _Count:
    """One locked proposal with everybody's standing at this moment, read once."""

    proposal: Proposal
    settings: ScopeSettings
    everybody: Sequence[standing.Standing]
    now: datetime

    @classmethod
    def of(cls, proposal: Proposal, *, now: datetime) -> "_Count":
        settings = scopes.settings()
        question = standing.question_of(
            proposal, is_device_age_asked=settings.device_age_rule, now=now
        )
        return cls(proposal, settings, standing.of_everybody(question), now)

    def living(self) -> list[Vote]:
        """The votes that stand now."""
        return living(self.proposal, self.settings, now=self.now)

    def told(self) -> Counted:
        """What the voter is told."""
        if self.proposal.state != Proposal.State.PENDING:
            return Counted(self.proposal, ())
        return Counted(self.proposal, still_missing(self.proposal, self.everybody, self.living()))

    def require_eligible(self, by: Actor) -> None:
        """Refuse who may not decide this proposal, and say why."""
        mine = next((item for item in self.everybody if item.person.user_id == by.user_id), None)
        if mine is None:
            raise refusals.NotEligible
        if mine.obstacle:
            raise refusals.NotEligible(f"A person who {mine.obstacle} may not decide it.")

    def earlier_vote(self, user_id: UUID) -> Vote | None:
        """The voter's own standing vote; one too old to count makes room for a new one."""
        earlier = self.proposal.votes.filter(user_id=user_id, retracted_at__isnull=True).first()
        if earlier is None or self.settings.vote_minutes is None or earlier in self.living():
            return earlier
        earlier.retracted_at = self.now
        earlier.save(update_fields=["retracted_at"])
        return None


def _cast(
    decision: Vote.Decision,
    proposal_id: UUID,
    proposal_hash: str,
    reason: str,
    *,
    by: Actor,
    now: datetime,
    evidence: Evidence,
) -> Counted:
    if not by.may("proposals:approve") or by.user_id is None:
        raise refusals.NotEligible
    reason = fields.line(reason, name="reason", most=_MOST_REASON)
    with writing.of(by):
        count = _Count.of(proposals.locked(proposal_id), now=now)
        if evidence.is_attested and not count.settings.accept_attested_votes:
            raise refusals.NotEligible("This scope counts votes signed by a person's device only.")
        earlier = count.earlier_vote(by.user_id)
        if earlier is not None and earlier.decision == decision:
            return count.told()
        proposals.require_pending(count.proposal, now=now)
        count.require_eligible(by)
        if proposal_hash != count.proposal.hash:
            raise refusals.ProposalHashDiffers
        if earlier is not None:
            raise refusals.AlreadyVoted
        vote = Vote(
            scope_id=by.scope_id,
            proposal=count.proposal,
            user_id=by.user_id,
            device_id=by.device_id,
            decision=decision,
            reason=reason,
            evidence=evidence.sign1,
            is_attested=evidence.is_attested,
            cast_at=now,
        )
        _insert(vote)
        _record(f"vote.{decision}-cast", count.proposal, by=by, now=now)
        return _counted(count, by=by)


def _insert(vote: Vote) -> None:
    try:
        with transaction.atomic():
            vote.save(force_insert=True)
    except IntegrityError:
        raise refusals.AlreadyVoted from None


def _counted(count: _Count, *, by: Actor) -> Counted:
    # Standing is judged at the deciding vote: who lost the right since voting counts no more.
    proposal, now = count.proposal, count.now
    counting = [item for item in count.everybody if not item.obstacle]
    voters = {item.person.user_id: item.voter for item in counting}
    votes = count.living()
    asked = review.parse(proposal.review_expression)
    approvals = _voters(votes, Vote.Decision.APPROVE, voters)
    outcome = review.tally(asked, approvals, _voters(votes, Vote.Decision.REJECT, voters))
    if outcome is review.Outcome.OPEN:
        return Counted(proposal, review.missing(asked, approvals))
    proposal.standing = _snapshot(votes, counting)
    if outcome is review.Outcome.APPROVED:
        proposals.carry_out(proposal, by=by, now=now)
        return Counted(proposal, ())
    reasons = [vote.reason for vote in votes if vote.decision == Vote.Decision.REJECT]
    reason = "; ".join(reasons)[:_MOST_REASON]
    proposals.finish(proposal, Proposal.State.REJECTED, by=by, now=now, reason=reason)
    return Counted(proposal, ())


def _voters(
    votes: Iterable[Vote], decision: Vote.Decision, voters: dict[UUID, review.Voter]
) -> list[review.Voter]:
    return [
        voters[vote.user_id]
        for vote in votes
        if vote.decision == decision and vote.user_id in voters
    ]


def _snapshot(
    votes: Iterable[Vote], counting: Iterable[standing.Standing]
) -> list[dict[str, object]]:
    voted = {vote.user_id for vote in votes}
    return [
        {
            "user": str(item.person.public_id),
            "roles": sorted(item.voter.roles),
            "groups": sorted(item.voter.groups),
            "is_program": item.voter.is_program,
        }
        for item in counting
        if item.person.user_id in voted
    ]


def _record(name: str, proposal: Proposal, *, by: Actor, now: datetime) -> None:
    audit.record(
        name,
        by=by,
        subject=("proposal", str(proposal.id)),
        now=now,
        facts={"hash": proposal.hash},
    )
