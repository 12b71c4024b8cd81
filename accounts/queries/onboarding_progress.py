"""How far an onboarding is, for whoever has its id and for nobody else: counts, no names."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from accounts.models import Onboarding, OnboardingStep
from accounts.models.onboarding import OPEN_STATES
from accounts.queries import onboardings
from identity.models import Scope
from identity.scoping import current, onboarding_doors

_ENDED_WELL: Final = (OnboardingStep.State.COMPLETED, OnboardingStep.State.SKIPPED)


@dataclass(frozen=True, slots=True)
class Watched:
    """How far it is: nothing here says whom it is about. `error` is empty unless it failed."""

    action: str
    state: str
    done: int
    steps: int
    error: str

    @property
    def is_open(self) -> bool:
        """Whether more will happen by itself."""
        return self.state in OPEN_STATES


def watched(task_id: UUID, *, scope_id: UUID | None = None) -> Watched | None:
    """How far it is, from the id alone; None for an unknown id, and in a scope that is not active.

    With `scope_id` one of another scope is unknown too.
    """
    found = onboarding_doors.progress(task_id)
    if found is None or scope_id not in {None, found.scope_id}:
        return None
    if found.scope_status != Scope.Status.ACTIVE:
        return None
    with current.in_scope(found.scope_id):
        done = ended_well(task_id)
    error = found.error if found.state == Onboarding.State.FAILED else ""
    steps = onboardings.expectation(found.action)
    return Watched(found.action, found.state, done, steps, error)


def ended_well(task_id: UUID) -> int:
    """How many of its steps are done or were not needed. In its scope."""
    return OnboardingStep.objects.filter(onboarding_id=task_id, state__in=_ENDED_WELL).count()
