"""Proposals: made, carried out once, cancelled, expired."""

import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import orjson
from django.db import transaction

from accounts import queries as accounts
from identity import actor, errors, ids
from identity.actor import Actor, ActorKind
from identity.crypto import evidence as proofs
from identity.services import audit, resealing, scopes, sealing
from invitations import errors as refusals
from invitations.commands.command import Command, Input, registry
from invitations.decision import review as reviews
from invitations.models import Effect, Proposal
from invitations.services import decisions, standing
from invitations.services.evidence import Evidence

MOST_PENDING = 100
"""Open proposals of one proposer."""
_SEALED_AS: Final = "proposal.outcome"
SEALED: Final = resealing.column(Proposal, "sealed_outcome", purpose=_SEALED_AS)
Steps = Sequence[tuple[Command[Any], Input]]


def create(
    *, steps: Steps, review: decisions.Review, by: Actor, now: datetime, evidence: Evidence
) -> Proposal:
    """Make a proposal for these commands. Raises `QuorumUnreachable` where it could never pass.

    Must run in the caller's transaction.
    """
    settings = scopes.settings()
    question = require_reachable(steps, review, by=by, now=now)
    _require_room(by)
    command, details = steps[0]
    life = timedelta(minutes=settings.proposal_minutes)
    proposal = Proposal(
        id=ids.new(),
        scope_id=by.scope_id,
        commands=_stored(steps),
        action=command.action,
        resource=command.path(details),
        proposer_id=by.user_id,
        proposer_device_id=by.device_id,
        actor=_actor_record(by, question),
        request=evidence.sign1,
        request_is_attested=evidence.is_attested,
        policy_id=review.policy_id,
        policy_version=review.version,
        policy=dict(review.snapshot),
        review_expression=reviews.canonical(review.review),
        strict_standing=review.is_strict or settings.strict_standing,
        targets=_frozen_targets(steps),
        created_at=now,
        expires_at=_whole_seconds(now + life),
    )
    proposal.hash = hash_of(proposal).hex()
    proposal.save(force_insert=True)
    _record("proposal.created", proposal, by=by, now=now)
    return proposal


def require_reachable(
    steps: Steps, review: decisions.Review, *, by: Actor, now: datetime
) -> standing.Question:
    """The question that the commands put. Raises `QuorumUnreachable` where it could never pass."""
    question = standing.Question.of_steps(steps, by=by, now=now)
    if not standing.is_reachable(review.review, question):
        raise refusals.QuorumUnreachable
    return question


def hash_of(proposal: Proposal) -> bytes:
    """What every voter signs (specification §5.5)."""
    return proofs.proposal_hash(
        scope=proposal.scope_id,
        proposal=proposal.id,
        request_sign1=bytes(proposal.request),
        policy=proposal.policy_id,
        policy_version=proposal.policy_version,
        review_expression=proposal.review_expression,
        expires_at=int(proposal.expires_at.timestamp()),
    )


def steps_of(proposal: Proposal) -> list[tuple[Command[Any], Input]]:
    """The commands with their inputs, read back."""
    return [
        (command := registry.get(item["name"]), command.read(item["details"]))
        for item in proposal.commands
    ]


def locked(proposal_id: UUID) -> Proposal:
    """The proposal with its row locked until the transaction ends. Raises `Missing`."""
    proposal = Proposal.objects.select_for_update().filter(id=proposal_id).first()
    if proposal is None:
        raise errors.Missing("There is no such proposal.")
    return proposal


def require_pending(proposal: Proposal, *, now: datetime) -> None:
    """Refuse a proposal that has ended, be it only by the clock."""
    state = proposal.state_at(now)
    if state != Proposal.State.PENDING:
        raise refusals.ProposalEnded(f"This proposal is {state}.", state=str(state))


def carry_out(proposal: Proposal, *, by: Actor, now: datetime) -> None:
    """Make the change of a proposal whose quorum is met: exactly once, or end it.

    `by` cast the deciding vote. The caller holds the row lock. A policy or target that changed, or
    a proposer who lost the right, ends it `stale`; a refusal by the service ends it `failed`.
    """
    stale = _why_stale(proposal, now=now)
    if stale:
        finish(proposal, Proposal.State.STALE, by=by, now=now, reason=stale)
        return
    proposer = proposer_now(proposal, now=now)
    try:
        with transaction.atomic():
            Effect.objects.create(proposal=proposal, scope_id=proposal.scope_id, executed_at=now)
            results = [
                (command.execute_reviewed or command.execute)(details, by=proposer, now=now)
                for command, details in steps_of(proposal)
            ]
    except errors.DomainError as refusal:
        finish(proposal, Proposal.State.FAILED, by=by, now=now, reason=refusal.code)
        return
    proposal.sealed_outcome = sealing.seal(
        orjson.dumps(list(results)), purpose=_SEALED_AS, subject=str(proposal.id)
    )
    finish(proposal, Proposal.State.EXECUTED, by=by, now=now)


def finish(
    proposal: Proposal, state: Proposal.State, *, by: Actor, now: datetime, reason: str = ""
) -> None:
    """End a pending proposal; whatever waited for it is told when there was no effect."""
    proposal.state = state
    proposal.decided_at = now
    proposal.decided_by = by.user_id
    proposal.reason = reason
    proposal.save()
    if state != Proposal.State.EXECUTED:
        for command, details in steps_of(proposal):
            command.abandon(details, now=now)
    _record(f"proposal.{state}", proposal, by=by, now=now)


