"""However many run a lambda at the same moment, no more begin than it has runs."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction

from accounts import errors
from accounts.models import KeySignature, Lambda, LambdaExecution
from accounts.services import lambdas as services
from identity.scoping import current
from invitations.services import lambda_runs
from tests import cast, lambdas
from tests.account_holders import account
from tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 50


@pytest.fixture
def world() -> cast.World:
    world = cast.world(governance=False)
    lambdas.turn_on(world)
    return world


def opened(world: cast.World, **more: Any) -> Lambda:
    bob = world.member("bob")
    account(world, bob)
    return lambdas.made(world, bob, lambdas.config(authorization=lambdas.ANYBODY, **more))


@pytest.mark.parametrize("most", [1, 7])
def test_fifty_runs_at_once_are_no_more_than_it_has(world: cast.World, most: int) -> None:
    row = opened(world, max_executions=most)

    def begin(number: int) -> int:
        del number
        with current.in_scope(world.scope.id):
            now = datetime.now(UTC)
            return services.begin(lambda_id=row.id, address="", now=now).number

    ends = together.run(begin, count=THREADS)
    begun = sorted(end for end in ends if isinstance(end, int))
    assert begun == list(range(1, most + 1))
    assert sum(isinstance(end, errors.LambdaOver) for end in ends) == THREADS - most
    with cast.in_scope(world):
        row.refresh_from_db()
        assert row.total_executions == most
        assert LambdaExecution.objects.count() == most


def test_fifty_callers_of_one_run_get_one_signature(world: cast.World) -> None:
    row = opened(world, max_executions=1)

    def run(number: int) -> lambda_runs.Ran:
        with current.in_scope(world.scope.id):
            return lambda_runs.run(
                lambda_id=row.id,
                inputs=[],
                caller=None,
                address=f"198.51.100.{number}",
                call=lambda _: pytest.fail("nothing is called"),
                now=datetime.now(UTC),
            )

    ends = together.run(run, count=THREADS)
    over = [end for end in ends if isinstance(end, errors.LambdaOver)]
    assert len(over) == THREADS - 1, ends
    with cast.in_scope(world):
        row.refresh_from_db()
        assert row.total_executions == 1
        # A machine that is too busy for 100 ms may refuse the one; nobody else takes its place.
        assert KeySignature.objects.count() == row.ok_executions <= 1


def test_one_that_is_stopped_meanwhile_signs_before_or_never(world: cast.World) -> None:
    row = opened(world)

    def act(number: int) -> Any:
        now = datetime.now(UTC)
        with current.in_scope(world.scope.id):
            begun = services.begin(lambda_id=row.id, address="", now=now)
            if number == 0:
                return services.disable(lambda_id=row.id, by=world.system, now=now)
            with transaction.atomic():
                services.require_running(begun)
                services.end_signed(begun, digest="00" * 32, now=now)
            return begun

    ends = together.run(act, count=10)
    refused = sum(isinstance(end, errors.LambdaOver) for end in ends)
    assert refused + sum(isinstance(end, services.Begun | Lambda) for end in ends) == 10
    with cast.in_scope(world):
        row.refresh_from_db()
        assert row.status == "disabled"
        signed = LambdaExecution.objects.filter(outcome="signed").count()
        assert row.ok_executions == signed
