"""Leases on changes for remotes: one worker at a time has a member, and loses it by time.

Only the first pending change of a member can be taken, so no two workers ever carry the same
member, whatever processes they are in, and nothing of a context before it was made there. A worker
that was killed loses its lease by time; one that was thought dead and comes back records nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts.models import Remote, RemoteChange, RemoteContext
from accounts.services.remote_pace import Pace
from identity import ids
from identity.models import Scope
from identity.scoping import current

_PENDING: Final = RemoteChange.State.PENDING
_MAKING: Final = RemoteChange.Kind.CONTEXT
_WHY: Final = "changes are carried to the remotes of every scope"


class LeaseLost(Exception):
    """Somebody else has it by now, or the link was ended."""


@dataclass(frozen=True, slots=True)
class Due:
    """A remote for which something is due."""

    scope_id: UUID
    remote_id: UUID


@dataclass(frozen=True, slots=True)
class Taken:
    """A change that this worker alone works on until `until`, the end of its lease."""

    change_id: UUID
    lease: UUID
    until: datetime


def due(*, now: datetime, most: int) -> Sequence[Due]:
    """Remotes of all active scopes for which something is due, the longest untouched first.

    Not those that are paused or rest after a failure.
    """
    with current.across_scopes(why=_WHY):
        waiting = RemoteChange.objects.filter(
            remote_id=OuterRef("id"), state=_PENDING, next_attempt_at__lte=now
        )
        rows = Remote.objects.filter(
            is_open(now), Exists(waiting), scope__status=Scope.Status.ACTIVE
        ).order_by(F("claimed_at").asc(nulls_first=True), "id")
        return [Due(*row) for row in rows.values_list("scope_id", "id")[:most]]


def is_open(now: datetime) -> Q:
    """Remotes that may be asked now."""
    is_rested = Q(rests_until__isnull=True) | Q(rests_until__lte=now)
    return Q(status=Remote.Status.ACTIVE) & is_rested


def take(remote_id: UUID, *, now: datetime, pace: Pace, most: int) -> Sequence[Taken]:
    """Take up to so many changes of a remote of the scope in force, each by one statement.

    One alone from a remote that failed last: nobody else asks it meanwhile. None where it rests.
    """
    seen = Remote.objects.filter(is_open(now), id=remote_id).values_list("failures", flat=True)
    failures = seen.first()
    if failures is None:
        return ()
    if failures and not _probe(remote_id, now=now, pace=pace):
        return ()
    Remote.objects.filter(id=remote_id).update(claimed_at=now)
    wanted = 1 if failures else most
    found = list(
        _free(remote_id, now)
        .order_by("next_attempt_at", "id")
        .values_list("id", flat=True)[:wanted]
    )
    tried = (_take(remote_id, change_id, now=now, pace=pace) for change_id in found)
    taken = [one for one in tried if one is not None]
    if failures and not taken:
        Remote.objects.filter(id=remote_id).update(rests_until=now)
    return taken


def keep(taken: Taken, *, now: datetime, pace: Pace) -> Taken:
    """Renew a lease; the same one with its new end. Raises LeaseLost."""
    until = now + pace.lease
    if not held(taken).update(next_attempt_at=until):
        raise LeaseLost
    return Taken(taken.change_id, taken.lease, until)


def held(taken: Taken) -> "QuerySet[RemoteChange]":
    """The row of this change, as long as the lease is this worker's."""
    return RemoteChange.objects.filter(id=taken.change_id, state=_PENDING, lease=taken.lease)


def _take(remote_id: UUID, change_id: UUID, *, now: datetime, pace: Pace) -> Taken | None:
    lease, until = ids.new(), now + pace.lease
    free = _free(remote_id, now).filter(id=change_id)
    changed = free.update(lease=lease, next_attempt_at=until, attempts=F("attempts") + 1)
    return Taken(change_id, lease, until) if changed else None


def _free(remote_id: UUID, now: datetime) -> "QuerySet[RemoteChange]":
    """What may be taken: due, the first of its member, and in a context that is there."""
    earlier = RemoteChange.objects.filter(
        Q(member=OuterRef("member")) | Q(kind=_MAKING),
        link_id=OuterRef("link_id"),
        sequence__lt=OuterRef("sequence"),
        state=_PENDING,
    )
    made = RemoteContext.objects.filter(remote_id=remote_id).exclude(context_there="").values("id")
    return RemoteChange.objects.filter(
        ~Exists(earlier),
        Q(kind=_MAKING) | Q(link_id__in=made),
        remote_id=remote_id,
        state=_PENDING,
        next_attempt_at__lte=now,
    )


def _probe(remote_id: UUID, *, now: datetime, pace: Pace) -> bool:
    """Be the one who asks a failing remote; the others see that it rests until that is known."""
    rows = Remote.objects.filter(is_open(now), id=remote_id)
    return bool(rows.update(rests_until=now + pace.lease))