def cancel(*, proposal_id: UUID, by: Actor, now: datetime) -> Proposal:
    """End a pending proposal: its proposer may, and whoever has `proposals:cancel`."""
    with transaction.atomic():
        proposal = locked(proposal_id)
        is_mine = by.user_id is not None and proposal.proposer_id == by.user_id
        if not is_mine and not by.may("proposals:cancel"):
            raise errors.Forbidden("Only the proposer or a holder of proposals:cancel may cancel.")
        require_pending(proposal, now=now)
        finish(proposal, Proposal.State.CANCELLED, by=by, now=now)
    return proposal


def expire_due(*, by: Actor, now: datetime) -> int:
    """Write down what the clock has decided already; how many there were."""
    due = Proposal.objects.filter(state=Proposal.State.PENDING, expires_at__lte=now)
    count = 0
    for proposal_id in list(due.values_list("id", flat=True)[:500]):
        with transaction.atomic():
            proposal = locked(proposal_id)
            if proposal.state == Proposal.State.PENDING:
                finish(proposal, Proposal.State.EXPIRED, by=by, now=now)
                count += 1
    return count


def take_outcome(*, proposal_id: UUID, by: Actor, now: datetime) -> list[Any] | None:
    """What the change answered: for its proposer, once; None when there is nothing to take."""
    with transaction.atomic():
        proposal = locked(proposal_id)
        is_mine = by.user_id is not None and proposal.proposer_id == by.user_id
        if not is_mine or proposal.sealed_outcome is None:
            return None
        outcome = sealing.unseal(
            bytes(proposal.sealed_outcome), purpose=_SEALED_AS, subject=str(proposal.id)
        )
        proposal.sealed_outcome = None
        proposal.save(update_fields=["sealed_outcome"])
        _record("proposal.outcome-read", proposal, by=by, now=now)
    results: list[Any] = orjson.loads(outcome)
    return results


def proposer_now(proposal: Proposal, *, now: datetime) -> Actor:
    """The proposer with the rights it has today. Raises `Forbidden` when it can't act any more."""
    kind = ActorKind(proposal.actor["kind"])
    if kind == ActorKind.SYSTEM or proposal.proposer_id is None:
        return actor.system(proposal.scope_id)
    return accounts.actor_of_user(
        user_id=proposal.proposer_id,
        kind=kind,
        device_id=proposal.proposer_device_id,
        now=now,
    )


def _why_stale(proposal: Proposal, *, now: datetime) -> str:
    if decisions.current_version(proposal.policy_id) != proposal.policy_version:
        return "policy changed"
    steps = steps_of(proposal)
    try:
        proposer = proposer_now(proposal, now=now)
        if _targets(steps, [item["step"] for item in proposal.targets]) != proposal.targets:
            return "target changed"
    except errors.Missing:
        return "target gone"
    except errors.DomainError:
        return "proposer lost"
    for command, details in steps:
        if not command.is_own(details, proposer) and not proposer.may(command.permission):
            return "proposer lost"
    return ""


def _require_room(by: Actor) -> None:
    # Approvers must be able to see what waits for them.
    mine = Proposal.objects.filter(state=Proposal.State.PENDING, proposer_id=by.user_id)
    if by.user_id is not None and mine.count() >= MOST_PENDING:
        raise refusals.TooManyProposals


def _stored(steps: Steps) -> list[dict[str, Any]]:
    return [{"name": one.name, "details": msgspec.to_builtins(given)} for one, given in steps]


def _frozen_targets(steps: Steps) -> list[dict[str, Any]]:
    frozen = _targets(steps, [0])
    for index in range(1, len(steps)):
        # What a later step is about may be made by an earlier one: then there is nothing to freeze.
        with contextlib.suppress(errors.Missing):
            frozen += _targets(steps, [index])
    return frozen


def _targets(steps: Steps, indexes: Sequence[int]) -> list[dict[str, Any]]:
    found = []
    for index in indexes:
        command, details = steps[index]
        target = command.target(details)
        if target is not None:
            found.append(
                {
                    "step": index,
                    "kind": target.kind,
                    "id": target.id,
                    "version": target.version,
                }
            )
    return found


def _actor_record(by: Actor, question: standing.Question) -> dict[str, Any]:
    return {
        "kind": str(by.kind),
        "is_operator": by.is_operator,
        "public_id": str(by.public_id) if by.public_id else None,
        "roots": sorted(question.roots),
        "raised": sorted(str(user) for user in question.raised),
    }


def _whole_seconds(moment: datetime) -> datetime:
    # The hash that voters sign names the expiry in seconds.
    return datetime.fromtimestamp(int(moment.timestamp()), tz=UTC)


def _record(name: str, proposal: Proposal, *, by: Actor, now: datetime) -> None:
    audit.record(
        name,
        by=by,
        subject=("proposal", str(proposal.id)),
        now=now,
        facts={
            "action": proposal.action,
            "resource": proposal.resource,
            "hash": proposal.hash,
            "policy": str(proposal.policy_id),
            "policy_version": proposal.policy_version,
            "reason": proposal.reason,
        },
    )
