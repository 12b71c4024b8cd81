"""Signing in by password or mailed code, the second factor between, and step-up afterwards."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.errors import OneTimePasswordRefused, PasswordRefused
from accounts.models import Profile, User
from accounts.services import one_time_passwords, passwords, profiles, users
from accounts.services.profiles import Newcomer
from identity.actor import Actor
from identity.errors import Forbidden, Missing
from identity.models import AuditEvent
from sessions_app.errors import (
    ChallengeRefused,
    CodeRefused,
    SignInRefused,
    SignUpClosed,
    StepUpNeeded,
    TokenRefused,
)
from sessions_app.models import Session, SignIn
from sessions_app.services import (
    email_sign_in,
    first_factor,
    own_address,
    password_sign_in,
    sessions,
    step_up,
)
from sessions_app.services.first_factor import Arrival, SecondFactorDue
from sessions_app.services.mailed_codes import Asker
from sessions_app.services.sessions import Origin
from tests import cast, staff
from tests.unit.sessions_app.test_mailed_codes import code_in, wrong

ALICE = "alice@example.test"
PASSWORD = "correct horse battery staple"
ORIGIN = Origin(address="192.0.2.7", user_agent="Laptop/1", visitor="v-1")
HERE = Arrival(origin=ORIGIN, audience="https://id.example/s/acme", browser="a" * 64)
THERE = Arrival(origin=ORIGIN, audience="https://id.example/s/acme", browser="b" * 64)
ELSEWHERE = Arrival(origin=ORIGIN, audience="https://id.example/s/other", browser="a" * 64)
NOW = datetime.now(UTC).replace(microsecond=0)
LATER = NOW + timedelta(minutes=2)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Any:
    world = cast.world(sign_up=getattr(request, "param", False))
    with cast.in_scope(world):
        yield world


@pytest.fixture
def alice(world: cast.World) -> User:
    user = world.member("alice").user
    verifier = passwords.make_verifier(PASSWORD)
    passwords.set_first(user_id=user.id, verifier=verifier, by=world.system, now=NOW)
    user.refresh_from_db()
    return user


def by_password(
    password: str = PASSWORD, username: str = ALICE, arrival: Arrival = HERE, at: datetime = NOW
) -> Session | SecondFactorDue:
    return password_sign_in.sign_in(username=username, password=password, arrival=arrival, now=at)


def started(found: Session | SecondFactorDue) -> Session:
    assert isinstance(found, Session)
    return found


def due(found: Session | SecondFactorDue) -> SecondFactorDue:
    assert isinstance(found, SecondFactorDue)
    return found


def enrolled(user: User) -> tuple[staff.Generator, list[str]]:
    """A generator of the user's own, and its recovery codes."""
    by = first_factor.actor_of(user, address="")
    one_time_passwords.begin(user_id=user.id, by=by, now=NOW)
    begun = one_time_passwords.begun(user_id=user.id, now=NOW)
    assert begun is not None
    generator = staff.Generator(begun.secret)
    code = generator.at(int(NOW.timestamp()) // one_time_passwords.STEP)
    return generator, one_time_passwords.confirm(user_id=user.id, code=code, by=by, now=NOW)


def code_at(generator: staff.Generator, moment: datetime) -> str:
    return generator.at(int(moment.timestamp()) // one_time_passwords.STEP)


def mailed(mailoutbox: list[EmailMessage], address: str = ALICE, at: datetime = NOW) -> str:
    asker = Asker(browser=HERE.browser, address=ORIGIN.address)
    email_sign_in.send(address=address, asker=asker, now=at)
    return code_in(mailoutbox[-1])


def by_code(
    code: str, address: str = ALICE, arrival: Arrival = HERE, at: datetime = NOW
) -> Session | SecondFactorDue:
    return email_sign_in.sign_in(address=address, code=code, arrival=arrival, now=at)


def history() -> list[tuple[str, str, str]]:
    return sorted((row.method, row.outcome, row.reason) for row in SignIn.objects.all())


class TestPassword:
    @pytest.mark.parametrize("spelling", [ALICE, "ALICE@Example.test", " \uff41lice@example.test "])
    def test_begins_a_session(self, alice: User, spelling: str) -> None:
        session = started(by_password(username=spelling))
        assert (session.user_id, session.method, session.audience) == (
            alice.id,
            "password",
            HERE.audience,
        )
        assert session.expires_at == NOW + timedelta(days=7)
        assert history() == [("password", "succeeded", "")]
        assert Profile.objects.get(user=alice).last_sign_in_from == ORIGIN.address

    def test_refuses_every_cause_alike(self, world: cast.World, alice: User) -> None:
        told = set()
        for name, password in (
            (ALICE, "wrong"),
            ("nobody@example.test", PASSWORD),
            ("a\0b", PASSWORD),
            ("\ud800", PASSWORD),
            ("x" * 5000, PASSWORD),
            (ALICE, ""),
        ):
            with pytest.raises(SignInRefused) as refusal:
                by_password(password, name)
            told.add((str(refusal.value), repr(refusal.value.facts)))
        users.disable(user_id=alice.id, by=world.system, now=NOW)
        with pytest.raises(SignInRefused) as refusal:
            by_password()
        assert told == {(str(refusal.value), repr(refusal.value.facts))}
        assert not Session.objects.exists()
        assert history() == [("password", "refused", "password.refused")] * 3

    def test_ten_wrong_ones_close_the_account_for_a_while(self, alice: User) -> None:
        for _ in range(passwords.MOST_WRONG):
            with pytest.raises(SignInRefused):
                by_password("wrong")
        with pytest.raises(SignInRefused):
            by_password()
        assert isinstance(by_password(at=NOW + timedelta(minutes=16)), Session)

    def test_refuses_from_a_network_that_is_not_the_users(self, alice: User) -> None:
        User.objects.filter(id=alice.id).update(networks=["203.0.113.0/24"])
        with pytest.raises(SignInRefused):
            by_password()

    def test_refuses_whose_time_is_over(self, alice: User) -> None:
        User.objects.filter(id=alice.id).update(expires_at=NOW)
        with pytest.raises(SignInRefused):
            by_password()


class TestSecondFactor:
    def test_comes_between_the_password_and_the_session(self, alice: User) -> None:
        generator, _ = enrolled(alice)
        step = due(by_password(at=LATER))
        assert not Session.objects.exists()
        code = code_at(generator, LATER)
        session = first_factor.complete(ticket=step.ticket, code=code, arrival=HERE, now=LATER)
        assert (session.user_id, session.method) == (alice.id, "password")
        with pytest.raises(ChallengeRefused):
            first_factor.complete(ticket=step.ticket, code=code, arrival=HERE, now=LATER)

    def test_takes_a_recovery_code_once(self, alice: User) -> None:
        _, codes = enrolled(alice)
        for expected in (None, OneTimePasswordRefused):
            step = due(by_password(at=LATER))
            given = {"ticket": step.ticket, "code": codes[0], "arrival": HERE, "now": LATER}
            if expected is None:
                first_factor.complete(**given)  # type: ignore[arg-type]
                continue
            with pytest.raises(expected):
                first_factor.complete(**given)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("arrival", "after"),
        [
            (THERE, timedelta(0)),
            (ELSEWHERE, timedelta(0)),
            (Arrival(ORIGIN, HERE.audience, ""), timedelta(0)),
            (HERE, first_factor.LASTS),
        ],
    )
    def test_is_for_the_browser_application_and_time_of_the_first_step(
        self, alice: User, arrival: Arrival, after: timedelta
    ) -> None:
        generator, _ = enrolled(alice)
        step = due(by_password(at=LATER))
        moment = LATER + after
        with pytest.raises(ChallengeRefused):
            first_factor.complete(
                ticket=step.ticket, code=code_at(generator, moment), arrival=arrival, now=moment
            )
        assert not Session.objects.exists()

    def test_five_wrong_codes_end_it_and_stand_in_the_history(self, alice: User) -> None:
        generator, _ = enrolled(alice)
        step = due(by_password(at=LATER))
        for _ in range(first_factor.TRIES):
            with pytest.raises(OneTimePasswordRefused):
                first_factor.complete(
                    ticket=step.ticket, code=generator.wrong(), arrival=HERE, now=LATER
                )
        with pytest.raises(ChallengeRefused):
            first_factor.complete(
                ticket=step.ticket, code=code_at(generator, LATER), arrival=HERE, now=LATER
            )
        assert history() == [("password", "refused", "one-time-password.refused")] * 5

    def test_ends_with_the_user_and_with_the_generator(
        self, world: cast.World, alice: User
    ) -> None:
        generator, _ = enrolled(alice)
        first, second = due(by_password(at=LATER)), due(by_password(at=LATER))
        users.disable(user_id=alice.id, by=world.system, now=LATER)
        code = code_at(generator, LATER)
        with pytest.raises(SignInRefused):
            first_factor.complete(ticket=first.ticket, code=code, arrival=HERE, now=LATER)
        users.enable(user_id=alice.id, by=world.system, now=LATER)
        one_time_passwords.reset(user_id=alice.id, by=world.system, now=LATER)
        with pytest.raises(ChallengeRefused):
            first_factor.complete(ticket=second.ticket, code=code, arrival=HERE, now=LATER)

    def test_is_asked_after_a_mailed_code_too(
        self, alice: User, mailoutbox: list[EmailMessage]
    ) -> None:
        generator, _ = enrolled(alice)
        step = due(by_code(mailed(mailoutbox, at=LATER), at=LATER))
        session = first_factor.complete(
            ticket=step.ticket, code=code_at(generator, LATER), arrival=HERE, now=LATER
        )
        assert session.method == "email"


class TestMailedCode:
    def test_signs_in_who_has_the_address_as_user_name_and_confirms_it(
        self, alice: User, mailoutbox: list[EmailMessage]
    ) -> None:
        session = started(by_code(mailed(mailoutbox)))
        assert (session.user_id, session.method) == (alice.id, "email")
        profile = Profile.objects.get(user=alice)
        assert (profile.email, profile.is_email_verified) == (ALICE, True)

    def test_an_address_in_somebodys_profile_is_nobodys_way_in(
        self, world: cast.World, mailoutbox: list[EmailMessage]
    ) -> None:
        newcomer = Newcomer(username="eve", email="victim@example.test", source="wallet")
        eve = profiles.join(newcomer, key=None, now=NOW)
        with pytest.raises(SignUpClosed):
            by_code(mailed(mailoutbox, "victim@example.test"), "victim@example.test")
        assert not Session.objects.filter(user=eve).exists()

    @pytest.mark.parametrize("world", [True], indirect=True)
    def test_makes_a_user_where_newcomers_are_welcome(
        self, world: cast.World, mailoutbox: list[EmailMessage]
    ) -> None:
        newcomer = Newcomer(username="eve", email="victim@example.test", source="wallet")
        eve = profiles.join(newcomer, key=None, now=NOW)
        session = started(by_code(mailed(mailoutbox, "Victim@Example.TEST"), "victim@example.test"))
        assert session.user_id != eve.id
        assert session.user.username == "victim@example.test"
        assert Profile.objects.get(user_id=session.user_id).is_email_verified
        again = started(
            by_code(
                mailed(mailoutbox, "victim@example.test", LATER), "victim@example.test", at=LATER
            )
        )
        assert again.user_id == session.user_id

    def test_signs_in_who_verified_it_as_a_further_address(
        self, alice: User, mailoutbox: list[EmailMessage]
    ) -> None:
        by = first_factor.actor_of(alice, address=ORIGIN.address)
        asker = Asker(HERE.browser, ORIGIN.address)
        own_address.send(address="a@home.example", by=by, asker=asker, now=NOW)
        own_address.verify(
            address="A@home.example", code=code_in(mailoutbox[-1]), by=by, asker=asker, now=NOW
        )
        # Whoever reads the mail that was known before hears of the new way in.
        assert (mailoutbox[-1].to, mailoutbox[-1].subject) == (
            [ALICE],
            "The sign-in of your account was changed",
        )
        session = started(by_code(mailed(mailoutbox, "a@home.example"), "a@home.example"))
        assert session.user_id == alice.id

    def test_refuses_a_disabled_user_after_the_proof(
        self, world: cast.World, alice: User, mailoutbox: list[EmailMessage]
    ) -> None:
        code = mailed(mailoutbox)
        users.disable(user_id=alice.id, by=world.system, now=NOW)
        with pytest.raises(SignInRefused):
            by_code(code)
        assert history() == [("email", "refused", "sign-in.refused")]
        assert not Profile.objects.filter(user=alice).exists()

    def test_does_the_same_for_every_address_when_it_is_asked_for(
        self, alice: User, mailoutbox: list[EmailMessage]
    ) -> None:
        counts = set()
        for address in (ALICE, "nobody@example.test"):
            with CaptureQueriesContext(connection) as seen:
                mailed(mailoutbox, address)
            counts.add(len(seen))
        assert len(counts) == 1
        assert [message.to for message in mailoutbox] == [[ALICE], ["nobody@example.test"]]


class TestStepUp:
    @pytest.fixture
    def bearer(self, alice: User) -> Actor:
        session = started(by_password())
        return Actor(
            kind=first_factor.actor_of(alice, address="").kind,
            scope_id=alice.scope_id,
            user_id=alice.id,
            public_id=alice.public_id,
            session_id=session.id,
            address=ORIGIN.address,
        )

    def proven_at(self, bearer: Actor) -> datetime:
        assert bearer.session_id is not None
        return Session.objects.get(id=bearer.session_id).authenticated_at

    def test_asks_for_a_fresh_proof(self, bearer: Actor) -> None:
        step_up.require_fresh(NOW, now=NOW + timedelta(minutes=5))
        with pytest.raises(StepUpNeeded) as refusal:
            step_up.require_fresh(NOW, now=NOW + timedelta(minutes=5, seconds=1))
        assert refusal.value.facts == {"seconds": 300}
        with pytest.raises(StepUpNeeded):
            step_up.require_fresh(NOW, now=NOW + timedelta(minutes=2), seconds=60)

    def test_takes_the_password(self, bearer: Actor) -> None:
        with pytest.raises(PasswordRefused):
            step_up.by_password(password="wrong", by=bearer, now=LATER)
        assert self.proven_at(bearer) == NOW
        step_up.by_password(password=PASSWORD, by=bearer, now=LATER)
        assert self.proven_at(bearer) == LATER
        assert AuditEvent.objects.filter(name="session.proven-again").count() == 1

    def test_takes_a_code_to_the_verified_address_alone(
        self, bearer: Actor, alice: User, mailoutbox: list[EmailMessage]
    ) -> None:
        asker = Asker(HERE.browser, ORIGIN.address)
        with pytest.raises(Missing):
            step_up.send_code(by=bearer, asker=asker, now=NOW)
        started(by_code(mailed(mailoutbox)))
        step_up.send_code(by=bearer, asker=asker, now=LATER)
        code = code_in(mailoutbox[-1])
        with pytest.raises(CodeRefused):
            step_up.by_code(code=wrong(code), by=bearer, asker=asker, now=LATER)
        step_up.by_code(code=code, by=bearer, asker=asker, now=LATER)
        assert self.proven_at(bearer) == LATER

    def test_asks_for_a_one_time_password_where_there_is_one(
        self, bearer: Actor, alice: User
    ) -> None:
        generator, codes = enrolled(alice)
        asker = Asker(HERE.browser, ORIGIN.address)
        with pytest.raises(Forbidden):
            step_up.by_password(password=PASSWORD, by=bearer, now=LATER)
        with pytest.raises(Forbidden):
            step_up.send_code(by=bearer, asker=asker, now=LATER)
        with pytest.raises(OneTimePasswordRefused):
            step_up.by_one_time_password(code=generator.wrong(), by=bearer, now=LATER)
        step_up.by_one_time_password(code=code_at(generator, LATER), by=bearer, now=LATER)
        assert self.proven_at(bearer) == LATER
        step_up.by_one_time_password(code=codes[0], by=bearer, now=LATER + timedelta(minutes=1))
        assert self.proven_at(bearer) == LATER + timedelta(minutes=1)

    def test_revives_no_session(self, world: cast.World, bearer: Actor) -> None:
        assert bearer.session_id is not None
        sessions.end(session_id=bearer.session_id, reason="sign-out", by=world.system, now=NOW)
        with pytest.raises(TokenRefused):
            step_up.by_password(password=PASSWORD, by=bearer, now=LATER)
