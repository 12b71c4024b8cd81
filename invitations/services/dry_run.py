"""What a command would meet, and what it would meet under another policy; nothing is done."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from accounts.errors import AccountHoldsMore, GrantTooWide
from identity import errors, ids
from identity.actor import Actor
from identity.errors import DomainError
from identity.services import scopes
from identity.services.audit_facts import MOST_INTEGER
from invitations import errors as refusals
from invitations.commands.command import registry
from invitations.decision import review as reviews
from invitations.models import Policy, Proposal
from invitations.rows import ElectorRow
from invitations.services import decisions, governance, policies, proposals, standing
from invitations.services.governance import Step

LATER: Final = "comes after the one that decides"
OFF: Final = "is switched off"
MOST_REPLAYED: Final = 50


class Outcome(StrEnum):
    """What would happen."""

    ALLOWED = "allowed"
    DENIED = "denied"
    REVIEW = "review"
    UNREACHABLE = "unreachable"
    FORBIDDEN = "forbidden"
    TOO_WIDE = "too-wide"
    INVALID = "invalid"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one policy says of the command."""

    policy: UUID
    name: str
    is_locked: bool
    decision: str
    finding: str

    @property
    def holds(self) -> bool:
        """Whether it takes part in the outcome."""
        return self.finding in {decisions.DECIDES, decisions.ADDS}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What would happen to a command now.

    `reason` is a sentence, `code` that of the refusal. With a review there are its canonical text,
    what it needs in words, and everybody with an obstacle or an empty one. `facts` are what policy
    expressions see; empty where the command was refused before policies were asked.
    """

    outcome: Outcome
    reason: str
    code: str = ""
    review_expression: str = ""
    missing: Sequence[str] = ()
    electors: Sequence[ElectorRow] = ()
    policies: Sequence[Finding] = ()
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Replayed:
    """A proposal of the past as it was asked for, judged now under both texts."""

    proposal: UUID
    action: str
    resource: str
    created_at: datetime
    before: Outcome
    after: Outcome


def decide(*, action: str, details: Mapping[str, Any], by: Actor, now: datetime) -> Verdict:
    """What `governance.submit` would do with this command now. Never raises a refusal."""
    return _verdict(Step(action, details), by, decisions.Inquiry(heard=[]), now=now)


def decide_under(
    *,
    policy_id: UUID | None,
    fields: Mapping[str, Any],
    action: str,
    details: Mapping[str, Any],
    by: Actor,
    now: datetime,
) -> Verdict:
    """As `decide`, if a policy had these fields; `policy_id` None for one that would be new.

    Raises what a change of the policy would: `Invalid`, `PolicyLocked`, `Missing`,
    `PatternInvalid`, `ExpressionInvalid`, `ReviewInvalid`.
    """
    inquiry = decisions.Inquiry(among=_among(policy_id, fields, now=now), heard=[])
    return _verdict(Step(action, details), by, inquiry, now=now)


def replay(
    *,
    policy_id: UUID | None,
    fields: Mapping[str, Any],
    now: datetime,
    count: int = 20,
) -> Sequence[Replayed]:
    """The latest proposals, each judged by the policies as they are and with the new text.

    The proposer is taken as it is today; proposals whose proposer or target is gone are left out.
    Raises what `decide_under` raises.
    """
    among = _among(policy_id, fields, now=now)
    latest = Proposal.objects.order_by("-created_at", "-id")[: min(count, MOST_REPLAYED)]
    found = [_replayed(row, among, now=now) for row in latest]
    return [item for item in found if item is not None]


def _replayed(row: Proposal, among: Sequence[Policy], *, now: datetime) -> Replayed | None:
    try:
        with _without_effect():
            by = proposals.proposer_now(row, now=now)
            before = _outcome_of(row, by, decisions.Inquiry(), now=now)
            after = _outcome_of(row, by, decisions.Inquiry(among=among), now=now)
    except DomainError:
        return None
    return Replayed(row.id, row.action, row.resource, row.created_at, before, after)


def _outcome_of(row: Proposal, by: Actor, inquiry: decisions.Inquiry, *, now: datetime) -> Outcome:
    found = [
        decisions.decide(command=command, details=given, by=by, now=now, inquiry=inquiry)
        for command, given in proposals.steps_of(row)
    ]
    if any(isinstance(item, decisions.Denied) for item in found):
        return Outcome.DENIED
    is_reviewed = any(isinstance(item, decisions.Review) for item in found)
    return Outcome.REVIEW if is_reviewed else Outcome.ALLOWED


def _among(policy_id: UUID | None, fields: Mapping[str, Any], *, now: datetime) -> Sequence[Policy]:
    others = decisions.active()
    public_id, values = policy_id or ids.new(), dict(fields)
    present: dict[str, Any] = dict(policies.BLANK)
    is_reachable_only = False
    if policy_id is not None:
        with _without_effect():
            stored = policies.changeable(policy_id)
        present, is_reachable_only = policies.present(stored), stored.only_if_reachable
    checked = policies.check(present | values)
    changed = Policy(
        public_id=public_id,
        created_at=now,
        updated_at=now,
        only_if_reachable=is_reachable_only,
        **checked,
    )
    rest = [policy for policy in others if policy.public_id != public_id]
    return [*rest, changed] if changed.status == Policy.Status.ACTIVE else rest


def _verdict(step: Step, by: Actor, inquiry: decisions.Inquiry, *, now: datetime) -> Verdict:
    with _without_effect():
        try:
            found = governance.foresee(steps=[step], by=by, now=now, inquiry=inquiry)
            command = registry.get(step.action)
            # What is to be changed must be there, be it only when the change is made.
            command.target(command.read(step.details))
        except DomainError as refusal:
            return _refused(refusal, step, by, inquiry, now=now)
        if found is None:
            reason = "It would be done at once."
            return _told(Verdict(Outcome.ALLOWED, reason), step, by, inquiry, now=now)
        names = [policy.name for policy, finding in _heard(inquiry) if _holds(finding)]
        waits = Verdict(
            Outcome.REVIEW,
            f"It would wait for others: {', '.join(names)}.",
            review_expression=reviews.canonical(found.review),
            missing=reviews.missing(found.review, ()),
            electors=_electors(step, by, found, now=now),
        )
        return _told(waits, step, by, inquiry, now=now)


_OUTCOMES: Final[Sequence[tuple[type[DomainError], Outcome]]] = (
    (refusals.PolicyDenied, Outcome.DENIED),
    (refusals.QuorumUnreachable, Outcome.UNREACHABLE),
    (GrantTooWide, Outcome.TOO_WIDE),
    (AccountHoldsMore, Outcome.TOO_WIDE),
    (errors.Forbidden, Outcome.FORBIDDEN),
)


def _refused(
    refusal: DomainError, step: Step, by: Actor, inquiry: decisions.Inquiry, *, now: datetime
) -> Verdict:
    outcome = next((found for kind, found in _OUTCOMES if isinstance(refusal, kind)), None)
    if outcome is None:
        is_input = refusal.kind in {errors.Kind.INVALID, errors.Kind.MISSING}
        outcome = Outcome.INVALID if is_input else Outcome.REFUSED
    verdict = Verdict(outcome, str(refusal), refusal.code)
    return _told(verdict, step, by, inquiry, now=now) if _heard(inquiry) else verdict


def _told(
    verdict: Verdict, step: Step, by: Actor, inquiry: decisions.Inquiry, *, now: datetime
) -> Verdict:
    """The verdict with what every policy said and what expressions saw."""
    said = {policy.public_id: finding for policy, finding in _heard(inquiry)}
    command = registry.get(step.action)
    given = command.read(step.details)
    considered = decisions.active() if inquiry.among is None else decisions.ordered(inquiry.among)
    stored = Policy.objects.exclude(status=Policy.Status.ACTIVE)
    known = {policy.public_id for policy in considered}
    return dataclasses.replace(
        verdict,
        policies=[
            *(
                _finding(each, said.get(each.public_id) or _unsaid(each, given, step))
                for each in considered
            ),
            *(_finding(each, OFF) for each in stored if each.public_id not in known),
        ],
        facts=_readable(decisions.facts_of(command=command, details=given, by=by, now=now)),
    )


def _readable(fact: Any) -> Any:
    """Facts as every JSON reader can hold them: an amount beyond 2^53 - 1 is told as text."""
    if isinstance(fact, Mapping):
        return {name: _readable(value) for name, value in fact.items()}
    is_large = isinstance(fact, int) and abs(fact) > MOST_INTEGER
    return str(fact) if is_large else fact


def _unsaid(policy: Policy, given: Any, step: Step) -> str:
    command = registry.get(step.action)
    return LATER if decisions.is_about(policy, command, given) else decisions.NO_MATCH


def _finding(policy: Policy, finding: str) -> Finding:
    return Finding(
        policy.public_id, policy.name, policy.is_locked, policy.decision_on_true, finding
    )


def _electors(
    step: Step, by: Actor, found: decisions.Review, *, now: datetime
) -> Sequence[ElectorRow]:
    """Everybody's standing as if the proposal had been made this moment."""
    command = registry.get(step.action)
    settings = scopes.settings()
    question = dataclasses.replace(
        standing.Question.of_steps([(command, command.read(step.details))], by=by, now=now),
        is_strict=found.is_strict or settings.strict_standing,
        is_device_age_asked=settings.device_age_rule,
    )
    return [
        ElectorRow(item.person.public_id, item.person.username, item.obstacle)
        for item in standing.of_everybody(question)
    ]


def _heard(inquiry: decisions.Inquiry) -> Sequence[tuple[Policy, str]]:
    return inquiry.heard or ()


def _holds(finding: str) -> bool:
    return finding in {decisions.DECIDES, decisions.ADDS}


@contextmanager
def _without_effect() -> Iterator[None]:
    """Whatever is written or locked inside is undone."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
