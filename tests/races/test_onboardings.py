"""Two onboardings of one name: one wins. Several workers at one onboarding: it is done once."""

from datetime import timedelta

import pytest

from accounts.errors import NameTaken
from accounts.models import (
    DidDocument,
    LedgerAccount,
    LocalLedgerAccount,
    Onboarding,
    RegistryMembership,
    User,
)
from accounts.services import onboarding_work, onboardings, registrations, users
from accounts.services.onboarding_pace import Pace
from identity import errors, ids
from identity.models import AuditEvent
from identity.scoping import current
from tests import acts, cast, onboarding
from tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)
COUNT = 4


@pytest.fixture
def world() -> cast.World:
    made = cast.world()
    onboarding.registry(made)
    return made


def start(world: cast.World, name: str = "newcomer") -> Onboarding:
    with current.in_scope(world.scope.id):
        return onboardings.start(
            request=onboarding.request(name, fields={"name": "Ada"}),
            by=world.system,
            now=acts.now(),
        )


def work(world: cast.World, row: Onboarding) -> bool:
    with current.in_scope(world.scope.id):
        return onboarding_work.work(row.id, clock=acts.now, holder="racer")


def test_one_of_two_requests_for_a_name_wins(world: cast.World) -> None:
    ends = together.run(
        lambda number: start(world, ("newcomer", "NewComer")[number % 2]), count=COUNT
    )
    won = [end for end in ends if isinstance(end, Onboarding)]
    assert len(won) == 1, ends
    assert [type(end) for end in ends].count(NameTaken) == COUNT - 1, ends
    assert work(world, won[0])
    with current.in_scope(world.scope.id):
        assert User.objects.filter(username_folded="newcomer").count() == 1


def test_a_name_is_given_to_a_registration_or_to_an_onboarding(world: cast.World) -> None:
    def act(number: int) -> object:
        if number % 2:
            return start(world)
        with current.in_scope(world.scope.id):
            return registrations.register(
                public_id=ids.new(),
                username="newcomer",
                role="USER",
                verifier="argon2$x",
                by=world.system,
                now=acts.now(),
            )

    for _ in range(5):
        ends = together.run(act, count=2 * COUNT)
        won = [end for end in ends if isinstance(end, Onboarding | User)]
        assert len(won) == 1, ends
        assert [type(end) for end in ends].count(NameTaken) == 2 * COUNT - 1, ends
        with current.in_scope(world.scope.id):
            Onboarding.objects.update(state="failed", next_attempt_at=None, ended_at=acts.now())
            User.objects.filter(username_folded="newcomer").update(username_folded=str(ids.new()))


def test_an_onboarding_and_an_invitation_of_one_name(world: cast.World) -> None:
    row = start(world, "bob@example.test")

    def act(number: int) -> object:
        if number == 0:
            return work(world, row)
        with current.in_scope(world.scope.id):
            return users.create_invited(
                public_id=ids.new(),
                email="bob@example.test",
                first_name="",
                last_name="",
                mobile="",
                customer_id="",
                by=world.system,
                now=acts.now(),
            )

    done, invited = together.run(act, count=2)
    assert done is True
    with current.in_scope(world.scope.id):
        row.refresh_from_db()
        assert User.objects.filter(username_folded="bob@example.test").count() == 1
    if isinstance(invited, User):
        assert (row.state, row.error_code) == ("failed", "name.taken")
    else:
        assert isinstance(invited, NameTaken)
        assert row.state == "completed"


def test_several_workers_do_it_once(world: cast.World) -> None:
    row = start(world)
    ends = together.run(lambda _: work(world, row), count=COUNT)
    assert sorted(ends) == [False] * (COUNT - 1) + [True]
    require_once(world, row)


def test_a_worker_that_lost_its_lease_doubles_nothing(world: cast.World) -> None:
    row = start(world)
    pace = Pace(lease=timedelta(milliseconds=1), most_attempts=10_000)

    def hurry(_: int) -> None:
        with current.in_scope(world.scope.id):
            for _ in range(30):
                onboarding_work.work(row.id, clock=acts.now, holder="racer", pace=pace)

    ends = together.run(hurry, count=COUNT)
    assert ends == [None] * COUNT
    work(world, row)
    require_once(world, row)


def test_a_cancellation_against_a_worker(world: cast.World) -> None:
    row = start(world)

    def act(number: int) -> object:
        if number == 0:
            return work(world, row)
        return onboardings.cancel(onboarding_id=row.id, by=world.system, now=acts.now())

    done, cancelled = together.run(act, count=2)
    with current.in_scope(world.scope.id):
        row.refresh_from_db()
        active = User.objects.filter(username_folded="newcomer", status="active").count()
    if row.state == "completed":
        assert isinstance(cancelled, errors.Conflict)
        assert active == 1
    else:
        assert (row.state, active) == ("cancelled", 0), (done, cancelled)


def require_once(world: cast.World, row: Onboarding) -> None:
    with current.in_scope(world.scope.id):
        row.refresh_from_db()
        assert row.state == "completed", (row.state, row.error_code)
        assert User.objects.filter(username_folded="newcomer").count() == 1
        assert DidDocument.objects.count() == 1
        assert RegistryMembership.objects.count() == 2
        assert LocalLedgerAccount.objects.count() == LedgerAccount.objects.count() == 2
        assert AuditEvent.objects.filter(name="onboarding.completed").count() == 1
