"""The work on an onboarding: step after step under a lease, until it is done, waits or has failed.

A worker may die at any moment: whoever takes the lease over begins at the step that was not ended.
The end of a step and the beginning of the next are one transaction.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import OperationalError, transaction

from accounts import ledger as ledgers
from accounts import onboarding_errors as refusals
from accounts.ledger import Ledger, Unavailable
from accounts.models import Onboarding, OnboardingStep
from accounts.services import (
    onboarding_case,
    onboarding_compensation,
    onboarding_leases,
    onboarding_pace,
    onboarding_results,
    onboarding_steps,
    onboardings,
)
from accounts.services.onboarding_case import Case
from accounts.services.onboarding_leases import LeaseLost
from accounts.services.onboarding_pace import Pace
from accounts.services.onboarding_steps import Made, Plan
from identity.crypto.errors import SealUnavailable
from identity.errors import DomainError
from identity.scoping import current, inserts, statements

Step = OnboardingStep.State
State = Onboarding.State
Clock = Callable[[], datetime]
OpenLedger = Callable[[UUID], Ledger]
_LONGEST_ERROR: Final = 512
_BEGUN: Final = ("state", "started_at", "ended_at", "attempts", "transactions")
_ENDED: Final = (*_BEGUN, "outcome")
_SKIPPED: Final = ("state", "ended_at")

_log = structlog.get_logger(__name__)


def work(
    onboarding_id: UUID,
    *,
    clock: Clock,
    holder: str,
    pace: Pace = onboarding_pace.USUAL,
    open_ledger: OpenLedger = ledgers.open_ledger,
    taken: Callable[[str], object] = str,
    is_stopping: Callable[[], bool] = bool,
) -> bool:
    """Take up an onboarding of the scope in force, if it is due; whether it was.

    May be called at any time and by several at once: one gets the lease. `holder` names the
    worker; `taken` hears of the lease, so that somebody may renew it during long calls;
    `is_stopping` is asked between steps. Nothing is raised but what the database itself refuses.
    """
    with transaction.atomic():
        # Nothing rests on the lease before the first step is begun, whose commit waits.
        statements.commit_without_waiting()
        lease = onboarding_leases.take(onboarding_id, holder=holder, now=clock(), pace=pace)
        if lease is None:
            return False
        row, steps = onboarding_case.read(onboarding_id)
    taken(lease)
    ledger = open_ledger(current.required_scope())
    case = Case(row=row, lease=lease, ledger=ledger, clock=clock, pace=pace, steps=steps)
    try:
        _go_on(case, is_stopping)
    except LeaseLost:
        _log.info("an onboarding was taken over or cancelled", onboarding=str(row.id))
    return True


def _go_on(case: Case, is_stopping: Callable[[], bool]) -> None:
    try:
        _run(case, is_stopping)
    except (Unavailable, SealUnavailable, OperationalError):
        # Also a database that is busy or away for a moment: nothing is wrong with what was asked.
        _wait(case)
    except DomainError as refusal:
        _retell(case, refusal, is_stopping)
    except LeaseLost:
        raise
    except Exception:  # noqa: BLE001 whatever it is, the onboarding is told of it and goes on
        _log.exception("a fault in an onboarding", onboarding=str(case.row.id))
        _put_off(case)


def _retell(case: Case, refusal: DomainError, is_stopping: Callable[[], bool]) -> None:
    """Fail, at the step that was refused: what was joined to it is done first, alone."""
    if not case.is_joining:
        _fail(case, refusal)
        return
    case.reload()
    case.is_joining = False
    _go_on(case, is_stopping)


def _run(case: Case, is_stopping: Callable[[], bool]) -> None:
    if case.row.attempts > case.pace.most_attempts:
        # Every worker that began this step died at it.
        raise refusals.Unexpected
    following = _present(case)
    if following is None:
        with case.progress() as now:
            following = _next(case, now)
            if following is not None:
                _begin(case, onboarding_steps.of(following.number), now)
        following = _present(case)
    while following is not None:
        if is_stopping():
            _put_back(case)
            return
        case.step = following
        plan = onboarding_steps.of(following.number)
        if plan.prepare and plan.number not in case.prepared:
            with case.writing() as now:
                plan.prepare(case, now)
        made = plan.act(case)
        with case.progress() as now:
            _end_step(case, plan, made, now)
            while (following := _next(case, now)) is not None:
                plan = onboarding_steps.of(following.number)
                if not (case.is_joining and plan.is_local(case)):
                    _begin(case, plan, now)
                    break
                case.step = following
                following.started_at, following.attempts = now, following.attempts + 1
                _end_step(case, plan, plan.act(case), now)
            else:
                onboarding_results.complete(case, now)
        following = _present(case)


def _present(case: Case) -> OnboardingStep | None:
    """The step that was begun and not ended."""
    return next((step for step in case.steps.values() if step.state == Step.RUNNING), None)


def _end_step(case: Case, plan: Plan, made: Made, now: datetime) -> None:
    step = case.step
    step.outcome = dict(plan.keep(case, made, now))
    step.state, step.ended_at = Step.COMPLETED, now
    inserts.update_held_later(step, _ENDED)


def _next(case: Case, now: datetime) -> OnboardingStep | None:
    """The first step that is left; those before it that do not apply are skipped."""
    for number, step in case.steps.items():
        if step.state not in {Step.PENDING, Step.FAILED}:
            continue
        if onboarding_steps.of(number).applies(case):
            return step
        step.state, step.ended_at = Step.SKIPPED, now
        inserts.update_held_later(step, _SKIPPED)
    return None


def _begin(case: Case, plan: Plan, now: datetime) -> None:
    case.step = step = case.steps[plan.number]
    case.begin(plan.calls(case))
    step.state, step.ended_at = Step.RUNNING, None
    step.started_at = step.started_at or now
    step.attempts += 1
    inserts.update_held_later(step, _BEGUN)
    if plan.prepare and case.is_joining:
        plan.prepare(case, now)
        case.prepared.add(plan.number)


def _wait(case: Case) -> None:
    """The ledger is away: try again later, longer each time, and give up after a day."""
    case.reload()
    outages = case.row.outages + 1
    if outages > case.pace.most_outages:
        _fail(case, refusals.LedgerAway())
        return
    with case.writing() as now:
        due = now + case.pace.wait(outages)
        _release(case, due, attempts=0, outages=outages)


def _put_off(case: Case) -> None:
    """A fault of ours: try again a little later; after a few times it has failed."""
    case.reload()
    if case.row.attempts >= case.pace.most_attempts:
        _fail(case, refusals.Unexpected())
        return
    with case.writing() as now:
        _release(case, now + case.pace.wait(case.row.attempts))


def _put_back(case: Case) -> None:
    """The worker stops: anybody else may go on at once."""
    with case.writing() as now:
        _release(case, now, attempts=0)


def _fail(case: Case, refusal: DomainError) -> None:
    """End it: the name is free, what was paid for is kept, the reason is told without secrets."""
    case.reload()
    with case.writing() as now:
        step = _present(case)
        if step is not None:
            step.state, step.ended_at = Step.FAILED, now
            step.save(update_fields=["state", "ended_at", "transactions"])
        onboarding_compensation.free_name(case.row, by=case.by, now=now)
        _save(
            case,
            state=State.FAILED,
            next_attempt_at=None,
            lease_until=None,
            lease_holder="",
            ended_at=now,
            error_code=refusal.code[:64],
            error=refusal.title[:_LONGEST_ERROR],
            reason=refusal.detail[:_LONGEST_ERROR],
        )
        onboardings.record("onboarding.failed", case.row, by=case.by, now=now, code=refusal.code)


def _release(case: Case, due: datetime, **more: Any) -> None:
    _save(
        case,
        state=State.QUEUED,
        next_attempt_at=due,
        lease_until=None,
        lease_holder="",
        **more,
    )


def _save(case: Case, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(case.row, name, value)
    Onboarding.objects.filter(id=case.row.id).update(**changes)
