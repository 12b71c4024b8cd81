"""Passwords are bounded, hashed, checked with few tries, set, changed and reset."""

import os
import sys
import threading
import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import hashers

from accounts import errors
from accounts import passwords as forms
from accounts.models import User
from accounts.services import hash_lane, passwords, users
from identity import errors as refusals
from identity import ids
from identity.actor import Actor
from identity.models import AuditEvent
from tests.unit.accounts.people import Events, MakeUser

pytestmark = pytest.mark.usefixtures("real_hash")

RIGHT, WRONG = "correct horse battery", "wrong horse battery"


@pytest.fixture
def protected(system: Actor, person: MakeUser, now: datetime) -> User:
    user = person("alice")
    users.activate(user=user, verifier=passwords.make_verifier(RIGHT), by=system, now=now)
    return user


def guess(user: User, password: str, now: datetime) -> str:
    with pytest.raises(errors.PasswordRefused) as refusal:
        passwords.check(user_id=user.id, password=password, now=now)
    return str(refusal.value)


def test_hashes_with_the_parameters_of_the_house() -> None:
    verifier = passwords.make_verifier(RIGHT)
    assert verifier.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert RIGHT not in verifier
    assert passwords.make_verifier(RIGHT) != verifier


@pytest.mark.parametrize("password", ["", "seven77", "x" * 1025, "\u00e4" * 513, "\ud800" * 9])
def test_refuses_passwords_that_can_not_be_used(password: str) -> None:
    with pytest.raises(errors.PasswordUnfit):
        passwords.make_verifier(password)


@pytest.mark.parametrize("password", ["x" * 8, "x" * 1024, "\u00e4" * 512, "\U0001f511" * 8])
def test_takes_passwords_at_the_bounds(password: str) -> None:
    assert hashers.check_password(forms.prepared(password), passwords.make_verifier(password))


def test_takes_the_same_keys_on_another_system(
    system: Actor, person: MakeUser, now: datetime
) -> None:
    user = person("alice")
    composed, decomposed = "p\u00e4sswort\u00a0lang", "pa\u0308sswort lang"
    users.activate(user=user, verifier=passwords.make_verifier(composed), by=system, now=now)
    passwords.check(user_id=user.id, password=decomposed, now=now)


def test_accepts_the_right_one_and_counts_nothing(protected: User, now: datetime) -> None:
    guess(protected, WRONG, now)
    passwords.check(user_id=protected.id, password=RIGHT, now=now)
    stored = User.objects.get(id=protected.id)
    assert (stored.wrong_passwords, stored.wrong_passwords_at) == (0, None)


@pytest.mark.parametrize("password", [WRONG, "", RIGHT + " ", "x" * 5000, "\ud800", RIGHT.upper()])
def test_refuses_every_wrong_one_in_the_same_words(
    protected: User, now: datetime, password: str
) -> None:
    assert guess(protected, password, now) == errors.PasswordRefused.title
    assert User.objects.get(id=protected.id).wrong_passwords == 1


def test_refuses_the_right_one_after_ten_wrong(protected: User, now: datetime) -> None:
    for _ in range(passwords.MOST_WRONG):
        guess(protected, WRONG, now)
    assert guess(protected, RIGHT, now) == errors.PasswordRefused.title
    almost = now + passwords.WINDOW - timedelta(seconds=1)
    guess(protected, RIGHT, almost)
    passwords.check(user_id=protected.id, password=RIGHT, now=now + passwords.WINDOW)


