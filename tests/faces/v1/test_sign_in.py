"""Signing in over `/v1`: by password, by mailed code, the second factor, and what comes of it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.mail import EmailMessage

from accounts.models import User
from accounts.services import one_time_passwords, users
from identity.web import browser
from sessions_app.models import Session
from sessions_app.services import first_factor, mailed_codes
from tests import cast, staff
from tests.faces.v1 import apps
from tests.faces.v1.apps import App, code_in
from tests.faces.v1.client import problem

ALICE = "alice@example.test"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def alice(world: cast.World) -> User:
    user = world.member("alice", "member").user
    apps.protect(world, user)
    return user


@pytest.fixture
def app(world: cast.World) -> App:
    return App(world)


def enrolled(world: cast.World, user: User) -> staff.Generator:
    """A generator that was set up a while ago, so that its present code is fresh."""
    now = datetime.now(UTC)
    by = first_factor.actor_of(user, address="")
    with cast.in_scope(world):
        one_time_passwords.begin(user_id=user.id, by=by, now=now)
        begun = one_time_passwords.begun(user_id=user.id, now=now)
        assert begun is not None
        generator = staff.Generator(begun.secret)
        step = int(now.timestamp()) // one_time_passwords.STEP
        one_time_passwords.confirm(user_id=user.id, code=generator.at(step - 1), by=by, now=now)
    return generator


def present(generator: staff.Generator) -> str:
    return generator.at(int(datetime.now(UTC).timestamp()) // one_time_passwords.STEP)


def sessions(world: cast.World) -> int:
    with cast.in_scope(world):
        return Session.objects.count()


def test_a_password_gives_tokens_that_work(app: App, alice: User) -> None:
    told = app.enter(app.by_password(ALICE))
    assert told["token_type"] == "Bearer"
    assert told["expires_in"] == 3600
    me = app.get("/me")
    assert me.status_code == 200
    assert me.json()["user"]["id"] == str(alice.public_id)
    renewed = app.post("/token/refresh", {"refresh_token": told["refresh_token"]})
    assert renewed.status_code == 200
    assert app.send("DELETE", f"/me/sessions/{told['session']}").status_code == 200
    problem(app.get("/me"), 401, "unauthenticated")


def test_every_cause_is_told_alike(app: App, world: cast.World, alice: User) -> None:
    shut_out = world.member("bob").user
    apps.protect(world, shut_out)
    with cast.in_scope(world):
        users.disable(user_id=shut_out.id, by=world.system, now=datetime.now(UTC))
    world.member("carol")
    told = set()
    for name, password in (
        (ALICE, "wrong"),
        ("bob@example.test", apps.PASSWORD),
        ("carol@example.test", apps.PASSWORD),
        ("nobody@example.test", apps.PASSWORD),
        ("a\0", ""),
    ):
        answer = app.by_password(name, password)
        problem(answer, 401, "sign-in.refused")
        own = {"set-cookie", "x-request-id"}
        headers = {name: value for name, value in answer.headers.items() if name not in own}
        told.add((answer.text, repr(headers)))
    assert len(told) == 1
    assert sessions(world) == 0


def test_a_second_factor_stands_between(app: App, world: cast.World, alice: User) -> None:
    generator = enrolled(world, alice)
    step = app.by_password(ALICE).json()
    assert step.keys() == {"status", "ticket", "ticket_expires_at"}
    assert step["status"] == "second-factor"
    assert sessions(world) == 0
    # The ticket is no token, and nobody else's: not another browser's, not one without a mark.
    app.token = step["ticket"]
    problem(app.get("/me"), 401, "unauthenticated")
    app.token = ""
    given = {"ticket": step["ticket"], "code": present(generator)}
    stranger = App(world)
    problem(stranger.post("/sign-in/second-factor", given), 401, "challenge.refused")
    stranger.by_password("nobody", "x")
    problem(stranger.post("/sign-in/second-factor", given), 401, "challenge.refused")
    wrong = {"ticket": step["ticket"], "code": generator.wrong()}
    problem(app.post("/sign-in/second-factor", wrong), 401, "one-time-password.refused")
    app.enter(app.post("/sign-in/second-factor", given))
    assert app.get("/me").status_code == 200
    problem(app.post("/sign-in/second-factor", given), 401, "challenge.refused")
    assert sessions(world) == 1


def test_the_mark_of_a_browser_is_a_cookie_that_scripts_do_not_see(app: App, alice: User) -> None:
    cookie = app.by_password(ALICE).headers["set-cookie"]
    assert cookie.startswith(f"{browser.name()}=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "set-cookie" not in app.by_password(ALICE).headers


def test_a_mailed_code_signs_in_and_the_wish_tells_nothing(
    app: App, world: cast.World, alice: User, mailoutbox: list[EmailMessage]
) -> None:
    known = app.post("/sign-in/email", {"email": "Alice@Example.test"})
    unknown = App(world).post("/sign-in/email", {"email": "ghost@example.test"})
    assert known.status_code == unknown.status_code == 202
    assert known.json().keys() == unknown.json().keys()
    assert (known.json()["email"], known.json()["resend_after"]) == (ALICE, 60)
    assert [message.to for message in mailoutbox] == [[ALICE], ["ghost@example.test"]]
    given = {"email": ALICE, "code": code_in(mailoutbox[0].body)}
    problem(App(world).post("/sign-in/email/code", given), 401, "code.refused")
    app.enter(app.post("/sign-in/email/code", given))
    assert app.get("/me").json()["user"]["id"] == str(alice.public_id)
    problem(app.post("/sign-in/email/code", given), 401, "code.refused")


def test_a_second_wish_waits(app: App, mailoutbox: list[EmailMessage]) -> None:
    app.post("/sign-in/email", {"email": ALICE})
    answer = app.post("/sign-in/email", {"email": ALICE})
    problem(answer, 429, "code.sent-already")
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert len(mailoutbox) == 1


def test_newcomers_need_a_scope_that_lets_them_in(
    app: App, world: cast.World, mailoutbox: list[EmailMessage]
) -> None:
    new = "new@example.test"
    app.post("/sign-in/email", {"email": new})
    given = {"email": new, "code": code_in(mailoutbox[-1].body), "full_name": "New Person"}
    problem(app.post("/sign-in/email/code", given), 403, "sign-in.by-invitation-only")
    open_world = cast.world(sign_up=True)
    guest = App(open_world)
    guest.post("/sign-in/email", {"email": new})
    given["code"] = code_in(mailoutbox[-1].body)
    guest.enter(guest.post("/sign-in/email/code", given))
    me = guest.get("/me").json()
    assert (me["user"]["username"], me["permissions"]) == (new, [])


def test_wrong_codes_run_out(app: App, mailoutbox: list[EmailMessage]) -> None:
    app.post("/sign-in/email", {"email": ALICE})
    code = code_in(mailoutbox[0].body)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for given in [wrong] * mailed_codes.TRIES + [code]:
        answer = app.post("/sign-in/email/code", {"email": ALICE, "code": given})
        problem(answer, 401, "code.refused")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sign-in/password", {"username": ALICE}),
        ("/sign-in/password", {"username": "x" * 255, "password": "x"}),
        ("/sign-in/password", {"username": ALICE, "password": "x", "is_staff": True}),
        ("/sign-in/password", {"username": ALICE, "password": "x" * 1025}),
        ("/sign-in/email", {"email": "no address"}),
        ("/sign-in/email", {"email": "alice\uff20example.test"}),
        ("/sign-in/email/code", {"email": ALICE, "code": 123456}),
        ("/sign-in/second-factor", {"ticket": "x" * 65, "code": "1"}),
    ],
)
def test_refuses_what_can_not_be_meant(app: App, path: str, body: dict[str, Any]) -> None:
    answer = app.post(path, body)
    problem(answer, 400, "invalid")
