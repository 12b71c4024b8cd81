"""Onboardings in processes of their own, which die.

    python -m tests.crash.onboarding_program prepare
    python -m tests.crash.onboarding_program everywhere USER|STANDARD_REGISTRY
    python -m tests.crash.onboarding_program fill COUNT
    python -m tests.crash.onboarding_program work
    python -m tests.crash.onboarding_program require

`everywhere` begins one onboarding after the other: the worker of each is killed one point later
than that of the one before, and another worker finishes it. Points are each step, each commit and
each call to the ledger, before and after. `work` works until it is killed. `require`
counts what there is exactly once.
"""

import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import django
from django.db import connection, connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "identity.settings")
django.setup()

from accounts import ledger as ledgers  # noqa: E402 - Django must be set up first
from accounts.ledger import messages  # noqa: E402
from accounts.models import (  # noqa: E402
    Credential,
    DidDocument,
    LedgerAccount,
    LedgerMessage,
    LedgerTopic,
    LocalLedgerAccount,
    Onboarding,
    OnboardingStep,
    RegistryMembership,
    User,
)
from accounts.services import (  # noqa: E402
    onboarding_pace,
    onboarding_steps,
    onboarding_work,
    onboardings,
)
from identity import actor  # noqa: E402
from identity.management import onboarder  # noqa: E402
from identity.scoping import current, doors  # noqa: E402
from tests import cast, onboarding  # noqa: E402
from tests.crash import mortal_server  # noqa: E402

SLUG = "acme"
FIELDS = {"name": "Ada"}
PATIENT = dataclasses.replace(onboarding_pace.USUAL, most_attempts=1000)
HURRIED = dataclasses.replace(
    onboarding_pace.USUAL, lease=timedelta(seconds=3), renewal=timedelta(seconds=0.7)
)


class Points(mortal_server.Fate):
    """What is inside of a transaction is undone alike: its points are those around its commit."""

    def execute(self, statement: str, work: Callable[[], Any]) -> Any:
        if mortal_server.COMMIT.match(statement):
            return self.commit(work)
        result = work()
        if mortal_server.WRITE.search(statement):
            self.has_written = True
            if not connection.in_atomic_block:
                self.reach("after a statement")
                self.has_written = False
        return result


def prepare() -> None:
    """A scope with a registry."""
    onboarding.registry(cast.world(SLUG))


def everywhere(role: str) -> None:
    """Die at every point of the way of one role."""
    point = 1
    while _in_a_process(_begin_and_die, role, point) != 0:
        assert _in_a_process(_finish, f"{role.lower()}-{point}") == 0
        point += 1


def fill(count: int) -> None:
    """Queue so many onboardings, each tenth with a credential.

    One password was hashed for all of them.
    """
    scope_id = _scope()
    with current.in_scope(scope_id):
        by = actor.system(scope_id)
        checked = onboardings.check(request=_request("USER", "first"), by=by)
        for number in range(count):
            one = dataclasses.replace(checked, username=f"user-{number}")
            fields = FIELDS if number % 10 == 0 else None
            secrets = dataclasses.replace(one.secrets, seed=os.urandom(32).hex(), fields=fields)
            one = dataclasses.replace(one, secrets=secrets)
            row = onboardings.keep_waiting(one, by=by, now=_now())
            onboardings.release(onboarding_id=row.id, by=by, now=_now())


def work() -> None:
    """As a task worker does."""
    onboarder.Onboarder(pace=HURRIED, tick=0.05, at_once=1).start()
    time.sleep(600)


