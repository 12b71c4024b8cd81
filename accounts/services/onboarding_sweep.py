"""Onboardings that ended long ago are forgotten; what failed and nobody tried again is given up."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from accounts.models import Onboarding
from accounts.services import onboardings
from identity import actor, errors
from identity.scoping import current
from identity.services import batches

State = Onboarding.State

KEEP: Final = timedelta(days=30)
"""How long an owner may read what came of one, and how long a failed one may be tried again."""
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Swept:
    """How many onboardings of all scopes were given up, and how many were forgotten."""

    given_up: int
    forgotten: int


def sweep(*, now: datetime) -> Swept:
    """Cancel what failed 30 days ago, and remove what was completed or cancelled 30 days ago.

    A cancellation removes the user that was being made and forgets the sealed request; the ledger
    account stays. Users that were made stay as they are. The record keeps its events.
    """
    before = now - KEEP
    return Swept(_give_up(before, now=now), _forget(before))


def _give_up(before: datetime, *, now: datetime) -> int:
    with current.across_scopes(why="onboardings that failed are given up in every scope"):
        rows = Onboarding.objects.filter(state=State.FAILED, ended_at__lte=before)
        found = list(rows.order_by("ended_at").values_list("scope_id", "id")[:_BATCH])
    return sum(_is_given_up(*each, now=now) for each in found)


def _is_given_up(scope_id: UUID, onboarding_id: UUID, *, now: datetime) -> bool:
    try:
        with current.in_scope(scope_id):
            onboardings.cancel(onboarding_id=onboarding_id, by=actor.system(scope_id), now=now)
    except errors.DomainError:
        # Somebody tried it again a moment ago, or the account can't go now.
        return False
    return True


def _forget(before: datetime) -> int:
    with current.across_scopes(why="onboardings that ended are forgotten in every scope"):
        rows = Onboarding.objects.filter(
            state__in=[State.COMPLETED, State.CANCELLED], ended_at__lte=before
        ).order_by("ended_at")
        return batches.delete(rows, size=_BATCH)
