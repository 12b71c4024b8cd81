"""What became of a change: done, waiting or given up; its remote goes on, rests or is paused."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from accounts.models import Remote, RemoteChange, RemoteContext
from accounts.services import remote_leases, remote_records
from accounts.services.remote_leases import LeaseLost, Taken
from accounts.services.remote_outcomes import Fault, Verdict
from accounts.services.remote_pace import Pace
from identity import actor, logs
from identity.scoping import current
from identity.services import audit, batches

KEEP: Final = timedelta(days=30)
TOLD_EACH: Final = timedelta(seconds=10)
"""How often a remote's row says anew that it carries: not for every change."""
_LONGEST: Final = 300
State = RemoteChange.State
Kind = RemoteChange.Kind
_redactor = logs.Redactor()


@dataclass(frozen=True, slots=True)
class Carried:
    """A change that the remote has: with the new id of a context, or with what was compared."""

    context_there: str = ""
    drift: Mapping[str, Any] | None = None


def record(
    taken: Taken,
    change: RemoteChange,
    link: RemoteContext,
    ended: Carried | Fault,
    *,
    now: datetime,
    pace: Pace,
    through: int,
) -> None:
    """Write down how a change ended, in one transaction, if the lease is still held.

    `through` is the newest change of the same member, all up to which ended together. Raises
    LeaseLost.
    """
    with transaction.atomic(), audit.gathered():
        if remote_leases.held(taken).select_for_update().first() is None:
            raise LeaseLost
        if isinstance(ended, Fault):
            _record_fault(change, ended, now=now, pace=pace, through=through)
            _judge(link.remote_id, ended, now=now, pace=pace)
            return
        _note(link, ended, now=now)
        _end(change, State.DONE, "", now=now, through=through)
        _went_well(link.remote, now=now)


def purge(*, now: datetime) -> int:
    """Remove changes of every scope that ended 30 days ago; how many."""
    with current.across_scopes(why="changes that were carried are forgotten in every scope"):
        old = RemoteChange.objects.filter(ended_at__lte=now - KEEP).order_by("ended_at")
        return batches.delete(old)


def _note(link: RemoteContext, ended: Carried, *, now: datetime) -> None:
    rows = RemoteContext.objects.filter(id=link.id)
    if ended.context_there:
        rows.update(context_there=ended.context_there)
    if ended.drift is not None:
        rows.update(drift=dict(ended.drift), checked_at=now)


def _record_fault(
    change: RemoteChange, fault: Fault, *, now: datetime, pace: Pace, through: int
) -> None:
    attempts = change.attempts if fault.verdict.counts else change.attempts - 1
    if fault.verdict.is_final or attempts >= pace.most_attempts:
        _end(change, State.FAILED, _shown(fault), now=now, through=through)
        return
    # Behind what is due by now, so that one bad change holds up no others.
    wait = pace.wait(attempts) if fault.verdict.counts else pace.rest(1)
    RemoteChange.objects.filter(id=change.id).update(
        attempts=attempts, next_attempt_at=now + wait, lease=None, last_error=_shown(fault)
    )


def _end(change: RemoteChange, state: str, error: str, *, now: datetime, through: int) -> None:
    """End a change and all earlier ones of the same member, which it was carried for."""
    rows = RemoteChange.objects.filter(id=change.id)
    if change.kind == Kind.MEMBER:
        rows = RemoteChange.objects.filter(
            link_id=change.link_id, member=change.member, sequence__lte=through
        ).exclude(state=State.DONE)
    rows.update(state=state, last_error=error, lease=None, ended_at=now)


def _went_well(remote: Remote, *, now: datetime) -> None:
    """The remote answers: whatever failed before is forgotten."""
    is_told = remote.carried_at is not None and now - remote.carried_at < TOLD_EACH
    if is_told and not remote.failures:
        return
    changes: dict[str, Any] = {"failures": 0, "failing_since": None, "rests_until": None}
    Remote.objects.filter(id=remote.id).update(**changes, last_error="", carried_at=now)


def _judge(remote_id: UUID, fault: Fault, *, now: datetime, pace: Pace) -> None:
    remote = Remote.objects.select_for_update().filter(id=remote_id).first()
    if remote is None:
        return
    if not fault.verdict.is_about_the_remote:
        # It answered: nothing is wrong with the remote itself.
        if remote.failures:
            remote.failures, remote.failing_since, remote.rests_until = 0, None, None
            remote.save(update_fields=["failures", "failing_since", "rests_until"])
        return
    remote.failures += 1
    remote.failing_since = remote.failing_since or now
    remote.rests_until = now + pace.rest(remote.failures)
    remote.last_error = _shown(fault)
    most = pace.most_refusals if fault.verdict is Verdict.CLOSED else pace.most_outages
    if remote.failures >= most and remote.status == Remote.Status.ACTIVE:
        remote.status, remote.reason = Remote.Status.PAUSED, Remote.Reason.FAILING
        remote.version += 1
        remote.updated_at = now
        facts = {"alarm": True, "failures": remote.failures}
        by = actor.system(remote.scope_id)
        remote_records.record("remote.paused", remote, by=by, now=now, facts=facts)
    remote.save()


def _shown(fault: Fault) -> str:
    """The fault in words that may be stored and shown."""
    plain = "".join(sign if sign.isprintable() else " " for sign in fault.text)
    return _redactor.clean_text(plain)[:_LONGEST]
