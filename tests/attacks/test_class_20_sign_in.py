"""Class 20 of the known attacks, for users' sign-in: a step is left out, swapped or borrowed.

Seen as CVE-2025-3910 and CVE-2026-3429 (Keycloak), CVE-2026-9091 (Casdoor) and CVE-2026-54730
(authentik). Which proofs were given stands on the server: no order of requests, no other browser,
account, scope or application makes a session without both.
"""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from django.core.mail import EmailMessage

from accounts.models import User
from sessions_app.models import Session
from tests import cast, staff
from tests.faces.v1 import apps
from tests.faces.v1.apps import App, code_in
from tests.faces.v1.test_sign_in import enrolled, present

ALICE, BOB = "alice@example.test", "bob@example.test"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def alice(world: cast.World) -> tuple[User, staff.Generator]:
    user = world.member("alice").user
    apps.protect(world, user)
    return user, enrolled(world, user)


@pytest.fixture
def bob(world: cast.World) -> tuple[User, staff.Generator]:
    user = world.member("bob").user
    apps.protect(world, user)
    return user, enrolled(world, user)


def sessions(world: cast.World) -> int:
    with cast.in_scope(world):
        return Session.objects.count()


def test_no_order_of_steps_without_the_password_makes_a_session(
    world: cast.World, alice: tuple[User, staff.Generator], mailoutbox: list[EmailMessage]
) -> None:
    _, generator = alice
    app = App(world)
    steps: dict[str, Callable[[], Any]] = {
        "wrong password": lambda: app.by_password(ALICE, "wrong"),
        "a code without a ticket": lambda: app.post(
            "/sign-in/second-factor", {"ticket": "", "code": present(generator)}
        ),
        "a ticket of ours": lambda: app.post(
            "/sign-in/second-factor", {"ticket": "A" * 43, "code": present(generator)}
        ),
        "a guessed mail": lambda: app.post(
            "/sign-in/email/code", {"email": ALICE, "code": present(generator)}
        ),
    }
    for order in itertools.permutations(steps):
        for name in order[:2]:
            assert steps[name]().status_code in {400, 401, 429}
    assert sessions(world) == 0


def test_a_ticket_is_for_the_account_of_the_password(
    world: cast.World,
    alice: tuple[User, staff.Generator],
    bob: tuple[User, staff.Generator],
) -> None:
    app = App(world)
    ticket = app.by_password(ALICE).json()["ticket"]
    answer = app.post("/sign-in/second-factor", {"ticket": ticket, "code": present(bob[1])})
    assert answer.status_code == 401
    assert sessions(world) == 0


def test_a_ticket_is_for_one_scope(world: cast.World, alice: tuple[User, staff.Generator]) -> None:
    app, other = App(world), cast.world()
    ticket = app.by_password(ALICE).json()["ticket"]
    app.world = other
    given = {"ticket": ticket, "code": present(alice[1])}
    assert app.post("/sign-in/second-factor", given).status_code == 401
    assert sessions(world) == sessions(other) == 0


def test_a_mailed_code_does_not_pass_the_second_factor(
    world: cast.World, alice: tuple[User, staff.Generator], mailoutbox: list[EmailMessage]
) -> None:
    app = App(world)
    app.post("/sign-in/email", {"email": ALICE})
    told = app.post("/sign-in/email/code", {"email": ALICE, "code": code_in(mailoutbox[-1].body)})
    assert told.json()["status"] == "second-factor"
    assert sessions(world) == 0


@pytest.mark.parametrize("path", ["/me", "/me/sessions", "/me/one-time-password"])
def test_half_a_sign_in_opens_nothing(
    world: cast.World, alice: tuple[User, staff.Generator], path: str
) -> None:
    app = App(world)
    app.token = app.by_password(ALICE).json()["ticket"]
    assert app.get(path).status_code == 401


def test_a_change_of_the_generator_between_the_steps_begins_anew(
    world: cast.World, alice: tuple[User, staff.Generator]
) -> None:
    user, generator = alice
    app = App(world)
    ticket = app.by_password(ALICE).json()["ticket"]
    with cast.in_scope(world):
        User.objects.filter(id=user.id).update(one_time_password_id=None)
    given = {"ticket": ticket, "code": present(generator)}
    assert app.post("/sign-in/second-factor", given).status_code == 401
    assert sessions(world) == 0
