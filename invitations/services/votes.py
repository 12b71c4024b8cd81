"""Votes: cast once by each person, signed, counted with today's standing."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from identity import errors
from identity.actor import Actor
from identity.services import audit, scopes
from invitations import errors as refusals
from invitations.decision import review
from invitations.models import Proposal, Vote
from invitations.services import proposals, standing
from invitations.services.evidence import Evidence


def approve(
    *,
    proposal_id: UUID,
    proposal_hash: str,
    reason: str,
    by: Actor,
    now: datetime,
    evidence: Evidence,
) -> Proposal:
    """Vote for a proposal; the deciding vote makes the change in the same transaction.

    Returns the proposal as it stands afterwards. The same vote again gives the same answer. Raises
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
) -> Proposal:
    """Vote against a proposal; a reason is needed. Raises what `approve` raises."""
    if not reason.strip():
        raise refusals.ReasonNeeded
    return _cast(
        Vote.Decision.REJECT, proposal_id, proposal_hash, reason, by=by, now=now, evidence=evidence
    )


def retract(*, proposal_id: UUID, by: Actor, now: datetime) -> Proposal:
    """Take one's own vote back while the proposal is pending; the vote stays as a record."""
    with transaction.atomic():
        proposal = proposals.locked(proposal_id)
        proposals.require_pending(proposal, now=now)
        taken_back = Vote.objects.filter(
            proposal=proposal, user_id=by.user_id, retracted_at__isnull=True
        ).update(retracted_at=now)
        if not taken_back:
            raise errors.Missing("You have no vote on this proposal.")
        _record("vote.retracted", proposal, by=by, now=now)
    return proposal


def living(proposal: Proposal, *, now: datetime) -> list[Vote]:
    """Votes that stand: not taken back and, where the scope says so, not too old."""
    votes = proposal.votes.filter(retracted_at__isnull=True).order_by("cast_at", "id")
    minutes = scopes.settings().vote_minutes
    if minutes is None:
        return list(votes)
    oldest = now - timedelta(minutes=minutes)
    return [vote for vote in votes if vote.cast_at > oldest]


def _cast(
    decision: Vote.Decision,
    proposal_id: UUID,
    proposal_hash: str,
    reason: str,
    *,
    by: Actor,
    now: datetime,
    evidence: Evidence,
) -> Proposal:
    if not by.may("proposals:approve") or by.user_id is None:
        raise refusals.NotEligible
    if evidence.is_attested and not scopes.settings().accept_attested_votes:
        raise refusals.NotEligible("This scope counts votes signed by a person's device only.")
    with transaction.atomic():
        proposal = proposals.locked(proposal_id)
        earlier = _earlier_vote(proposal, by.user_id, now=now)
        if earlier is not None and earlier.decision == decision:
            return proposal
        proposals.require_pending(proposal, now=now)
        _require_eligible(proposal, by, now=now)
        if proposal_hash != proposal.hash:
            raise refusals.ProposalHashDiffers
        if earlier is not None:
            raise refusals.AlreadyVoted
        _insert(proposal, decision, reason, by=by, now=now, evidence=evidence)
        _record(f"vote.{decision}-cast", proposal, by=by, now=now)
        _count(proposal, by=by, now=now)
    return proposal


def _earlier_vote(proposal: Proposal, user_id: UUID, *, now: datetime) -> Vote | None:
    earlier = proposal.votes.filter(user_id=user_id, retracted_at__isnull=True).first()
    if earlier is None or earlier in living(proposal, now=now):
        return earlier
    # A vote that is too old to count makes room for a new one.
    earlier.retracted_at = now
    earlier.save(update_fields=["retracted_at"])
    return None


def _question(proposal: Proposal, *, now: datetime) -> standing.Question:
    return standing.question_of(
        proposal, is_device_age_asked=scopes.settings().device_age_rule, now=now
    )


def _require_eligible(proposal: Proposal, by: Actor, *, now: datetime) -> None:
    everybody = standing.of_everybody(_question(proposal, now=now))
    mine = next((item for item in everybody if item.person.user_id == by.user_id), None)
    if mine is None:
        raise refusals.NotEligible
    if mine.obstacle:
        raise refusals.NotEligible(f"A person who {mine.obstacle} may not decide it.")


def _insert(
    proposal: Proposal,
    decision: Vote.Decision,
    reason: str,
    *,
    by: Actor,
    now: datetime,
    evidence: Evidence,
) -> None:
    try:
        with transaction.atomic():
            Vote.objects.create(
                scope_id=by.scope_id,
                proposal=proposal,
                user_id=by.user_id,
                device_id=by.device_id,
                decision=decision,
                reason=reason,
                evidence=evidence.sign1,
                is_attested=evidence.is_attested,
                cast_at=now,
            )
    except IntegrityError:
        raise refusals.AlreadyVoted from None


def _count(proposal: Proposal, *, by: Actor, now: datetime) -> None:
    # Standing is judged at the deciding vote: who lost the right since voting counts no more.
    everybody = standing.of_everybody(_question(proposal, now=now))
    counting = [item for item in everybody if not item.obstacle]
    voters = {item.person.user_id: item.voter for item in counting}
    votes = living(proposal, now=now)
    outcome = review.tally(
        review.parse(proposal.review_expression),
        _voters(votes, Vote.Decision.APPROVE, voters),
        _voters(votes, Vote.Decision.REJECT, voters),
    )
    if outcome is review.Outcome.OPEN:
        return
    proposal.standing = _snapshot(votes, counting)
    if outcome is review.Outcome.REJECTED:
        reasons = [vote.reason for vote in votes if vote.decision == Vote.Decision.REJECT]
        proposals.finish(
            proposal, Proposal.State.REJECTED, by=by, now=now, reason="; ".join(reasons)[:512]
        )
        return
    proposals.carry_out(proposal, by=by, now=now)


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
