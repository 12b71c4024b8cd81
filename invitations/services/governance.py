"""The one door for sensitive commands: permission, policy, then done or pending."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.errors import NameTaken
from identity import errors
from identity.actor import Actor
from identity.services import audit
from invitations.commands.command import Command, Input, Result, registry
from invitations.errors import PolicyDenied
from invitations.services import decisions, proposals
from invitations.services.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Step:
    """One command with its input, as asked for."""

    action: str
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Done:
    """The change was made; one result per step."""

    results: Sequence[Result]

    @property
    def result(self) -> Result:
        """The result of a single step."""
        return self.results[0]


@dataclass(frozen=True, slots=True)
class Pending:
    """The change waits for others: a success of another shape."""

    proposal_id: UUID


def submit(
    *, action: str, details: Mapping[str, Any], by: Actor, now: datetime, evidence: Evidence
) -> Done | Pending:
    """Do one sensitive command, or make the proposal that policy asks for.

    Raises `Forbidden` without the permission, `PolicyDenied`, `QuorumUnreachable`, `Invalid` for
    details that don't fit, and whatever the command's service refuses.
    """
    return submit_together(
        steps=[Step(action=action, details=details)], by=by, now=now, evidence=evidence
    )


def submit_together(
    *, steps: Sequence[Step], by: Actor, now: datetime, evidence: Evidence
) -> Done | Pending:
    """Do several commands in order as one: all or nothing, under one approval if any needs one.

    A refusal's `facts["step"]` says which step it is about, counted from 0.
    """
    with transaction.atomic(), audit.gathered():
        judged = _judged(steps, by, now=now)
        review = judged.review
        if review is not None:
            proposal = proposals.create(
                steps=judged.asked, review=review, by=by, now=now, evidence=evidence
            )
            return Pending(proposal_id=proposal.id)
        return Done(results=_executed(judged, by, now=now))


def do_together(*, steps: Sequence[Step], by: Actor, now: datetime) -> Done:
    """As `submit_together`, for those who can propose nothing: no evidence, and never pending.

    Raises `Forbidden` where others would have to agree, and nothing is begun.
    """
    with transaction.atomic(), audit.gathered():
        judged = _judged(steps, by, now=now)
        if judged.review is not None:
            raise errors.Forbidden(
                "This needs approval. Propose it with a request that a device signs."
            )
        return Done(results=_executed(judged, by, now=now))


def foresee(
    *,
    steps: Sequence[Step],
    by: Actor,
    now: datetime,
    inquiry: decisions.Inquiry | None = None,
) -> decisions.Review | None:
    """What `submit_together` would do now, without doing it: the review it would ask for, or None.

    Raises what it would raise for want of a right, by policy and for wrong input. What only the
    change itself can meet, such as a name that is taken, is not foreseen.
    """
    judged = _judged(steps, by, now=now, inquiry=inquiry)
    review = judged.review
    if review is not None:
        proposals.require_reachable(judged.asked, review, by=by, now=now)
        return review
    for index, (command, details) in enumerate(judged.asked):
        with _blamed(index), _made_earlier(index):
            command.require_allowed_alone(details, by)
    return None


def _executed(judged: "_Judged", by: Actor, *, now: datetime) -> list[Result]:
    results = []
    for index, (command, details) in enumerate(judged.asked):
        with _blamed(index):
            command.require_allowed_alone(details, by)
            results.append(command.execute(details, by=by, now=now))
    return results


@dataclass(frozen=True, slots=True)
class _Judged:
    asked: proposals.Steps
    reviews: Sequence[decisions.Review]

    @property
    def review(self) -> decisions.Review | None:
        return decisions.together(self.reviews) if self.reviews else None


def _judged(
    steps: Sequence[Step],
    by: Actor,
    *,
    now: datetime,
    inquiry: decisions.Inquiry | None = None,
) -> _Judged:
    asked: list[tuple[Command[Any], Input]] = []
    reviews = []
    for index, step in enumerate(steps):
        with _blamed(index):
            command, details = _read(step, by, index=index)
            decision = decisions.decide(
                command=command, details=details, by=by, now=now, inquiry=inquiry
            )
            if isinstance(decision, decisions.Denied):
                raise PolicyDenied(f"The policy “{decision.name}” denies this.")
        asked.append((command, details))
        if isinstance(decision, decisions.Review):
            reviews.append(decision)
    return _Judged(asked, reviews)


@contextmanager
def _blamed(index: int) -> Iterator[None]:
    try:
        yield
    except errors.DomainError as refusal:
        refusal.facts["step"] = index
        raise


@contextmanager
def _made_earlier(index: int) -> Iterator[None]:
    try:
        yield
    except (errors.Missing, NameTaken):
        # What a later step is about may be made by an earlier one, or its name be freed.
        if index == 0:
            raise


def _read(step: Step, by: Actor, *, index: int) -> tuple[Command[Any], Input]:
    command = registry.get(step.action)
    details = command.read(step.details)
    if not command.is_own(details, by) and not by.may(command.permission):
        raise errors.Forbidden(f"This needs the permission {command.permission}.")
    with _made_earlier(index):
        command.validate(details)
    return command, details
