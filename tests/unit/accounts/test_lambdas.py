"""Lambdas are stored by their owners where the scope lets them, counted, stopped and removed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from accounts import errors
from accounts.models import Lambda, LambdaExecution, User
from accounts.queries import lambdas as queries
from accounts.services import lambdas, users
from identity import errors as refusals
from identity import ids
from identity.models import AuditEvent
from identity.services import scopes
from identity.services.outside import AddressRefused
from identity.services.scope_settings import SettingsInvalid
from tests import cast
from tests import lambdas as made

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def world() -> cast.World:
    world = cast.world(governance=False)
    made.turn_on(world)
    return world


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    return world.member("alice", "super-admin")


def choose(world: cast.World, **changes: Any) -> None:
    scopes.change_settings(changes=changes, by=world.system, now=NOW)


def by(member: cast.Member) -> dict[str, Any]:
    return {"user_id": member.user.id, "by": made.owner(member), "now": NOW}


def begin(row: Lambda, now: datetime = NOW) -> lambdas.Begun:
    return lambdas.begin(lambda_id=row.id, address="192.0.2.1", now=now)


def test_stores_what_its_owner_gives(world: cast.World, alice: cast.Member) -> None:
    row = made.made(world, alice, made.config(max_executions=3, authorization=made.ANYBODY))
    with cast.in_scope(world):
        found = queries.one(row.id)
        assert (found.user, found.status, found.max_executions) == (
            alice.user.public_id,
            "active",
            3,
        )
        event = AuditEvent.objects.get(name="lambda.created")
    assert event.subject_id == str(row.id)
    assert event.facts == {
        "user": str(alice.user.id),
        "is_open": True,
        "max_executions": 3,
        "hosts": [],
        "post_hooks": 0,
    }


def test_is_off_until_the_scope_turns_it_on(alice: cast.Member) -> None:
    world = cast.world()
    bob = world.member("bob")
    with pytest.raises(errors.LambdasOff):
        made.made(world, bob, made.config())


def test_makes_none_with_the_key_of_another(world: cast.World, alice: cast.Member) -> None:
    bob = world.member("bob")
    with cast.in_scope(world), pytest.raises(refusals.Forbidden):
        lambdas.create(
            lambda_id=ids.new(),
            user_id=alice.user.id,
            given=made.config(),
            by=made.owner(bob),
            now=NOW,
        )


def test_makes_one_of_two_alike(world: cast.World, alice: cast.Member) -> None:
    given: dict[str, Any] = {"lambda_id": ids.new(), **by(alice)}
    with cast.in_scope(world):
        first = lambdas.create(given=made.config(), **given)
        again = lambdas.create(given=made.config(), **given)
        assert first.id == again.id
        with pytest.raises(errors.NameTaken):
            lambdas.create(given=made.config(data="0x00"), **given)
        assert Lambda.objects.count() == 1
        assert AuditEvent.objects.filter(name="lambda.created").count() == 1


def test_takes_no_id_of_another_scope(world: cast.World, alice: cast.Member) -> None:
    other = cast.world()
    made.turn_on(other)
    charlie = other.member("charlie")
    theirs = made.made(other, charlie, made.config())
    with cast.in_scope(world), pytest.raises(errors.NameTaken):
        lambdas.create(lambda_id=theirs.id, given=made.config(), **by(alice))


def test_bounds_how_many_one_account_has(world: cast.World, alice: cast.Member) -> None:
    for _ in range(lambdas.MOST):
        row = made.made(world, alice, made.config())
    with pytest.raises(errors.TooManyLambdas):
        made.made(world, alice, made.config())
    with cast.in_scope(world):
        lambdas.disable(lambda_id=row.id, by=made.owner(alice), now=NOW)
    with pytest.raises(errors.TooManyLambdas):
        made.made(world, alice, made.config())
    with cast.in_scope(world):
        lambdas.remove(lambda_id=row.id, by=made.owner(alice), now=NOW)
    made.made(world, alice, made.config())


def test_calls_the_hosts_that_the_scope_lists(world: cast.World, alice: cast.Member) -> None:
    given = made.config(made.fetch("https://api.example.org/"))
    with pytest.raises(AddressRefused):
        made.made(world, alice, given)
    made.turn_on(world, "api.example.org")
    made.made(world, alice, given)


@pytest.mark.parametrize(
    "hosts",
    [
        "https://api.example.org",
        "api.example.org/",
        "api.example.org:443",
        "API.example.org",
        "*.example.org",
        "a@b.example.org",
        "a b.example.org/x",
        "api.example.org.",
        "x " * 51,
        7,
    ],
)
def test_refuses_what_is_no_list_of_hosts(world: cast.World, hosts: Any) -> None:
    with cast.in_scope(world), pytest.raises(SettingsInvalid):
        choose(world, lambda_hosts=hosts)


def test_counts_a_run_before_it_runs(world: cast.World, alice: cast.Member) -> None:
    row = made.made(world, alice, made.config(max_executions=2))
    with cast.in_scope(world):
        begun = begin(row)
        assert begun.number == 1
        assert begin(row).number == 2
        with pytest.raises(errors.LambdaOver):
            begin(row)
        lambdas.end_unsigned(begun, LambdaExecution.Outcome.NOT_MET, now=NOW)
        found = queries.one(row.id)
        assert (found.total_executions, found.ok_executions) == (2, 0)
        assert found.last_executed_at == NOW
        told = [(run.number, run.outcome) for run in queries.executions(row.id)]
        assert told == [(2, "begun"), (1, "not-met")]


def test_keeps_a_short_history(world: cast.World, alice: cast.Member) -> None:
    row = made.made(world, alice, made.config())
    with cast.in_scope(world):
        for _ in range(queries.MOST_KEPT + 3):
            begin(row)
        numbers = [run.number for run in queries.executions(row.id)]
        assert numbers == list(range(queries.MOST_KEPT + 3, 3, -1))
        assert LambdaExecution.objects.count() == queries.MOST_KEPT


def test_runs_no_more_once_it_is_stopped(world: cast.World, alice: cast.Member) -> None:
    row = made.made(world, alice, made.config())
    with cast.in_scope(world):
        begun = begin(row)
        for _ in range(2):
            lambdas.disable(lambda_id=row.id, by=world.system, now=NOW)
        assert AuditEvent.objects.filter(name="lambda.disabled").count() == 1
        with pytest.raises(errors.LambdaOver):
            begin(row)
        # One that is on its way comes to no signature either.
        with pytest.raises(errors.LambdaOver), transaction.atomic():
            lambdas.require_running(begun)


def test_is_gone_with_its_history(world: cast.World, alice: cast.Member) -> None:
    row = made.made(world, alice, made.config())
    with cast.in_scope(world):
        begin(row)
        lambdas.remove(lambda_id=row.id, by=made.owner(alice), now=NOW)
        with pytest.raises(refusals.Missing):
            queries.one(row.id)
        with pytest.raises(errors.LambdaOver):
            begin(row)
        assert not LambdaExecution.objects.exists()
        assert AuditEvent.objects.filter(name="lambda.removed").count() == 1
        with pytest.raises(refusals.Missing):
            lambdas.remove(lambda_id=row.id, by=made.owner(alice), now=NOW)


def test_rests_with_its_owner(world: cast.World, alice: cast.Member) -> None:
    bob = world.member("bob")
    row = made.made(world, bob, made.config())
    with cast.in_scope(world):
        User.objects.filter(id=bob.user.id).update(expires_at=NOW)
        with pytest.raises(errors.LambdaOver):
            begin(row)
        assert begin(row, NOW - timedelta(seconds=1)).number == 1
        User.objects.filter(id=bob.user.id).update(expires_at=None, status="disabled")
        with pytest.raises(errors.LambdaOver):
            begin(row)
        users.delete(user_id=bob.user.id, by=world.system, now=NOW)
        assert not Lambda.objects.exists()


def test_is_nothing_to_another_scope(world: cast.World, alice: cast.Member) -> None:
    row = made.made(world, alice, made.config())
    other = cast.world()
    made.turn_on(other)
    with cast.in_scope(other):
        with pytest.raises(refusals.Missing):
            queries.one(row.id)
        with pytest.raises(errors.LambdaOver):
            begin(row)
        with pytest.raises(refusals.Missing):
            lambdas.disable(lambda_id=row.id, by=other.system, now=NOW)
