"""Parallel guesses share one counter: no more than ten are ever compared with the password."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connections, transaction

from accounts import errors
from accounts.models import User
from accounts.passwords import Argon2idHasher
from accounts.services import hash_lane, passwords, users
from identity import actor, ids
from identity.errors import DomainError
from identity.models import Scope
from identity.scoping import current
from identity.services import scopes

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
RIGHT = "correct horse battery"
THREADS, GUESSES = 20, 200

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scope() -> Scope:
    return scopes.create(slug="acme", name="Acme", now=NOW)


@pytest.fixture
def alice(scope: Scope) -> UUID:
    by = actor.system(scope.id)
    user = users.create_invited(
        public_id=ids.new(),
        email="alice@example.com",
        first_name="Alice",
        last_name="",
        mobile="",
        customer_id="",
        by=by,
        now=NOW,
    )
    users.activate(user=user, verifier=passwords.make_verifier(RIGHT), by=by, now=NOW)
    return user.id


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was compared with a verifier: the real hasher, observed."""
    seen: list[str] = []
    verify = Argon2idHasher.verify

    def observed(self: Argon2idHasher, password: str, encoded: str) -> Any:
        seen.append(password)
        return verify(self, password, encoded)

    monkeypatch.setattr(Argon2idHasher, "verify", observed)
    # A lane as wide as the storm: what holds here is the counter, not the queue.
    wide = hash_lane.Lane(at_once=THREADS, waiting=GUESSES, patience=60)
    monkeypatch.setattr(hash_lane, "LANE", wide)
    return seen


def together(work: Callable[[int], str], count: int) -> list[str]:
    """Run `count` pieces of work in threads that start at the same moment."""
    barrier = threading.Barrier(THREADS)
    started = threading.local()

    def run(number: int) -> str:
        if not hasattr(started, "yes"):
            started.yes = True
            barrier.wait(timeout=60)
        try:
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(count)))


def test_compares_at_most_ten_of_two_hundred(
    scope: Scope, alice: UUID, compared: list[str]
) -> None:
    def guess(number: int) -> str:
        with current.in_scope(scope.id):
            try:
                passwords.check(user_id=alice, password=f"wrong guess {number}", now=NOW)
            except errors.PasswordRefused as refusal:
                return refusal.code
        return "accepted"

    assert set(together(guess, GUESSES)) == {"password.refused"}
    assert sum(password.startswith("wrong guess") for password in compared) == 10
    with current.in_scope(scope.id):
        assert User.objects.get(id=alice).wrong_passwords == 10


def test_right_ones_in_between_open_no_more_than_their_own_tries(
    scope: Scope, alice: UUID, compared: list[str]
) -> None:
    def guess(number: int) -> str:
        password = RIGHT if number == 30 else f"wrong guess {number}"
        with current.in_scope(scope.id):
            try:
                passwords.check(user_id=alice, password=password, now=NOW)
            except errors.PasswordRefused as refusal:
                return refusal.code
        return "accepted"

    accepted = together(guess, 60).count("accepted")
    # One right answer makes room for ten more; a locked account refuses the right one too.
    assert sum(password.startswith("wrong guess") for password in compared) <= 10 * (1 + accepted)


def test_right_ones_from_one_address_never_stand_in_each_others_way(
    scope: Scope, alice: UUID, compared: list[str]
) -> None:
    """The address's row and the account's are locked in one order, by tries and by settling."""

    def enter(number: int) -> str:
        with current.in_scope(scope.id):
            try:
                passwords.prove(user_id=alice, password=RIGHT, now=NOW, address="192.0.2.7")
                with transaction.atomic():
                    passwords.settle(user_id=alice, address="192.0.2.7", now=NOW)
                    User.objects.filter(id=alice).exists()
            except DomainError as refusal:
                return refusal.code
        return "accepted"

    ends = set(together(enter, GUESSES))
    assert "accepted" in ends
    # Tries that others have not settled yet count: more than ten at once are too many.
    assert ends <= {"accepted", "password.refused", "password.too-many-wrong"}
    with current.in_scope(scope.id):
        assert User.objects.get(id=alice).wrong_passwords <= passwords.MOST_WRONG


def test_a_first_password_is_set_once(scope: Scope) -> None:
    by = actor.system(scope.id)
    user = users.create_invited(
        public_id=ids.new(),
        email="bob@example.com",
        first_name="Bob",
        last_name="",
        mobile="",
        customer_id="",
        by=by,
        now=NOW,
    )

    def protect(number: int) -> str:
        try:
            passwords.set_first(user_id=user.id, verifier=f"verifier {number}", by=by, now=NOW)
        except DomainError as refusal:
            return refusal.code
        return f"verifier {number}"

    results = together(protect, THREADS)
    assert results.count("conflict") == THREADS - 1
    with current.in_scope(scope.id):
        assert User.objects.get(id=user.id).password in results
