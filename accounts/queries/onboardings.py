"""Reads about onboardings: how far one is (for anybody), all of it (for its owner), lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from accounts import onboarding_secrets
from accounts.models import Onboarding, OnboardingStep
from accounts.models.onboarding import STEPS_OF
from identity.actor import Actor
from identity.errors import Invalid, Missing
from identity.paging import After, Window
from identity.scoping import keyset, onboarding_doors

State = Onboarding.State
FILTERS: Final = frozenset({"state", "action"})


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an onboarding is: nothing here says whom it is about.

    `expectation` is how many steps it has; `error` is empty unless it failed.
    """

    task_id: UUID
    scope_id: UUID
    action: str
    state: str
    expectation: int
    error: str

    @property
    def is_completed(self) -> bool:
        """Whether the new user can sign in."""
        return self.state == State.COMPLETED

    @property
    def is_failed(self) -> bool:
        """Whether it ended without a user."""
        return self.state in {State.FAILED, State.CANCELLED}


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step; times are None until it began and ended."""

    number: int
    name: str
    state: str
    attempts: int
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class OnboardingRow:
    """An onboarding for those who manage them; never what it was given or came to."""

    id: UUID
    action: str
    state: str
    username: str
    role: str
    parent: UUID | None
    """The client-visible id of the registry."""
    user: UUID | None
    """The client-visible id of the user that it made, or makes."""
    requested_by: UUID | None
    proposal: UUID | None
    error_code: str
    error: str
    reason: str
    """What exactly was wrong, where `error` does not say all."""
    attempts: int
    outages: int
    next_attempt_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Record:
    """All of an onboarding, for its owner: `result` is None until it is completed."""

    row: OnboardingRow
    steps: Sequence[StepRow]
    expectation: int
    result: Mapping[str, Any] | None = field(repr=False)


def poll(task_id: UUID, *, scope_id: UUID | None = None) -> Progress | None:
    """How far it is, from the id alone, in whatever scope is in force; None for an unknown id.

    With `scope_id` one of another scope is unknown too.
    """
    found = onboarding_doors.progress(task_id)
    if found is None or scope_id not in {None, found.scope_id}:
        return None
    return Progress(
        task_id=task_id,
        scope_id=found.scope_id,
        action=found.action,
        state=found.state,
        expectation=expectation(found.action),
        error=found.error,
    )


def full(task_id: UUID, *, reader: Actor) -> Record:
    """All of it for its owner, in the reader's scope.

    Whoever asked owns it until it is completed, then the new user does. Raises `Missing` for
    everybody else, as for an unknown id, and SealBroken.
    """
    row = _rows().filter(id=task_id, owner_id=reader.user_id).first()
    if row is None or reader.user_id is None:
        raise Missing("There is no such onboarding.")
    result = onboarding_secrets.unseal_result(row)
    return Record(_shown(row), steps(task_id), expectation(row.action), result)


def one(task_id: UUID) -> OnboardingRow:
    """One onboarding of the scope in force. Raises `Missing`."""
    row = _rows().filter(id=task_id).first()
    if row is None:
        raise Missing("There is no such onboarding.")
    return _shown(row)


def steps(task_id: UUID) -> Sequence[StepRow]:
    """Its steps in order; none for an unknown id."""
    rows = OnboardingStep.objects.filter(onboarding_id=task_id).order_by("number")
    found = rows.values_list("number", "name", "state", "attempts", "started_at", "ended_at")
    return [StepRow(*row) for row in found]


def window(after: After) -> Window[OnboardingRow]:
    """Onboardings of the scope; filters `state` and `action`. Raises `Invalid`, `CursorInvalid`."""
    if set(after.filters) - FILTERS:
        raise Invalid(f"Filters are {', '.join(sorted(FILTERS))}.")
    shown, following = keyset.window(_rows().filter(**after.filters), after)
    return Window([_shown(row) for row in shown], following)


def expectation(action: str) -> int:
    """How many steps an onboarding of this kind has."""
    return len(STEPS_OF[Onboarding.Action(action)])


def _rows() -> "QuerySet[Onboarding]":
    return Onboarding.objects.select_related("parent", "user").defer("sealed_request")


def _shown(row: Onboarding) -> OnboardingRow:
    return OnboardingRow(
        id=row.id,
        action=row.action,
        state=row.state,
        username=row.username,
        role=row.role,
        parent=row.parent.public_id if row.parent else None,
        user=row.user.public_id if row.user else None,
        requested_by=row.requested_by,
        proposal=row.proposal_id,
        error_code=row.error_code,
        error=row.error,
        reason=row.reason,
        attempts=row.attempts,
        outages=row.outages,
        next_attempt_at=row.next_attempt_at,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )
