"""Onboardings are worked on to the end, through outages, faults, failures and retries."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.errors import NameTaken, PasswordRefused
from accounts.ledger import open_ledger
from accounts.models import (
    Credential,
    DidDocument,
    LedgerAccount,
    LedgerMessage,
    LocalLedgerAccount,
    Onboarding,
    RegistryMembership,
    RoleAssignment,
    User,
)
from accounts.queries import onboardings as queries
from accounts.services import onboarding_leases, onboardings, passwords, registries
from accounts.services.onboarding_pace import USUAL, Pace
from accounts.services.onboardings import Request
from identity import errors
from identity.actor import Actor, ActorKind
from identity.crypto import ed25519
from identity.models import AuditEvent
from tests import cast, onboarding
from tests.onboarding import Clock, Line, work

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "00" * 31 + "07"
FIELDS = {"name": "Ada", "country": "UK"}


@pytest.fixture
def world() -> cast.World:
    made = cast.world()
    onboarding.registry(made)
    return made


@pytest.fixture
def clock() -> Clock:
    return Clock()


def start(world: cast.World, clock: Clock, request: Any = None) -> Onboarding:
    with cast.in_scope(world):
        return onboardings.start(
            request=request or onboarding.request(fields=FIELDS), by=world.system, now=clock.now
        )


def reader(row: Onboarding) -> Actor:
    assert row.user is not None
    return Actor(ActorKind.SESSION, row.scope_id, user_id=row.user.id, public_id=row.user.public_id)


def require_one_of_each(world: cast.World, row: Onboarding) -> None:
    """One user, one account, one DID, one credential, each once on the ledger."""
    with cast.in_scope(world):
        row = Onboarding.objects.select_related("user", "account").get(id=row.id)
        assert row.state == "completed", (row.state, row.error_code)
        user, account = row.user, row.account
        assert user is not None
        assert account is not None
        assert User.objects.filter(username=row.username, status="active").count() == 1
        assert user.status == "active"
        assert list(LedgerAccount.objects.filter(user=user)) == [account]
        did = DidDocument.objects.get(user=user)
        assert (did.status, did.deactivated_at) == ("published", None)
        credential = Credential.objects.get(user=user)
        assert credential.publication == "published"
        membership = RegistryMembership.objects.get(user=user)
        assert (membership.did, membership.account) == (did.did, account)
        said = [bytes(message.content) for message in LedgerMessage.objects.all()]
        assert sum(b'"DID-Document"' in text for text in said) == 1
        assert sum(b'"VC-Document"' in text for text in said) == 1
        assert LocalLedgerAccount.objects.count() == 2
        assert LedgerAccount.objects.count() == 2
        assert AuditEvent.objects.filter(name="onboarding.completed").count() == 1
        passwords.check(user_id=user.id, password=onboarding.PASSWORD, now=row.created_at)


class TestWork:
    def test_makes_a_user_of_a_registry(self, world: cast.World, clock: Clock) -> None:
        row = work(world, start(world, clock), clock=clock)
        require_one_of_each(world, row)
        with cast.in_scope(world):
            states = [(step.number, step.state) for step in queries.steps(row.id)]
            assert states == [
                (1, "completed"),
                (2, "completed"),
                (3, "completed"),
                (4, "completed"),
                (5, "completed"),
                (6, "skipped"),
                (7, "completed"),
                (8, "completed"),
                (9, "skipped"),
            ]
            row = Onboarding.objects.select_related("user").get(id=row.id)
            assert row.sealed_request is None
            told = queries.full(row.id, reader=reader(row))
            assert told.result is not None
            did = DidDocument.objects.get(user=row.user)
            assert told.result["did"] == did.did
            assert told.result["public_key"].startswith("302a300506032b6570032100")
            assert RoleAssignment.objects.get(user=row.user).predefined == "onboarded-user"
            with pytest.raises(errors.Missing):
                queries.full(row.id, reader=world.system)

    def test_makes_a_registry_that_takes_users(self, world: cast.World, clock: Clock) -> None:
        row = work(world, start(world, clock, onboarding.registry_request()), clock=clock)
        with cast.in_scope(world):
            states = {step.number: step.state for step in queries.steps(row.id)}
        assert row.state == "completed", row.error_code
        assert states == dict.fromkeys(range(1, 10), "completed") | {7: "skipped"}
        second = start(world, clock, onboarding.request(parent="further"))
        assert work(world, second, clock=clock).state == "completed"

    def test_takes_an_account_that_is_there(self, world: cast.World, clock: Clock) -> None:
        with cast.in_scope(world):
            account_id = _account_on_ledger(world)
        given = onboarding.request(account_id=account_id, account_key=KEY)
        row = work(world, start(world, clock, given), clock=clock)
        assert row.state == "completed"
        with cast.in_scope(world):
            assert LedgerAccount.objects.get(user=row.user).account_id == account_id
            assert queries.steps(row.id)[0].state == "skipped"

    def test_fails_with_somebody_elses_account(self, world: cast.World, clock: Clock) -> None:
        with cast.in_scope(world):
            account_id = _account_on_ledger(world)
        given = onboarding.request(account_id=account_id, account_key="11" * 32)
        row = work(world, start(world, clock, given), clock=clock)
        assert (row.state, row.error_code) == ("failed", "onboarding.account-mismatch")
        assert account_id not in row.error

    def test_connects_who_has_an_account_here(self, world: cast.World, clock: Clock) -> None:
        member = world.member("bob")
        by = Actor(
            ActorKind.SESSION,
            world.scope.id,
            user_id=member.user.id,
            public_id=member.user.public_id,
        )
        with cast.in_scope(world):
            registries.enrol(user=member.user, role="USER", by=world.system, now=clock.now)
            row = onboardings.connect(
                request=Request(role="USER", parent="registry"), by=by, now=clock.now
            )
            with pytest.raises(errors.Conflict):
                onboardings.connect(
                    request=Request(role="USER", parent="registry"),
                    by=by,
                    now=clock.now,
                )
        row = work(world, row, clock=clock)
        assert row.state == "completed"
        with cast.in_scope(world):
            assert queries.steps(row.id)[1].state == "skipped"
            assert RegistryMembership.objects.get(user=member.user).did is not None
            assert queries.full(row.id, reader=by).result is not None

    def test_makes_a_key_that_works(self, world: cast.World, clock: Clock) -> None:
        member = world.member("bob")
        by = Actor(ActorKind.SESSION, world.scope.id, user_id=member.user.id)
        with cast.in_scope(world):
            row = onboardings.make_key(by=by, now=clock.now)
        work(world, row, clock=clock)
        with cast.in_scope(world):
            result = queries.full(row.id, reader=by).result
            assert result is not None
        given = onboarding.request(
            account_id=result["account_id"], account_key=result["private_key"]
        )
        assert work(world, start(world, clock, given), clock=clock).state == "completed"


class TestTrouble:
    def test_waits_while_the_ledger_is_away_and_then_goes_on(
        self, world: cast.World, clock: Clock
    ) -> None:
        line = Line(is_down=True)
        row = start(world, clock)
        waits = []
        for _ in range(6):
            row = work(world, row, clock=clock, open_ledger=line)
            assert row.state == "queued"
            assert row.next_attempt_at is not None
            waits.append((row.next_attempt_at - clock.now).total_seconds())
            assert work(world, row, clock=clock, open_ledger=line).outages == row.outages
            clock.now = row.next_attempt_at
        assert row.outages == 6
        assert all(2**n <= wait <= 1.2 * 2**n for n, wait in enumerate(waits)), waits
        line.is_down = False
        require_one_of_each(world, work(world, row, clock=clock, open_ledger=line))

    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize("number", range(1, 7))
    def test_a_line_that_breaks_at_any_call_costs_nothing(
        self, world: cast.World, clock: Clock, number: int, when: str
    ) -> None:
        line = Line(cut_at=number, when=when)
        row = work(world, start(world, clock), clock=clock, open_ledger=line)
        assert row.state == "queued"
        clock.forward(seconds=5)
        require_one_of_each(world, work(world, row, clock=clock, open_ledger=line))

    def test_these_are_all_calls(self, world: cast.World, clock: Clock) -> None:
        line = Line()
        work(world, start(world, clock), clock=clock, open_ledger=line)
        assert line.calls == [
            "create_account",
            "account_key",
            "put",
            "submit_message",
            "put",
            "submit_message",
        ]

    def test_gives_up_after_a_day(self, world: cast.World, clock: Clock) -> None:
        pace = Pace(most_outages=2)
        row = start(world, clock)
        for _ in range(3):
            row = work(world, row, clock=clock, open_ledger=Line(is_down=True), pace=pace)
            clock.forward(minutes=5)
        assert (row.state, row.error_code) == ("failed", "onboarding.ledger-away")

    def test_a_fault_of_ours_is_tried_again_a_few_times(
        self, world: cast.World, clock: Clock
    ) -> None:
        def broken(_: Any) -> Any:
            def at(name: str, when: str) -> None:
                raise ZeroDivisionError(name, when)

            return onboarding.Troubled(open_ledger(world.scope.id), at)

        row = start(world, clock)
        for _ in range(USUAL.most_attempts):
            assert row.state == "queued"
            row = work(world, row, clock=clock, open_ledger=broken)
            clock.forward(minutes=5)
        assert (row.state, row.error_code) == ("failed", "onboarding.unexpected")

    def test_workers_that_die_at_one_step_are_not_sent_for_ever(
        self, world: cast.World, clock: Clock
    ) -> None:
        row = start(world, clock)
        for _ in range(USUAL.most_attempts):
            with cast.in_scope(world):
                assert onboarding_leases.take(row.id, holder="x", now=clock.now, pace=USUAL)
            clock.forward(minutes=1)
        row = work(world, row, clock=clock)
        assert (row.state, row.error_code) == ("failed", "onboarding.unexpected")


class TestLeases:
    def test_nobody_takes_what_a_living_worker_holds(self, world: cast.World, clock: Clock) -> None:
        row = start(world, clock)
        with cast.in_scope(world):
            lease = onboarding_leases.take(row.id, holder="one", now=clock.now, pace=USUAL)
            assert lease is not None
            for _ in range(5):
                clock.forward(seconds=20)
                assert not onboarding_leases.take(row.id, holder="two", now=clock.now, pace=USUAL)
                held = [(world.scope.id, row.id, lease)]
                onboarding_leases.renew(held, now=clock.now, pace=USUAL)
        assert not onboarding_leases.due(now=clock.now, most=9)
        clock.forward(seconds=31)
        (due,) = onboarding_leases.due(now=clock.now, most=9)
        assert due.onboarding_id == row.id

    def test_who_lost_the_lease_writes_nothing_more(self, world: cast.World, clock: Clock) -> None:
        row = start(world, clock)

        def slow(scope_id: Any) -> Any:
            def at(name: str, when: str) -> None:
                if (name, when) == ("create_account", "after"):
                    clock.forward(minutes=1)
                    work(world, row, clock=clock)

            return onboarding.Troubled(open_ledger(scope_id), at)

        require_one_of_each(world, work(world, row, clock=clock, open_ledger=slow))

    def test_a_cancelled_one_stops_at_the_next_write(self, world: cast.World, clock: Clock) -> None:
        row = start(world, clock)

        def cancelled(scope_id: Any) -> Any:
            def at(name: str, when: str) -> None:
                if (name, when) == ("submit_message", "before"):
                    onboardings.cancel(onboarding_id=row.id, by=world.system, now=clock.now)

            return onboarding.Troubled(open_ledger(scope_id), at)

        row = work(world, row, clock=clock, open_ledger=cancelled)
        assert row.state == "cancelled"
        with cast.in_scope(world):
            assert not User.objects.filter(username_folded="newcomer").exists()
            assert not DidDocument.objects.filter(deactivated_at__isnull=True).exists()
            assert LedgerAccount.objects.filter(user__isnull=True).count() == 1


class TestFailureAndRetry:
    def failed(self, world: cast.World, clock: Clock) -> Onboarding:
        """One whose registry was disabled after the account had been paid for."""
        registry = User.objects.get(username_folded="registry")

        def disabling(scope_id: Any) -> Any:
            def at(name: str, when: str) -> None:
                if (name, when) == ("account_key", "after"):
                    User.objects.filter(id=registry.id).update(status="disabled")

            return onboarding.Troubled(open_ledger(scope_id), at)

        return work(world, start(world, clock), clock=clock, open_ledger=disabling)

    def test_a_failure_frees_the_name_and_keeps_the_account(
        self, world: cast.World, clock: Clock
    ) -> None:
        with cast.in_scope(world):
            row = self.failed(world, clock)
            assert (row.state, row.error_code) == ("failed", "onboarding.parent-unknown")
            user = row.user
            assert user is not None
            assert user.status == "disabled"
            with pytest.raises(PasswordRefused):
                passwords.check(user_id=user.id, password=onboarding.PASSWORD, now=clock.now)
            assert not User.objects.filter(username_folded="newcomer").exists()
            User.objects.filter(username_folded="registry").update(status="active")
            states = [step.state for step in queries.steps(row.id)]
            assert states[:4] == ["completed", "compensated", "completed", "failed"]
            onboardings.retry(onboarding_id=row.id, by=world.system, now=clock.now)
        require_one_of_each(world, work(world, row, clock=clock))

    def test_who_asks_again_has_the_account_that_was_paid_for(
        self, world: cast.World, clock: Clock
    ) -> None:
        with cast.in_scope(world):
            failed = self.failed(world, clock)
            User.objects.filter(username_folded="registry").update(status="active")
        second = start(world, clock)
        require_one_of_each(world, work(world, second, clock=clock))
        with cast.in_scope(world):
            account = failed.account
            failed.refresh_from_db()
            second.refresh_from_db()
            assert (failed.state, failed.account) == ("cancelled", None)
            assert second.account == account
            with pytest.raises(errors.Conflict):
                onboardings.retry(onboarding_id=failed.id, by=world.system, now=clock.now)

    def test_somebody_else_does_not_get_it(self, world: cast.World, clock: Clock) -> None:
        with cast.in_scope(world):
            failed = self.failed(world, clock)
            User.objects.filter(username_folded="registry").update(status="active")
            other = world.member("other").user
            by = Actor(
                ActorKind.SESSION, world.scope.id, user_id=other.id, public_id=other.public_id
            )
            row = onboardings.start(request=onboarding.request(), by=by, now=clock.now)
            failed.refresh_from_db()
            assert (row.account, failed.state) == (None, "failed")

    def test_a_retry_loses_against_a_new_owner_of_the_name(
        self, world: cast.World, clock: Clock
    ) -> None:
        with cast.in_scope(world):
            row = self.failed(world, clock)
            User.objects.filter(username_folded="registry").update(status="active")
        other = onboarding.registry_request("NEWCOMER")
        second = work(world, start(world, clock, other), clock=clock)
        assert second.state == "completed"
        with cast.in_scope(world), pytest.raises(NameTaken):
            onboardings.retry(onboarding_id=row.id, by=world.system, now=clock.now)

    def test_what_is_done_is_neither_retried_nor_cancelled(
        self, world: cast.World, clock: Clock
    ) -> None:
        row = work(world, start(world, clock), clock=clock)
        for act in (onboardings.retry, onboardings.cancel, onboardings.release):
            with pytest.raises(errors.Conflict):
                act(onboarding_id=row.id, by=world.system, now=clock.now)

    def test_a_lease_is_longer_than_its_renewal(self) -> None:
        assert USUAL.renewal * 3 < USUAL.lease
        assert USUAL.wait(40) <= timedelta(seconds=USUAL.longest_wait * (1 + USUAL.jitter))


def _account_on_ledger(world: cast.World) -> str:
    ledger = open_ledger(world.scope.id)
    public_key = ed25519.parse_private(bytes.fromhex(KEY)).public.raw
    return ledger.create_account(
        transaction_id=ledger.begin(), public_key=public_key, balance=1, memo=""
    )
