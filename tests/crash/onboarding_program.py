"""Onboardings in processes of their own, which die.

    python -m tests.crash.onboarding_program prepare
    python -m tests.crash.onboarding_program everywhere USER|STANDARD_REGISTRY
    python -m tests.crash.onboarding_program fill COUNT
    python -m tests.crash.onboarding_program work
    python -m tests.crash.onboarding_program require

`everywhere` begins one onboarding after the other: the worker of each is killed at another point,
and another worker finishes it. Points are each step, each commit and each call to the ledger,
before and after. Where the same points follow each other again and again, for message after
message, it dies at the first of them and at the last. `work` works until it is killed. `require`
counts what there is exactly once.
"""

import dataclasses
import gc
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import django
from django.conf import settings
from django.db import connection, connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "identity.settings")
django.setup()
settings.PASSWORD_HASHERS = ["tests.hashing.QuickHasher"]

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
from identity.crypto import bbs_key  # noqa: E402
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
    """What is inside of a transaction is undone alike: its points are those around its commit.

    `seen` has the names of those that were passed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def reach(self, point: str) -> None:
        self.seen.append(point)
        super().reach(point)

    def chosen(self) -> list[int]:
        """The numbers of the points to die at: of those alike, the first and the last.

        They are alike if the three before them are.
        """
        first: dict[tuple[str, ...], int] = {}
        last: dict[tuple[str, ...], int] = {}
        for number, _ in enumerate(self.seen, 1):
            alike = tuple(self.seen[max(0, number - 4) : number])
            first.setdefault(alike, number)
            last[alike] = number
        return sorted({*first.values(), *last.values()})

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
    """Die at every point of the way of one role, after one that is survived."""
    fate = Points()
    mortal_server.make_mortal(fate)
    mortal = tuple(_mortal(plan, fate) for plan in onboarding_steps.PLANS)
    onboarding_steps.PLANS = mortal  # type: ignore[misc,assignment]
    with tempfile.NamedTemporaryFile() as told:
        assert _in_a_process(_survive, fate, role, told.name) == 0
        fate.seen = json.loads(told.read())
    points = fate.chosen()
    # What was made by now is shared by all processes that follow; the curve takes longest.
    bbs_key.public(bbs_key.derive(bytes(32)))
    gc.freeze()
    for point in points:
        assert _in_a_process(_begin_and_die, fate, role, point) == signal.SIGKILL, point
        assert _in_a_process(_finish, f"{role.lower()}-{point}") == 0
    sys.stdout.write(f"chose {len(points)} of {len(fate.seen)}\n")


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


def _survive(fate: Points, role: str, tell: str) -> None:
    _begin_and_die(fate, role, 0)
    Path(tell).write_text(json.dumps(fate.seen))


def _begin_and_die(fate: Points, role: str, point: int) -> None:
    scope_id = _scope()
    with current.in_scope(scope_id):
        row = onboardings.start(
            request=_request(role, f"{role.lower()}-{point}"),
            by=actor.system(scope_id),
            now=_now(),
        )
        fate.passed, fate.has_written, fate.seen, fate.die_at = 0, False, [], point
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
