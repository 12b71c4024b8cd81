"""Leases on onboardings: taken by one worker at a time, renewed while it lives, lost by time.

Every write of a worker renews its lease in the same transaction, so that one who was thought dead
and comes back writes nothing more: somebody else has gone on meanwhile.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q

from accounts.models import Onboarding
from accounts.services.onboarding_pace import Pace
from identity import ids
from identity.models import Scope
from identity.scoping import current, inserts, statements

State = Onboarding.State
_OPEN: Final = (State.QUEUED, State.RUNNING)
# Written a dozen times for each onboarding: the ORM would take longer than the database.
_TAKE: Final = (
    "UPDATE accounts_onboarding SET state = 'running', attempts = attempts + 1, lease_holder = %s,"
    " lease_until = %s, next_attempt_at = %s, started_at = COALESCE(started_at, %s)"
    " WHERE scope_id = %s AND id = %s AND state IN ('queued', 'running') AND next_attempt_at <= %s"
)
_SET: Final = "UPDATE accounts_onboarding SET lease_until = %s, next_attempt_at = %s"
_HELD: Final = " WHERE scope_id = %s AND id = %s AND lease_holder = %s AND state = 'running'"
_KEEP: Final = f"{_SET}{_HELD}"
_KEEP_ON: Final = f"{_SET}, attempts = %s, outages = %s{_HELD}"
_WHY: Final = "onboardings of every scope are worked on"


class LeaseLost(Exception):
    """Somebody else works on it by now, or it was cancelled."""


@dataclass(frozen=True, slots=True)
class Due:
    """An onboarding that somebody may take up."""

    scope_id: UUID
    onboarding_id: UUID


def due(*, now: datetime, most: int) -> Sequence[Due]:
    """Onboardings of all active scopes that are due or whose worker has died, the oldest first."""
    with current.across_scopes(why=_WHY):
        rows = Onboarding.objects.filter(
            state__in=_OPEN, next_attempt_at__lte=now, scope__status=Scope.Status.ACTIVE
        ).order_by("next_attempt_at", "id")
        return [Due(*row) for row in rows.values_list("scope_id", "id")[:most]]


def take(onboarding_id: UUID, *, holder: str, now: datetime, pace: Pace) -> str | None:
    """The lease of one of the scope in force, by one conditional statement; None if it isn't due.

    What runs is due when its lease is over.
    """
    lease = f"{holder[:80]}:{ids.new()}"
    until = now + pace.lease
    given = {"lease_holder": lease, "lease_until": until, "next_attempt_at": until}
    known = {"scope": current.required_scope(), "id": onboarding_id, "created_at": now}
    values = inserts.bound(Onboarding, **given, started_at=now, **known)
    return lease if statements.count(_TAKE, values) else None


def keep(onboarding_id: UUID, lease: str, *, now: datetime, pace: Pace, **more: int) -> None:
    """Renew a lease, first thing in a transaction that writes.

    The columns `attempts` and `outages`, both or none, change with it. Raises LeaseLost, at the
    latest with the next statement of the transaction.
    """
    until = now + pace.lease
    held: dict[str, object] = {"lease_until": until, "next_attempt_at": until, **more}
    known = {"scope": current.required_scope(), "id": onboarding_id, "lease_holder": lease}
    values = inserts.bound(Onboarding, **held, **known)
    statements.later(_KEEP_ON if more else _KEEP, values, then=_require_kept)


def _require_kept(kept: int) -> None:
    if not kept:
        raise LeaseLost


def renew(leases: Collection[tuple[UUID, UUID, str]], *, now: datetime, pace: Pace) -> None:
    """Renew what a living process holds: scope, onboarding and lease of each."""
    until = now + pace.lease
    for scope_id, onboarding_id, lease in leases:
        with current.in_scope(scope_id):
            held = Q(id=onboarding_id, state=State.RUNNING, lease_holder=lease)
            Onboarding.objects.filter(held).update(lease_until=until, next_attempt_at=until)
