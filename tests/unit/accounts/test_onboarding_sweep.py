"""Onboardings that ended long ago are forgotten; what was made stays."""

from datetime import timedelta

import pytest

from accounts.ledger import TINYBARS, open_ledger
from accounts.models import (
    Credential,
    DidDocument,
    LedgerAccount,
    LocalLedgerAccount,
    Onboarding,
    OnboardingStep,
    User,
)
from accounts.services import demo_accounts, onboarding_sweep, onboardings
from identity.models import AuditEvent
from identity.services import scopes
from tests import cast, onboarding
from tests.onboarding import Clock, Line, work

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    made = cast.world()
    onboarding.registry(made)
    return made


def start(world: cast.World, clock: Clock, username: str, **more: str) -> Onboarding:
    request = onboarding.request(username, fields={"name": "Ada"}, **more)
    with cast.in_scope(world):
        return onboardings.start(request=request, by=world.system, now=clock.now)


def failed(world: cast.World, clock: Clock, username: str) -> Onboarding:
    row = start(world, clock, username, account_id="0.0.77", account_key="07" * 32)
    row = work(world, row, clock=clock)
    assert row.state == "failed"
    return row


def test_what_was_completed_is_forgotten_after_thirty_days(world: cast.World) -> None:
    clock = Clock()
    row = work(world, start(world, clock, "ada"), clock=clock)
    assert row.state == "completed"
    clock.forward(days=29)
    assert onboarding_sweep.sweep(now=clock.now) == onboarding_sweep.Swept(0, 0)
    clock.forward(days=1)
    assert onboarding_sweep.sweep(now=clock.now) == onboarding_sweep.Swept(0, 1)
    with cast.in_scope(world):
        assert not Onboarding.objects.exists()
        assert not OnboardingStep.objects.exists()
        # The user stays with everything that was made.
        user = User.objects.get(username="ada", status="active")
        assert DidDocument.objects.filter(user=user, deactivated_at__isnull=True).count() == 1
        assert Credential.objects.filter(user=user, status="valid").count() == 1
        assert LedgerAccount.objects.filter(user=user).count() == 1
        assert AuditEvent.objects.filter(name="onboarding.completed").count() == 1


def test_what_failed_is_given_up_first(world: cast.World) -> None:
    clock = Clock()
    row = failed(world, clock, "ada")
    clock.forward(days=30)
    assert onboarding_sweep.sweep(now=clock.now) == onboarding_sweep.Swept(1, 0)
    with cast.in_scope(world):
        row.refresh_from_db()
        assert (row.state, row.sealed_request) == ("cancelled", None)
        assert not User.objects.filter(username="ada", deleted_at__isnull=True).exists()
    clock.forward(days=30)
    assert onboarding_sweep.sweep(now=clock.now) == onboarding_sweep.Swept(0, 1)


def test_what_was_tried_again_and_what_is_open_stay(world: cast.World) -> None:
    clock = Clock()
    again, waits = failed(world, clock, "ada"), start(world, clock, "bob")
    work(world, waits, clock=clock, open_ledger=Line(is_down=True))
    clock.forward(days=29)
    with cast.in_scope(world):
        onboardings.retry(onboarding_id=again.id, by=world.system, now=clock.now)
    clock.forward(days=20)
    assert onboarding_sweep.sweep(now=clock.now) == onboarding_sweep.Swept(0, 0)
    with cast.in_scope(world):
        assert Onboarding.objects.filter(state="queued").count() == 2


def test_every_scope_is_swept(world: cast.World) -> None:
    other, clock = cast.world(), Clock()
    onboarding.registry(other)
    for each in (world, other):
        work(each, start(each, clock, "ada"), clock=clock)
    clock.now += onboarding_sweep.KEEP
    assert onboarding_sweep.sweep(now=clock.now).forgotten == 2


def test_an_account_begins_with_what_the_scope_says(world: cast.World) -> None:
    clock = Clock()
    first = work(world, start(world, clock, "ada"), clock=clock)
    earlier = start(world, clock, "bob")
    with cast.in_scope(world):
        scopes.change_settings(changes={"opening_balance": 7}, by=world.system, now=clock.now)
    later = work(world, start(world, clock, "eve"), clock=clock)
    # A repeat under the same id must ask for the same: the request holds what counted then.
    earlier = work(world, earlier, clock=clock)
    ledger = open_ledger(world.scope.id)
    with cast.in_scope(world):
        balances = []
        for row in (first, earlier, later):
            account = LedgerAccount.objects.get(user=row.user)
            balances.append(ledger.balance(account_id=account.account_id))
    assert balances == [30 * TINYBARS, 30 * TINYBARS, 7 * TINYBARS]
    made = demo_accounts.make(by=world.system, now=clock.now + timedelta(seconds=1))
    with cast.in_scope(world):
        number = int(made.account_id.rpartition(".")[2])
        assert LocalLedgerAccount.objects.get(number=number).balance == 7 * TINYBARS
