"""Class 22 of the known attacks, for users' sign-in: answers or their timing tell who is here.

Seen in Keycloak as CVE-2026-4633, CVE-2026-9794 and CVE-2026-37981. Bodies are compared in
`tests/faces/v1/test_sign_in.py`; here is the time.
"""

import itertools
import time
from collections.abc import Callable

import pytest
from django.core.mail import EmailMessage

from accounts.services import users
from identity.services import rates
from tests import acts, cast
from tests.attacks import stopwatch
from tests.faces.v1 import apps
from tests.faces.v1.apps import App

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("real_hash")]


@pytest.fixture
def world() -> cast.World:
    world = cast.world(governance=False)
    for name in ("alice", "bob"):
        apps.protect(world, world.member(name).user)
    with cast.in_scope(world):
        gone = world.member("gone").user
        apps.protect(world, gone)
        users.disable(user_id=gone.id, by=world.system, now=acts.now())
    world.member("bare")
    return world


def test_names_that_there_are_take_no_other_time_by_password(world: cast.World) -> None:
    addresses = (f"198.51.100.{number}" for number in itertools.count(1))

    def guess(name: str) -> Callable[[], object]:
        def once() -> None:
            answer = App(world, next(addresses)).by_password(f"{name}@example.test", "wrong")
            assert answer.status_code == 401

        return once

    for name in ("alice", "gone", "bare", "nobody"):
        guess(name)()
    worked = {name: guess(name) for name in ("alice", "bare", "nobody")}
    stopwatch.alike(worked, rounds=2, clock=time.process_time)
    # Who is shut out waits as long as a hash lately took, in place of one.
    waited = {name: guess(name) for name in ("gone", "nobody")}
    stopwatch.alike(waited, rounds=2, most=6)


def test_addresses_that_there_are_take_no_other_time_by_mail(
    world: cast.World, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "hit", lambda *_, **__: None)

    def wish(name: str) -> Callable[[], object]:
        def once() -> None:
            answer = App(world).post("/sign-in/email", {"email": f"{name}@example.test"})
            assert answer.status_code == 202

        return once

    names = ("alice", "gone", "nobody")
    for name in names:
        wish(name)()
    stopwatch.alike({name: wish(name) for name in names}, rounds=25)


def test_wrong_codes_take_no_other_time(world: cast.World, mailoutbox: list[EmailMessage]) -> None:
    addresses = (f"198.51.100.{number}" for number in itertools.count(1))

    def guess(name: str) -> Callable[[], object]:
        def once() -> None:
            app = App(world, next(addresses))
            given = {"email": f"{name}@example.test", "code": "000000"}
            assert app.post("/sign-in/email/code", given).status_code == 401

        return once

    stopwatch.alike({name: guess(name) for name in ("alice", "nobody")}, rounds=25)
