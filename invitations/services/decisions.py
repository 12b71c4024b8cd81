"""Decisions: what the policies of a scope say of a command."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from identity.actor import Actor, ActorKind
from invitations import hot_reads
from invitations.commands.command import Command, Input
from invitations.decision import expression, patterns, review
from invitations.models import Policy
from invitations.services import standing

_TIE = {"DENY": 0, "REVIEW": 1, "ALLOW": 2}


@dataclass(frozen=True, slots=True)
class Allowed:
    """No policy stands against it."""


@dataclass(frozen=True, slots=True)
class Denied:
    """A policy forbids it."""

    policy_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Review:
    """Others must agree. `is_strict`: rights gained after the proposal don't count."""

    policy_id: UUID
    version: int
    snapshot: Mapping[str, Any]
    review: review.Review
    is_strict: bool = False


def snapshot(policy: Policy) -> dict[str, Any]:
    """The policy as it is now, for the record that goes with a proposal."""
    return {
        "plid": str(policy.public_id),
        "name": policy.name,
        "resource": policy.resource,
        "action": policy.action,
        "priority": policy.priority,
        "expression": policy.expression,
        "decision_on_true": policy.decision_on_true,
        "review_expression": policy.review_expression,
        "version": policy.version,
    }


DECIDES = "decides"
ADDS = "adds its review"
IS_FALSE = "its expression is false"
NO_MATCH = "is about other resources or actions"
OWN_ACCOUNT = "is not about the own account"
STEPS_BACK = "steps back: too few people could approve"


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What is asked beside the decision: under other policies, and what each of them says.

    `heard` gets a finding for every policy that was looked at, in order.
    """

    among: Sequence[Policy] | None = None
    heard: list[tuple[Policy, str]] | None = None

    def says(self, policy: Policy, finding: str) -> None:
        """Note a finding where somebody listens."""
        if self.heard is not None:
            self.heard.append((policy, finding))


def decide(
    *,
    command: Command[Any],
    details: Input,
    by: Actor,
    now: datetime,
    inquiry: Inquiry | None = None,
) -> Allowed | Denied | Review:
    """What the scope's policies say of one command.

    Unlocked policies are tried by priority, ties DENY, REVIEW, ALLOW, then id; the first whose
    expression is true decides. Locked ones are a floor under that: they add their quorum.
    """
    inquiry = inquiry or Inquiry()
    resource = command.path(details)
    considered = active() if inquiry.among is None else ordered(inquiry.among)
    matching = [
        policy
        for policy in considered
        if _matches(policy, action=command.action, resource=resource)
    ]
    if not matching:
        return Allowed()
    facts = facts_of(command=command, details=details, by=by, now=now)
    question = standing.Question.of_steps([(command, details)], by=by, now=now)
    is_own = command.is_own(details, by) and not command.is_own_reviewed(details)
    chosen = _first(matching, facts, question, inquiry, is_own=is_own)
    if isinstance(chosen, Denied):
        return chosen
    floors = _floors(matching, facts, question, inquiry)
    reviews = [item for item in (chosen, *floors) if isinstance(item, Review)]
    if not reviews:
        return Allowed()
    return _with_touched_quorums(
        together(reviews), command.reviews(details), is_strict=bool(floors)
    )


def _first(
    matching: Sequence[Policy],
    facts: Mapping[str, Any],
    question: standing.Question,
    inquiry: Inquiry,
    *,
    is_own: bool,
) -> Allowed | Denied | Review:
    """What the first unlocked policy says that holds."""
    for policy in (policy for policy in matching if not policy.is_locked):
        passed = _why_passed(policy, facts, question, is_own=is_own)
        inquiry.says(policy, passed or DECIDES)
        if not passed:
            return _outcome(policy)
    return Allowed()


def _floors(
    matching: Sequence[Policy],
    facts: Mapping[str, Any],
    question: standing.Question,
    inquiry: Inquiry,
) -> list[Allowed | Denied | Review]:
    """What every locked policy says that holds."""
    floors = []
    for policy in (policy for policy in matching if policy.is_locked):
        passed = _why_passed(policy, facts, question, is_own=False)
        inquiry.says(policy, passed or ADDS)
        if not passed:
            floors.append(_outcome(policy))
    return floors


def _why_passed(
    policy: Policy, facts: Mapping[str, Any], question: standing.Question, *, is_own: bool
) -> str:
    """Why a matching policy says nothing here; empty where it holds."""
    if not _is_true(policy, facts):
        return IS_FALSE
    if policy.only_if_reachable and is_own:
        return OWN_ACCOUNT
    if (policy.is_locked or policy.only_if_reachable) and not _is_reachable(policy, question):
        return STEPS_BACK
    return ""


def together(reviews: Sequence[Review]) -> Review:
    """One review that satisfies every given one; named after the first."""
    first, *others = reviews
    merged = first.review
    for other in others:
        merged = review.merge(merged, other.review)
    return Review(
        policy_id=first.policy_id,
        version=first.version,
        snapshot=first.snapshot,
        review=merged,
        is_strict=any(item.is_strict for item in reviews),
    )


def facts_of(*, command: Command[Any], details: Input, by: Actor, now: datetime) -> dict[str, Any]:
    """What a policy expression may ask about a command."""
    shown = {
        name: value
        for name, value in msgspec.to_builtins(details).items()
        if name not in command.secrets
    }
    facts: dict[str, Any] = {
        "action": command.action,
        "resource": command.path(details),
        "details": shown | dict(command.facts(details)),
        "actor": {
            "roles": sorted(by.roles),
            "groups": sorted(by.groups),
            "type": actor_type(by),
        },
    }
    if by.device_registered_at is not None:
        age = int(now.timestamp()) - by.device_registered_at
        facts["device"] = {"age_hours": max(0, age // 3600)}
    return facts


def actor_type(by: Actor) -> str:
    """The word for the actor in policy expressions: regular, api, staff, lambda or system."""
    if by.kind in {ActorKind.STAFF, ActorKind.SYSTEM, ActorKind.LAMBDA}:
        return str(by.kind)
    return "api" if by.is_program else "regular"


def active() -> Sequence[Policy]:
    """Active policies of the scope in the order in which they are tried; nobody changes these."""
    return _ACTIVE.read()


def ordered(policies: Iterable[Policy]) -> list[Policy]:
    """These policies in the order in which they are tried."""
    return sorted(
        policies,
        key=lambda row: (row.priority, _TIE[row.decision_on_true], str(row.public_id)),
    )


_ACTIVE: Final = hot_reads.ActivePolicies(ordered)


def is_about(policy: Policy, command: Command[Any], details: Input) -> bool:
    """Whether a policy is about the command's resource and action."""
    return _matches(policy, action=command.action, resource=command.path(details))


