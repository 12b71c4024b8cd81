"""Class 13 of the known attacks, for codes and second factors: after a crash nothing works twice.

The process dies right before each statement of a sign-in in turn. Whatever was counted stays
counted; a session, a newcomer and what was proven come into being together or not at all.
"""

import itertools
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage

from accounts.models import Profile, User, Wallet
from accounts.services import passwords
from identity.models import AuditEvent
from sessions_app.errors import CodeRefused
from sessions_app.models import Session, SignIn
from sessions_app.services import email_sign_in, first_factor, password_sign_in
from sessions_app.services.first_factor import Arrival
from sessions_app.services.mailed_codes import Asker
from sessions_app.services.sessions import Origin
from tests import cast
from tests.attacks import death

NEW = "new@example.test"
PASSWORD = "correct horse battery staple"
HERE = Arrival(Origin(address=""), "https://id.example/s/acme", "a" * 64)
START = datetime.now(UTC).replace(microsecond=0)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    return cast.world(sign_up=True)


def everything(world: cast.World) -> tuple[int, ...]:
    with cast.in_scope(world):
        kinds: tuple[Any, ...] = (Session, SignIn, User, Profile, Wallet)
        return tuple(kind.objects.count() for kind in kinds)


def events(world: cast.World, name: str) -> int:
    with cast.in_scope(world):
        return AuditEvent.objects.filter(name=name).count()


def test_a_mailed_code(world: cast.World, mailoutbox: list[EmailMessage]) -> None:
    # Two hours from one to the next, so that no limit is in the way.
    moments = (START + timedelta(hours=25 * number) for number in itertools.count())
    given: list[tuple[str, datetime]] = []

    def send() -> None:
        now = next(moments)
        with cast.in_scope(world):
            email_sign_in.send(address=NEW, asker=Asker(HERE.browser, ""), now=now)
        code = re.search(r"\b\d{6}\b", str(mailoutbox[-1].body))
        assert code
        given.append((code[0], now))

    def sign_in() -> Session:
        code, now = given[-1]
        with cast.in_scope(world):
            found = email_sign_in.sign_in(address=NEW, code=code, arrival=HERE, now=now)
        assert isinstance(found, Session)
        return found

    def look() -> None:
        assert everything(world) == (0, 0, 0, 0, 0)
        assert events(world, "user.joined") == events(world, "session.started") == 0
        send()

    send()
    _, deaths = death.at_each_statement(sign_in, look)
    assert deaths > 10
    assert everything(world) == (1, 1, 1, 1, 1)
    assert events(world, "user.joined") == events(world, "session.started") == 1
    with pytest.raises(CodeRefused):
        sign_in()


def test_a_code_whose_holder_died_is_spent(
    world: cast.World, mailoutbox: list[EmailMessage]
) -> None:
    with cast.in_scope(world):
        email_sign_in.send(address=NEW, asker=Asker(HERE.browser, ""), now=START)
    code = re.search(r"\b\d{6}\b", str(mailoutbox[-1].body))
    assert code

    def sign_in() -> Any:
        with cast.in_scope(world):
            return email_sign_in.sign_in(address=NEW, code=code[0], arrival=HERE, now=START)

    # Five tries, counted before the code is looked at: dying does not give one back.
    for number in range(3, 13):
        with death.killed_at(number), pytest.raises((death.Killed, CodeRefused)):
            sign_in()
    with pytest.raises(CodeRefused):
        sign_in()
    assert everything(world) == (0, 0, 0, 0, 0)


def test_a_password(world: cast.World) -> None:
    user = world.member("alice").user
    with cast.in_scope(world):
        by = first_factor.actor_of(user, address="")
        verifier = passwords.make_verifier(PASSWORD)
        passwords.set_first(user_id=user.id, verifier=verifier, by=by, now=START)
    before = everything(world)
    moments = (START + timedelta(hours=number) for number in itertools.count())

    def sign_in() -> Any:
        with cast.in_scope(world):
            return password_sign_in.sign_in(
                username="alice@example.test", password=PASSWORD, arrival=HERE, now=next(moments)
            )

    def look() -> None:
        assert everything(world) == before
        assert events(world, "session.started") == 0

    _, deaths = death.at_each_statement(sign_in, look)
    assert deaths > 5
    assert everything(world) == (1, 1, 1, 1, 1)
    assert events(world, "session.started") == 1
