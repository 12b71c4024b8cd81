"""Pages about lambdas: what is stored, how it ran, the ends of it."""

from datetime import UTC, datetime

import pytest

from accounts.models import Lambda, LambdaExecution
from accounts.services import lambdas as services
from tests import cast, lambdas
from tests.unit.accounts.admin.desk import HOSTILE, Desk

LIST = "accounts/lambda/"


@pytest.fixture
def world(db: None) -> cast.World:
    world = cast.world(governance=False)
    lambdas.turn_on(world, "api.example.org")
    return world


@pytest.fixture
def desk(world: cast.World) -> Desk:
    return Desk(world, "carol", "super-admin")


@pytest.fixture
def row(world: cast.World) -> Lambda:
    call = lambdas.fetch("https://api.example.org/price")
    parts = [call, lambdas.code(f"return '{HOSTILE}'")]
    given = lambdas.config(*parts, max_executions=7, authorization=lambdas.ANYBODY)
    return lambdas.made(world, world.member("bob"), given)


def test_says_what_there_is(desk: Desk, world: cast.World, row: Lambda) -> None:
    with cast.in_scope(world):
        begun = services.begin(lambda_id=row.id, address="192.0.2.9", now=datetime.now(UTC))
        services.end_unsigned(
            begun, LambdaExecution.Outcome.FAILED, reason="lambda.failed", now=datetime.now(UTC)
        )
    shown = desk.get(LIST)
    assert "anybody who knows its id" in shown
    assert "1 of 7, 0 signed" in shown
    page = desk.get(f"{LIST}{row.pk}/change/")
    told = (
        "api.example.org",
        "192.0.2.9",
        "did not come to an answer within its bounds (lambda.failed)",
        "Code of condition 1",
        "&lt;script&gt;",
    )
    for text in told:
        assert text in page
    assert HOSTILE not in page
    assert "&lt;span" not in page


def test_says_that_code_did_not_compile(desk: Desk, world: cast.World, row: Lambda) -> None:
    with cast.in_scope(world):
        begun = services.begin(lambda_id=row.id, address="", now=datetime.now(UTC))
        failed = LambdaExecution.Outcome.FAILED
        services.end_unsigned(begun, failed, reason="lambda.not-compiled", now=datetime.now(UTC))
    page = desk.get(f"{LIST}{row.pk}/change/")
    assert "The code did not compile (lambda.not-compiled)" in page


def test_stops_and_removes_one(desk: Desk, world: cast.World, row: Lambda) -> None:
    page = f"{LIST}{row.pk}/"
    assert "bob" in desk.get(f"{page}disable/")
    assert desk.send(f"{page}disable/") == ["The lambda is stopped."]
    desk.refresh(row)
    assert row.status == "disabled"
    assert "disable/" not in desk.get(f"{page}change/")
    assert desk.send(f"{page}remove/") == ["The lambda is removed."]
    assert "Nobody has stored a lambda" in desk.get(LIST)
    assert desk.events("lambda.removed") == 1


def test_says_where_it_is_turned_on(desk: Desk, world: cast.World) -> None:
    shown = desk.get("settings/")
    assert "Lambdas: hosts" in shown
    assert "api.example.org" in shown
    assert "this is the name" not in shown
    refused = desk.refused("settings/edit/", name="x", lambda_hosts="https://x/")
    assert "is not the name of a host" in refused
