"""Verifications of the audit record on demand: short chains at once, long ones as a task.

Each one is kept with who asked and what it found, and told in the record itself: one that finds a
fault is an alarm.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from identity import actor, errors
from identity.actor import Actor
from identity.crypto import audit_chain
from identity.models import AuditCheck
from identity.scoping import current
from identity.services import audit, audit_trail

Clock = Callable[[], datetime]
Queue = Callable[[UUID, UUID], None]

MOST_AT_ONCE: Final = 2000
"""Events that are verified while somebody waits for the page."""
PATIENCE: Final = timedelta(minutes=5)
SHOWN: Final = 10
KEPT: Final = timedelta(days=90)
"""How long a verification is kept that is not among the newest of its scope."""
_STATE = AuditCheck.State

queues: list[Queue] = []
"""Called as `queue(scope_id, check_id)`: filled at start by the room that knows tasks."""


def start(*, by: Actor, clock: Clock) -> AuditCheck:
    """Verify the record of the actor's scope, at once or as a task; the row tells which.

    Raises Conflict while another verification of the scope is running.
    """
    with current.in_scope(by.scope_id):
        check = _begun(by=by, now=clock())
        if check.up_to <= MOST_AT_ONCE:
            work(check.id, by=by, clock=clock)
        check.refresh_from_db()
    return check


def work(check_id: UUID, *, by: Actor | None = None, clock: Clock) -> bool:
    """Do a verification of the scope in force; False where it has ended already.

    `by` is who waits for it; without, the platform does it in a task.
    """
    check = AuditCheck.objects.filter(id=check_id, state=_STATE.RUNNING).first()
    if check is None:
        return False
    by = by or actor.system(check.scope_id)

    def tell(sequence: int) -> None:
        running = AuditCheck.objects.filter(id=check.id, state=_STATE.RUNNING)
        running.update(checked=sequence, moved_at=clock())

    try:
        report = audit_trail.verify(tell=tell)
    except audit_chain.AuditInvalid as fault:
        first_bad = fault.seq if isinstance(fault, audit_chain.ChainInvalid) else None
        _end(check, _STATE.BROKEN, first_bad=first_bad, reason=str(fault), by=by, now=clock())
    else:
        check.up_to = report.last_seq
        _end(check, _STATE.HOLDS, by=by, now=clock())
    return True


def latest(*, now: datetime) -> Sequence[AuditCheck]:
    """The newest verifications of the scope in force, the newest first.

    One that stands still is shown as stopped.
    """
    rows = list(AuditCheck.objects.order_by("-asked_at")[:SHOWN])
    for row in rows:
        if row.state == _STATE.RUNNING and row.moved_at <= now - PATIENCE:
            row.state = _STATE.STOPPED
    return rows


def purge(*, now: datetime) -> int:
    """Forget old verifications of every scope, but for the newest ten; how many those were.

    Each one's finding stays in the audit record.
    """
    due = {"asked_at__lte": now - KEPT}
    with current.across_scopes(why="old verifications are forgotten in every scope"):
        old = AuditCheck.objects.filter(**due).exclude(state=_STATE.RUNNING)
        scope_ids = list(old.values_list("scope_id", flat=True).distinct())
    removed = 0
    for scope_id in scope_ids:
        with current.in_scope(scope_id):
            newest = AuditCheck.objects.order_by("-asked_at").values_list("id", flat=True)[:SHOWN]
            old = AuditCheck.objects.filter(**due).exclude(state=_STATE.RUNNING)
            removed += old.exclude(id__in=list(newest)).delete()[0]
    return removed


def _begun(*, by: Actor, now: datetime) -> AuditCheck:
    user = by.public_id or by.user_id
    check = AuditCheck(
        scope_id=by.scope_id,
        asked_by=str(user or ""),
        asked_at=now,
        moved_at=now,
        up_to=audit_trail.end().sequence,
    )
    still = AuditCheck.objects.filter(state=_STATE.RUNNING, moved_at__lte=now - PATIENCE)
    try:
        with transaction.atomic():
            still.update(state=_STATE.STOPPED, ended_at=now)
            check.save(force_insert=True)
            if check.up_to > MOST_AT_ONCE:
                for queue in queues:
                    queue(check.scope_id, check.id)
    except IntegrityError:
        raise errors.Conflict("A verification is running already.") from None
    return check


def _end(
    check: AuditCheck,
    state: AuditCheck.State,
    *,
    first_bad: int | None = None,
    reason: str = "",
    by: Actor,
    now: datetime,
) -> None:
    checked = check.up_to if state == _STATE.HOLDS else max(0, (first_bad or 1) - 1)
    with transaction.atomic():
        ended = AuditCheck.objects.filter(id=check.id, state=_STATE.RUNNING).update(
            state=state,
            ended_at=now,
            up_to=check.up_to,
            checked=checked,
            first_bad=first_bad,
            reason=reason[:300],
        )
        if not ended:
            return
        is_sound = state == _STATE.HOLDS
        facts = {"up_to": check.up_to, "holds": is_sound, "asked_by": check.asked_by}
        facts |= {} if is_sound else {"alarm": True, "first_bad": first_bad}
        subject = ("audit-check", str(check.id))
        audit.record("audit.verified", by=by, subject=subject, now=now, facts=facts)