def require() -> None:
    """Raise AssertionError unless there is exactly one of everything for each onboarding."""
    with current.in_scope(_scope()):
        done = Onboarding.objects.filter(state="completed")
        count, made = done.count(), done.filter(role="STANDARD_REGISTRY").count()
        assert Onboarding.objects.count() == count > 0
        users = set(done.values_list("user_id", flat=True))
        assert len(users) == count
        assert User.objects.filter(id__in=users, status="active").count() == count
        # Beside them there is the registry of the beginning, whose DID is on no ledger.
        assert User.objects.count() == RegistryMembership.objects.count() == count + 1
        assert LocalLedgerAccount.objects.count() == LedgerAccount.objects.count() == count + 1
        assert LedgerAccount.objects.filter(user__isnull=True).count() == 0
        assert LedgerTopic.objects.count() == made + 1
        assert set(DidDocument.objects.values_list("user_id", flat=True)) == users
        assert DidDocument.objects.filter(status="published").count() == count
        assert DidDocument.objects.count() == count
        told = OnboardingStep.objects.filter(number=7, state="completed")
        with_fields = set(told.values_list("onboarding__user_id", flat=True))
        assert set(Credential.objects.values_list("user_id", flat=True)) == with_fields
        assert Credential.objects.filter(publication="published").count() == len(with_fields)
        assert Credential.objects.count() == len(with_fields) > 0
        kinds = _kinds()
        assert kinds.pop("DID-Document") == count
        assert kinds.pop("VC-Document") == len(with_fields)
        assert kinds.pop("Schema", 0) == made * len(messages.SCHEMAS)
        assert kinds.pop("Guardian-Role-Document", 0) == made * len(messages.ROLES)
        assert not kinds


def _kinds() -> dict[str, int]:
    counts: dict[str, int] = {}
    for message in LedgerMessage.objects.all():
        kind = json.loads(bytes(message.content))["type"]
        counts[kind] = counts.get(kind, 0) + 1
    return counts


def _begin_and_die(role: str, point: int) -> None:
    scope_id = _scope()
    fate = Points()
    with current.in_scope(scope_id):
        row = onboardings.start(
            request=_request(role, f"{role.lower()}-{point}"),
            by=actor.system(scope_id),
            now=_now(),
        )
        mortal_server.make_mortal(fate)
        mortal = tuple(_mortal(plan, fate) for plan in onboarding_steps.PLANS)
        onboarding_steps.PLANS = mortal  # type: ignore[misc,assignment]
        fate.die_at = point
        _work(row.id, _now, lambda name, when: fate.reach(f"{when} {name}"))


def _mortal(plan: onboarding_steps.Plan, fate: Points) -> onboarding_steps.Plan:
    """A step with a point before its writes, wherever those stand."""

    def keep(case: Any, made: Any, now: datetime) -> Any:
        fate.reach(f"in step {plan.number}")
        return plan.keep(case, made, now)

    return dataclasses.replace(plan, keep=keep)


def _finish(username: str) -> None:
    with current.in_scope(_scope()):
        row = Onboarding.objects.get(username=username)
        _work(row.id, lambda: _now() + timedelta(hours=1), lambda name, when: None)
        row.refresh_from_db()
        assert row.state == "completed", (row.state, row.error_code)


def _work(task_id: UUID, clock: Callable[[], datetime], at: Callable[[str, str], None]) -> None:
    onboarding_work.work(
        task_id,
        clock=clock,
        holder=str(os.getpid()),
        pace=PATIENT,
        open_ledger=lambda scope_id: onboarding.Troubled(ledgers.open_ledger(scope_id), at),
    )


def _request(role: str, username: str) -> Any:
    if role == "USER":
        return onboarding.request(username, fields=FIELDS)
    return onboarding.registry_request(username, fields=FIELDS)


def _in_a_process(act: Callable[..., None], *given: Any) -> int:
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    try:
        act(*given)
        connections.close_all()
    except BaseException as error:  # noqa: BLE001 the parent hears of it by the status
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
        os._exit(1)
    os._exit(0)


def _scope() -> UUID:
    found = doors.scope_by_slug(SLUG)
    assert found is not None
    return found.scope_id


def _now() -> datetime:
    return datetime.now(UTC)


ACTS: dict[str, Callable[..., None]] = {
    "prepare": prepare,
    "everywhere": everywhere,
    "fill": lambda count: fill(int(count)),
    "work": work,
    "require": require,
}

if __name__ == "__main__":
    ACTS[sys.argv[1]](*sys.argv[2:])
