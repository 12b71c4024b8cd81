"""Standing: who may decide a proposal now, and why somebody may not."""

import dataclasses
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from accounts import electors
from identity.actor import Actor
from identity.permissions import EVERY_RESOURCE
from invitations.commands.command import Command, Input
from invitations.decision.review import Review, Voter
from invitations.decision.review import is_reachable as can_be_reached
from invitations.models import Proposal

NEW_DEVICE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be decided, as far as it matters for who may decide it.

    `raised` are the client-visible ids of users whose rights the change raises.
    """

    roots: frozenset[str]
    proposer_id: UUID | None
    raised: frozenset[UUID]
    asked_at: datetime
    judged_at: datetime
    is_strict: bool = False
    is_device_age_asked: bool = False

    @classmethod
    def of_steps(
        cls, steps: Sequence[tuple[Command[Any], Input]], *, by: Actor, now: datetime
    ) -> "Question":
        """The question that these commands would put if they were proposed now."""
        return cls(
            roots=frozenset(root(command.path(details)) for command, details in steps),
            proposer_id=by.user_id,
            raised=_raised(steps),
            asked_at=now,
            judged_at=now,
        )


def _raised(steps: Sequence[tuple[Command[Any], Input]]) -> frozenset[UUID]:
    raised = {user for command, details in steps if (user := command.raises_rights_of(details))}
    for command, details in steps:
        raised.update(command.raises_rights_of_all(details))
    return frozenset(raised)


def root(resource: str) -> str:
    """The first segment of a resource, which rights to approve are given for."""
    return "/" + resource.split("/")[1]


@dataclass(frozen=True, slots=True)
class Standing:
    """One user's standing in one question; `obstacle` is empty for who may decide."""

    person: electors.Elector
    voter: Voter
    obstacle: str


def of_everybody(
    question: Question, electorate: electors.Electorate | None = None
) -> list[Standing]:
    """The standing of all who may approve something; `electorate` spares reading them again."""
    known = electorate or electors.everybody(question.judged_at)
    behind = known.person_behind(question.proposer_id)
    return [_standing(person, question, behind) for person in known.people]


def is_reachable(review: Review, question: Question) -> bool:
    """Whether everybody who may decide, together, could satisfy the review."""
    return can_be_reached(review, eligible(question))


def is_ever_reachable(review: Review, question: Question) -> bool:
    """As `is_reachable`, with those counted in whose own rights the change would raise.

    A policy steps back only where too few people exist, not because they are partial here.
    """
    return is_reachable(review, dataclasses.replace(question, raised=frozenset()))


def eligible(question: Question) -> Collection[Voter]:
    """Those who may decide."""
    return [item.voter for item in of_everybody(question) if not item.obstacle]


def question_of(proposal: Proposal, *, is_device_age_asked: bool, now: datetime) -> Question:
    """The question that a stored proposal puts."""
    asked = proposal.actor
    return Question(
        roots=frozenset(asked["roots"]),
        proposer_id=proposal.proposer_id,
        raised=frozenset(UUID(user) for user in asked["raised"]),
        asked_at=proposal.created_at,
        judged_at=now,
        is_strict=proposal.strict_standing,
        is_device_age_asked=is_device_age_asked,
    )


def _standing(person: electors.Elector, question: Question, behind: UUID | None) -> Standing:
    latest = question.asked_at if question.is_strict else None
    voter = Voter(
        user=person.person_id or person.user_id,
        roles=person.roles_held(latest),
        groups=person.groups_joined(latest),
        is_program=person.is_program,
    )
    obstacle = _conflict_of_interest(person, question, behind) or _lack(person, question, latest)
    return Standing(person=person, voter=voter, obstacle=obstacle)


def _conflict_of_interest(person: electors.Elector, question: Question, behind: UUID | None) -> str:
    if person.user_id == question.proposer_id:
        return "proposed it"
    if person.public_id in question.raised:
        return "would gain rights by it"
    if behind is not None and person.person_id == behind:
        # Whoever made whom, through however many programs: one person does not agree with itself.
        return "is a program of the proposer's" if person.is_program else "made what proposed it"
    return ""


def _lack(person: electors.Elector, question: Question, latest: datetime | None) -> str:
    approves = person.approves_by(latest)
    if EVERY_RESOURCE not in approves and not question.roots <= approves:
        return "has no right to approve this kind of change"
    if person.oldest_device_at is None:
        return "has no active device"
    if question.is_device_age_asked and not _is_old_enough(person.oldest_device_at, question):
        return "has no device older than the proposal or a day"
    return ""


def _is_old_enough(registered_at: datetime, question: Question) -> bool:
    return registered_at <= question.asked_at or registered_at <= question.judged_at - NEW_DEVICE
