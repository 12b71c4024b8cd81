"""One-time passwords, recovery codes and guesses by address at the same time: each counts once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import argon2
import pytest
from django.db import connections

from accounts.errors import OneTimePasswordRefused
from accounts.models import User
from accounts.queries import staff as staff_queries
from accounts.services import guessing, hash_lane, one_time_passwords, passwords
from identity import ids
from identity.errors import DomainError
from tests import acts, cast, staff
from tests.races import together

AT_ONCE = 12
GUESSES, THREADS = 200, 20
STEP = timedelta(seconds=one_time_passwords.STEP)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def alice(world: cast.World) -> User:
    return staff.add(world, "alice", "workspace-auditor")


def checks(world: cast.World, user: User, code: str, at: datetime) -> list[object]:
    """What became of the same code, given at the same moment by many."""
    by = staff.as_actor(user)

    def one(_: int) -> str:
        with cast.in_scope(world):
            one_time_passwords.check(user_id=user.id, code=code, by=by, now=at)
        return "accepted"

    return together.run(one, count=AT_ONCE)


def test_accepts_one_code_once(world: cast.World, alice: User) -> None:
    generator, _ = staff.enrol(alice)
    later = acts.now() + 10 * STEP
    code = generator.at(int(later.timestamp()) // one_time_passwords.STEP)
    ends = checks(world, alice, code, later)
    assert ends.count("accepted") == 1
    assert sum(isinstance(end, OneTimePasswordRefused) for end in ends) == AT_ONCE - 1


def test_accepts_one_recovery_code_once(world: cast.World, alice: User) -> None:
    _, codes = staff.enrol(alice)
    ends = checks(world, alice, codes[0], acts.now())
    assert ends.count("accepted") == 1
    assert sum(isinstance(end, OneTimePasswordRefused) for end in ends) == AT_ONCE - 1
    with cast.in_scope(world):
        assert staff_queries.recovery_codes_left(alice.id) == 9


def test_takes_one_first_code_once(world: cast.World, alice: User) -> None:
    by, now = staff.as_actor(alice), acts.now()
    with cast.in_scope(world):
        one_time_passwords.begin(user_id=alice.id, by=by, now=now)
        begun = one_time_passwords.begun(user_id=alice.id, now=now)
    assert begun is not None
    code = staff.Generator(begun.secret).code()

    def confirm(_: int) -> list[str]:
        with cast.in_scope(world):
            return one_time_passwords.confirm(user_id=alice.id, code=code, by=by, now=now)

    ends = together.run(confirm, count=5)
    assert sum(isinstance(end, list) for end in ends) == 1
    assert all(isinstance(end, list | DomainError) for end in ends)


def test_looks_at_five_of_many_wrong_codes(
    world: cast.World, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator, _ = staff.enrol(alice)
    looked: list[int] = []
    unseal = one_time_passwords._secret

    def observed(row: object) -> bytes:
        looked.append(1)
        return unseal(row)  # type: ignore[arg-type]

    monkeypatch.setattr(one_time_passwords, "_secret", observed)
    ends = checks(world, alice, generator.wrong(), acts.now())
    assert all(isinstance(end, OneTimePasswordRefused) for end in ends)
    assert len(looked) == one_time_passwords.MOST_WRONG


def storm(guess: Callable[[int], object], count: int = GUESSES) -> list[str]:
    def run(number: int) -> str:
        try:
            guess(number)
        except DomainError as refusal:
            return refusal.code
        finally:
            connections.close_all()
        return "accepted"

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(count)))


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every password that the Argon2 library was asked to compare with anything."""
    seen: list[str] = []
    verify = argon2.PasswordHasher.verify

    def observed(self: argon2.PasswordHasher, stored: str, password: str) -> bool:
        seen.append(password)
        return verify(self, stored, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", observed)
    wide = hash_lane.Lane(at_once=THREADS, waiting=GUESSES, patience=60)
    monkeypatch.setattr(hash_lane, "LANE", wide)
    return seen


def test_one_address_has_thirty_guesses_at_any_accounts(
    world: cast.World, alice: User, hashed: list[str]
) -> None:
    now = acts.now()

    def guess(number: int) -> None:
        # Accounts that there are and accounts that there are not: none has ten guesses.
        user_id = alice.id if number % 10 == 0 else ids.new()
        with cast.in_scope(world):
            passwords.check(
                user_id=user_id, password=f"guess {number}", now=now, address="203.0.113.7"
            )

    ends = storm(guess)
    assert ends.count("password.refused") == guessing.MOST_WRONG
    assert ends.count("password.too-many-wrong") == GUESSES - guessing.MOST_WRONG
    assert len(hashed) == guessing.MOST_WRONG


def test_a_right_password_is_no_guess(world: cast.World, alice: User, hashed: list[str]) -> None:
    now = acts.now()

    def right(_: int) -> None:
        with cast.in_scope(world):
            passwords.check(
                user_id=alice.id, password=staff.PASSWORD, now=now, address="203.0.113.8"
            )

    for _ in range(3):
        # Few at once: until a try is known to be right, it counts as wrong.
        assert set(storm(right, 12)) <= {"accepted", "password.refused"}
    right(0)
