"""Dry runs: what the policies would decide, as they are or as they might be; nothing is done."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from identity.api.v1 import route, shapes
from identity.api.v1.nouns.policies import PolicyEdit
from identity.api.v1.nouns.proposals import Elector
from identity.api.v1.route import Asked
from identity.api.v1.shapes import Body, Shown, fields_of
from invitations.services import dry_run


class Question(Body, frozen=True):
    """A command by its name (`group.create`) and its input, as a proposal shows them.

    With `fields` the answer is for a policy with these fields: the one of the id `policy`, or one
    that would be new.
    """

    command: str
    details: dict[str, Any]
    policy: UUID | None = None
    fields: PolicyEdit | None = None


class Finding(Shown, frozen=True):
    """What one policy says of the command."""

    policy: UUID
    name: str
    is_locked: bool
    decision: str
    finding: str


class Verdict(Shown, frozen=True):
    """What would happen: `reason` is a sentence, `code` that of the refusal.

    With a review there are its text, what it needs in words, and everybody's standing. `facts` are
    what policy expressions see.
    """

    outcome: str
    reason: str
    code: str
    review_expression: str
    missing: Sequence[str]
    electors: Sequence[Elector]
    policies: Sequence[Finding]
    facts: Mapping[str, Any]


@route.act(
    "POST",
    "/policies/decide",
    "policies:get",
    "policies_decide",
    "What would be decided if you asked for this now",
    body=Question,
    shows=Verdict,
)
def decide(asked: Asked) -> Verdict:
    """What only the change itself could meet, such as a name that is taken, is not foreseen."""
    found = _verdict(asked)
    return Verdict(
        outcome=str(found.outcome),
        reason=found.reason,
        code=found.code,
        review_expression=found.review_expression,
        missing=list(found.missing),
        electors=[shapes.of_row(Elector, each) for each in found.electors],
        policies=[shapes.of_row(Finding, each) for each in found.policies],
        facts=dict(found.facts),
    )


def _verdict(asked: Asked) -> dry_run.Verdict:
    question: Question = asked.body
    actor, now = asked.caller.actor, asked.now
    if question.fields is None and question.policy is None:
        return dry_run.decide(action=question.command, details=question.details, by=actor, now=now)
    return dry_run.decide_under(
        policy_id=question.policy,
        fields=fields_of(question.fields),
        action=question.command,
        details=question.details,
        by=actor,
        now=now,
    )


ROUTES: Final = (decide,)
