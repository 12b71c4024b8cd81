"""Codes, tickets and newcomers at one moment: each is used once, few guesses are looked at."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.mail import EmailMessage
from django.db import connections

from accounts.models import Profile, User
from accounts.services import one_time_passwords, passwords
from identity.errors import DomainError
from identity.scoping import current
from sessions_app.models import Session
from sessions_app.services import (
    challenges,
    email_sign_in,
    first_factor,
    mailed_codes,
    password_sign_in,
)
from sessions_app.services.first_factor import Arrival, SecondFactorDue
from sessions_app.services.mailed_codes import Asker
from sessions_app.services.sessions import Origin
from tests import cast, staff
from tests.races import together

AT_ONCE = 50
GUESSES, THREADS = 200, 20
NEW = "new@example.test"
PASSWORD = "correct horse battery staple"
NOW = datetime.now(UTC).replace(microsecond=0)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    return cast.world(sign_up=True)


def arrival(number: int = 0, address: str = "192.0.2.7") -> Arrival:
    origin = Origin(address=address, user_agent="Laptop/1")
    return Arrival(origin, "https://id.example/s/acme", f"{number:064x}")


def mailed(
    world: cast.World, mailoutbox: list[EmailMessage], found: Arrival, address: str = NEW
) -> str:
    with cast.in_scope(world):
        asker = Asker(browser=found.browser, address=found.origin.address)
        email_sign_in.send(address=address, asker=asker, now=NOW)
    code = re.search(r"\b\d{6}\b", str(mailoutbox[-1].body))
    assert code
    return code[0]


def sign_in(world: cast.World, code: str, found: Arrival) -> UUID:
    with current.in_scope(world.scope.id):
        session = email_sign_in.sign_in(address=NEW, code=code, arrival=found, now=NOW)
    assert isinstance(session, Session)
    return session.user_id


def test_one_code_begins_one_session(
    world: cast.World, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = mailed(world, mailoutbox, arrival())
    # Each from an address of its own, so that nothing but the code itself is in the way.
    monkeypatch.setattr(mailed_codes, "TRIES", AT_ONCE)
    ends = together.run(
        lambda number: sign_in(world, code, arrival(address=f"198.51.100.{number}")), count=AT_ONCE
    )
    assert sum(isinstance(end, UUID) for end in ends) == 1
    assert all(isinstance(end, UUID | DomainError) for end in ends), ends
    with cast.in_scope(world):
        assert Session.objects.count() == User.objects.count() == Profile.objects.count() == 1


def test_five_of_two_hundred_guesses_are_looked_at(
    world: cast.World, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = mailed(world, mailoutbox, arrival())
    looked: list[str] = []
    keyed = challenges._keyed

    def observed(challenge_id: UUID, given: str) -> str:
        looked.append(given)
        return keyed(challenge_id, given)

    monkeypatch.setattr(challenges, "_keyed", observed)

    def guess(number: int) -> str:
        wrong = f"{(int(code) + 1 + number) % 10**6:06d}"
        try:
            sign_in(world, wrong, arrival(address=f"198.51.100.{number % 250}"))
        except DomainError as refusal:
            return refusal.code
        finally:
            connections.close_all()
        return "accepted"

    with ThreadPoolExecutor(THREADS) as pool:
        ends = list(pool.map(guess, range(GUESSES)))
    assert set(ends) == {"code.refused"}
    assert len(looked) == mailed_codes.TRIES
    with pytest.raises(DomainError):
        sign_in(world, code, arrival())


def test_one_newcomer_by_many_browsers_is_one_user(
    world: cast.World, mailoutbox: list[EmailMessage]
) -> None:
    count = 8
    codes = [mailed(world, mailoutbox, arrival(number)) for number in range(count)]
    ends = together.run(lambda number: sign_in(world, codes[number], arrival(number)), count=count)
    came = {end for end in ends if isinstance(end, UUID)}
    assert len(came) == 1, ends
    with cast.in_scope(world):
        assert User.objects.count() == Profile.objects.count() == 1


def test_many_wishes_of_one_browser_are_one_mail(
    world: cast.World, mailoutbox: list[EmailMessage]
) -> None:
    def wish(_: int) -> str:
        with current.in_scope(world.scope.id):
            asker = Asker(browser="a" * 64, address="192.0.2.7")
            email_sign_in.send(address=NEW, asker=asker, now=NOW)
        return "sent"

    ends = together.run(wish, count=12)
    assert ends.count("sent") == 1
    assert len(mailoutbox) == 1


@pytest.fixture
def alice(world: cast.World) -> tuple[User, staff.Generator]:
    user = world.member("alice").user
    with cast.in_scope(world):
        by = first_factor.actor_of(user, address="")
        verifier = passwords.make_verifier(PASSWORD)
        passwords.set_first(user_id=user.id, verifier=verifier, by=by, now=NOW)
        one_time_passwords.begin(user_id=user.id, by=by, now=NOW)
        begun = one_time_passwords.begun(user_id=user.id, now=NOW)
        assert begun is not None
        generator = staff.Generator(begun.secret)
        step = int(NOW.timestamp()) // one_time_passwords.STEP
        one_time_passwords.confirm(user_id=user.id, code=generator.at(step), by=by, now=NOW)
    return user, generator


def test_one_second_factor_begins_one_session(
    world: cast.World, alice: tuple[User, staff.Generator]
) -> None:
    _, generator = alice
    later = NOW + timedelta(minutes=2)
    with cast.in_scope(world):
        due = password_sign_in.sign_in(
            username="alice@example.test", password=PASSWORD, arrival=arrival(), now=later
        )
    assert isinstance(due, SecondFactorDue)
    code = generator.at(int(later.timestamp()) // one_time_passwords.STEP)

    def complete(_: int) -> Any:
        with current.in_scope(world.scope.id):
            return first_factor.complete(
                ticket=due.ticket, code=code, arrival=arrival(), now=later
            ).id

    ends = together.run(complete, count=12)
    assert sum(isinstance(end, UUID) for end in ends) == 1, ends
    assert all(isinstance(end, UUID | DomainError) for end in ends), ends
    with cast.in_scope(world):
        assert Session.objects.count() == 1
