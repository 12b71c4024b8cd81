"""A try that one statement counts (PostgreSQL) is counted as by two in a transaction."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts import errors
from accounts.models import User
from accounts.services import guessing, passwords
from identity import ids
from identity.errors import DomainError
from identity.models.rate_counter import RateCounter
from tests import cast

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("on_postgresql"),
]
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ADDRESS = "192.0.2.7"
VERIFIER = "argon2$what-is-stored"
Seen = tuple[str | None, list[Any], list[Any]]


@pytest.fixture
def on_postgresql() -> None:
    """Elsewhere two statements count."""


@pytest.fixture
def world() -> cast.World:
    return cast.world()


def tried(world: cast.World, user_id: UUID, state: Mapping[str, Any], tries: int) -> Seen:
    """What a try gives in a state of the account, and what is counted afterwards."""
    with cast.in_scope(world):
        User.objects.filter(id=user_id).update(
            **{"password": VERIFIER, "wrong_passwords": 0, "wrong_passwords_at": None, **state}
        )
        RateCounter.objects.all().delete()
        for _ in range(tries):
            guessing.reserve(ADDRESS, now=NOW)
        try:
            given = passwords._reserve_try(user_id, ADDRESS, now=NOW)
        except DomainError as refusal:
            given = f"{refusal.code} {refusal.facts}"
        user = User.objects.filter(id=user_id)
        counted = list(user.values_list("wrong_passwords", "wrong_passwords_at"))
        return given, counted, list(RateCounter.objects.values_list("hits", "window_ends"))


STATES: dict[str, tuple[dict[str, Any], int]] = {
    "usual": ({}, 0),
    "some": ({"wrong_passwords": 9, "wrong_passwords_at": NOW}, 29),
    "none left": ({"wrong_passwords": 10, "wrong_passwords_at": NOW}, 3),
    "window over": ({"wrong_passwords": 10, "wrong_passwords_at": NOW - passwords.WINDOW}, 3),
    "window goes on": (
        {
            "wrong_passwords": 10,
            "wrong_passwords_at": NOW - passwords.WINDOW + timedelta(seconds=1),
        },
        3,
    ),
    "no password": ({"password": ""}, 0),
    "disabled": ({"status": "disabled"}, 0),
    "deleted": ({"status": "disabled", "deleted_at": NOW}, 0),
    "address has none left": ({}, 30),
    "neither has": ({"wrong_passwords": 10, "wrong_passwords_at": NOW}, 30),
}


@pytest.mark.parametrize("state", STATES)
def test_counts_as_two_statements_do(world: cast.World, state: str) -> None:
    user_id = world.member("alice").user.id
    changes, tries = STATES[state]
    at_once = tried(world, user_id, changes, tries)
    with mock.patch.object(guessing, "counting", return_value=None):
        assert tried(world, user_id, changes, tries) == at_once
    assert (at_once[0] == VERIFIER) == (state in {"usual", "some", "window over"})


def test_nobody_is_counted_for_the_address_alone(world: cast.World) -> None:
    given, _, counted = tried(world, ids.new(), {}, 2)
    assert given is None
    assert counted[0][0] == 3


def test_an_address_without_a_try_left_touches_no_account(world: cast.World) -> None:
    user_id = world.member("alice").user.id
    given, counted, _ = tried(world, user_id, {}, 30)
    assert given is not None
    assert given.startswith(errors.TooManyWrongPasswords.code)
    assert counted == [(0, None)]


def test_it_is_one_statement_whose_commit_does_not_wait(world: cast.World) -> None:
    user_id = world.member("alice").user.id
    with cast.in_scope(world), connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO on")
        with CaptureQueriesContext(connection) as captured:
            passwords._reserve_try(user_id, ADDRESS, now=NOW)
        assert len(captured) == 1
        # It was said for that one statement.
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchone() == ("on",)
        cursor.execute("RESET synchronous_commit")


def test_never_inside_a_transaction(world: cast.World) -> None:
    with (
        cast.in_scope(world),
        transaction.atomic(),
        pytest.raises(RuntimeError, match="durable"),
    ):
        passwords._reserve_try(ids.new(), ADDRESS, now=NOW)