def test_no_quarter_of_an_hour_holds_more_than_ten(
    protected: User, now: datetime, hashed: list[str]
) -> None:
    # One try at the start of a window and the rest at its end must not open a second window.
    guess(protected, WRONG, now)
    late = now + passwords.WINDOW - timedelta(seconds=1)
    for _ in range(9):
        guess(protected, WRONG, late)
    hashed.clear()
    for second in range(0, int(passwords.WINDOW.total_seconds()), 60):
        guess(protected, WRONG, late + timedelta(seconds=second))
    assert hashed == []


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was hashed: the real hasher, observed."""
    seen = []
    verify = forms.Argon2idHasher.verify

    def observed(self, password: str, encoded: Any) -> Any:
        seen.append(password)
        return verify(self, password, encoded)

    monkeypatch.setattr(forms.Argon2idHasher, "verify", observed)
    return seen


def test_hashes_once_for_known_and_unknown(
    protected: User, person: MakeUser, now: datetime, hashed: list[str], system: Actor
) -> None:
    bare, gone = person("bob"), person("carol")
    users.delete(user_id=gone.id, by=system, now=now)
    guess(protected, WRONG, now)  # makes nobody's verifier
    for user_id in (protected.id, bare.id, gone.id, ids.new(), None):
        hashed.clear()
        with pytest.raises(errors.PasswordRefused):
            passwords.check(user_id=user_id, password=WRONG, now=now)
        assert len(hashed) == 1


def test_never_compares_a_foreign_password_with_nobodys(
    person: MakeUser, now: datetime, hashed: list[str]
) -> None:
    with pytest.raises(errors.PasswordRefused):
        passwords.check(user_id=person("bob").id, password=WRONG, now=now)
    assert hashed == [""]


def test_refuses_a_disabled_user(protected: User, system: Actor, now: datetime) -> None:
    users.disable(user_id=protected.id, by=system, now=now)
    guess(protected, RIGHT, now)


def test_an_exhausted_account_costs_time_and_no_hash(
    protected: User, now: datetime, hashed: list[str]
) -> None:
    for _ in range(passwords.MOST_WRONG):
        guess(protected, WRONG, now)
    hashed.clear()
    start = time.perf_counter()
    guess(protected, WRONG, now)
    assert hashed == []
    assert time.perf_counter() - start >= 0.005


def test_upgrades_old_parameters(protected: User, now: datetime, system: Actor) -> None:
    class Older(forms.Argon2idHasher):
        memory_cost = 8 * 1024

    old = Older().encode(RIGHT, Older().salt())
    passwords.store(user_id=protected.id, verifier=old, by=system, now=now)
    passwords.check(user_id=protected.id, password=RIGHT, now=now)
    assert "m=19456,t=2,p=1" in User.objects.get(id=protected.id).password
    passwords.check(user_id=protected.id, password=RIGHT, now=now)


def test_sets_the_first_one_once(
    system: Actor, person: MakeUser, now: datetime, events: Events
) -> None:
    user = person("bob")
    assert not passwords.is_set(user_id=user.id)
    passwords.set_first(user_id=user.id, verifier="first", by=system, now=now)
    with pytest.raises(refusals.Conflict):
        passwords.set_first(user_id=user.id, verifier="second", by=system, now=now)
    assert User.objects.get(id=user.id).password == "first"
    assert passwords.is_set(user_id=user.id)
    assert events()[-1] == "password.set"


def test_changes_with_the_old_one_only(
    protected: User, system: Actor, now: datetime, events: Events
) -> None:
    new = "another good password"
    with pytest.raises(errors.PasswordRefused):
        passwords.change(user_id=protected.id, old=WRONG, new=new, by=system, now=now)
    passwords.change(user_id=protected.id, old=RIGHT, new=new, by=system, now=now)
    passwords.check(user_id=protected.id, password=new, now=now)
    guess(protected, RIGHT, now)
    passwords.change(user_id=protected.id, old=new, new="", by=system, now=now)
    assert not passwords.is_set(user_id=protected.id)
    assert events()[-2:] == ["password.changed", "password.removed"]


def test_resets_to_none_and_opens_the_account(
    protected: User, system: Actor, now: datetime, events: Events
) -> None:
    for _ in range(passwords.MOST_WRONG):
        guess(protected, WRONG, now)
    passwords.reset(user_id=protected.id, by=system, now=now)
    assert not passwords.is_set(user_id=protected.id)
    assert User.objects.get(id=protected.id).wrong_passwords == 0
    assert events()[-1] == "password.reset"


def test_the_record_holds_no_verifier(protected: User, system: Actor, now: datetime) -> None:
    verifier = User.objects.get(id=protected.id).password
    passwords.change(user_id=protected.id, old=RIGHT, new=WRONG, by=system, now=now)
    for event in AuditEvent.objects.all():
        written = f"{event.facts}{event.actor}{event.subject_id}"
        assert verifier not in written
        assert RIGHT not in written
        assert WRONG not in written


def test_a_full_lane_refuses_with_a_time_to_come_back(
    protected: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane = hash_lane.Lane(at_once=1, waiting=0, patience=0.01)
    monkeypatch.setattr(hash_lane, "LANE", lane)
    with lane.turn(), pytest.raises(errors.Busy) as refusal:
        passwords.check(user_id=protected.id, password=RIGHT, now=now)
    assert refusal.value.facts == {"retry_after": 1}
    assert User.objects.get(id=protected.id).wrong_passwords == 0
    passwords.check(user_id=protected.id, password=RIGHT, now=now)


def test_a_turn_that_does_not_come_is_given_up() -> None:
    lane = hash_lane.Lane(at_once=1, waiting=1, patience=0.01)
    with lane.turn():
        for _ in range(3):
            with pytest.raises(errors.Busy), lane.turn():
                pass
    with lane.turn():
        pass


def test_hashes_yield_to_everything_else() -> None:
    lane = hash_lane.Lane(at_once=1, waiting=0, patience=1)
    own = os.getpriority(os.PRIO_PROCESS, 0)
    theirs = lane.hashed(
        lambda: (threading.get_ident(), os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
    )
    assert theirs[0] != threading.get_ident()
    # Elsewhere threads have no priorities of their own.
    assert theirs[1] > own or sys.platform != "linux"
    assert os.getpriority(os.PRIO_PROCESS, 0) == own
    assert lane.has_pace()