def is_touched(command: Command[Any], details: Input) -> bool:
    """Whether any active policy is about a command, whatever its expression says."""
    path = command.path(details)
    return any(_is_in(text, path) for text in hot_reads.resources_of_policies(command.action))


def current_version(policy_public_id: UUID) -> int | None:
    """The version of an active policy; None when it is gone or switched off."""
    return (
        Policy.objects.filter(public_id=policy_public_id, status=Policy.Status.ACTIVE)
        .values_list("version", flat=True)
        .first()
    )


def _matches(policy: Policy, *, action: str, resource: str) -> bool:
    return policy.action in {"*", action} and _is_in(policy.resource, resource)


def _is_in(texts: str, resource: str) -> bool:
    return any(patterns.matches(pattern, resource) for pattern in texts.split(" ") if pattern)


def _is_true(policy: Policy, facts: Mapping[str, Any]) -> bool:
    # An expression that can't be evaluated counts against the change, never for it.
    try:
        return expression.evaluate(expression.parse(policy.expression), facts)
    except (expression.EvaluationFailed, expression.ExpressionInvalid):
        return policy.decision_on_true != Policy.Decision.ALLOW


def _is_reachable(policy: Policy, question: standing.Question) -> bool:
    if policy.decision_on_true != Policy.Decision.REVIEW:
        return True
    return standing.is_ever_reachable(review.parse(policy.review_expression), question)


def _outcome(policy: Policy) -> Allowed | Denied | Review:
    if policy.decision_on_true == Policy.Decision.ALLOW:
        return Allowed()
    if policy.decision_on_true == Policy.Decision.DENY:
        return Denied(policy_id=policy.public_id, name=policy.name)
    return Review(
        policy_id=policy.public_id,
        version=policy.version,
        snapshot=snapshot(policy),
        review=review.parse(policy.review_expression),
        is_strict=policy.is_locked,
    )


def _with_touched_quorums(base: Review, touched: Sequence[str], *, is_strict: bool) -> Review:
    # A change of a quorum needs the old and the new quorum (specification §5.1).
    merged = base.review
    for text in touched:
        merged = review.merge(merged, review.parse(text))
    return Review(
        policy_id=base.policy_id,
        version=base.version,
        snapshot=base.snapshot,
        review=merged,
        is_strict=base.is_strict or is_strict,
    )
