"""Class 22 of the known attacks: answers and their time tell who exists, at the face `guardian`.

Seen as CVE-2026-4633, CVE-2026-9794 and CVE-2026-37981 in Keycloak, and in authentik (a
penetration test, L2). Whoever tries names, tasks or parents hears one refusal for those that are
there and those that are not, in status, headers, body, statements and time.
"""

import itertools
import time
from collections.abc import Callable
from functools import partial
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.services import users
from identity.web import request_id
from tests import acts, cast
from tests.attacks import stopwatch
from tests.faces.guardian import client
from tests.faces.guardian.client import OTHER, Answer, Client, registering
from tests.faces.guardian.test_accounts import complete

pytestmark = pytest.mark.django_db(transaction=True)
WRONG = "wrongPassword1"
PLACES = itertools.count()


@pytest.fixture
def world() -> cast.World:
    """Alice is there; bob was shut out; carol has no password; a registry is ready."""
    world = cast.world(governance=False)
    client.registered(world, username="alice")
    client.registered(world, username="bob")
    world.member("carol")
    client.registered(world, "STANDARD_REGISTRY", "acme")
    complete(world, "acme", did="did:example:acme")
    with cast.in_scope(world):
        user = User.objects.get(username="bob")
        users.disable(user_id=user.id, by=world.system, now=acts.now())
    return world


NAMES = ("alice", "bob", "carol@example.test", "acme", "nobody", "x" * 300)


def told(answer: Answer) -> tuple[object, ...]:
    headers = {name: text for name, text in answer.headers.items() if name != request_id.HEADER}
    return answer.status, tuple(sorted(headers.items())), answer.body


def place() -> str:
    """Another place each time: there are thirty tries from one."""
    return f"198.51.{next(PLACES) % 250}.7"


def login(world: cast.World, name: str) -> Answer:
    return Client(world, name, address=place()).login(password=WRONG)


def change(world: cast.World, name: str, new: str = OTHER) -> Answer:
    body = {"username": name, "oldPassword": WRONG, "newPassword": new}
    return Client(world, address=place()).post("/accounts/change-password", body)


def test_every_name_is_refused_in_one_way(world) -> None:
    assert len({told(login(world, name)) for name in NAMES}) == 1
    assert len({told(change(world, name)) for name in NAMES}) == 1
    assert len({told(change(world, name, new="short")) for name in NAMES}) == 1


def test_nobody_learns_names_by_registering_without_a_token(world) -> None:
    for path in ("/accounts/register", "/accounts/push/onboard"):
        answers = set()
        for name in NAMES:
            for body in (registering(name), registering(name) | {"parent": name}, {"username": 1}):
                answers.add(told(Client(world).post(path, body)))
        assert len(answers) == 1, path


def test_a_user_learns_no_names_by_registering(world) -> None:
    alice = Client(world, "alice").sign_in()
    for path in ("/accounts/register", "/accounts/push/onboard"):
        assert len({told(alice.post(path, registering(name))) for name in NAMES}) == 1, path


def test_parents_that_are_none_are_one(world) -> None:
    acme = Client(world, "acme").sign_in()
    answers = set()
    for name in ("alice", "bob", "carol@example.test", "nobody"):
        body = registering("dave") | {"parent": name}
        answer = acme.post("/accounts/push/onboard", body)
        answers.add((answer.status, answer.text.replace(name, "…")))
    assert len(answers) == 1


def test_tasks_that_are_nobodys_are_one(world) -> None:
    acme = Client(world, "acme").sign_in()
    task = acme.post("/accounts/push/onboard", registering("dave") | {"parent": "acme"}).json
    alice = Client(world, "alice").sign_in()
    ids = [task["taskId"], str(uuid4()), task["taskId"].upper(), "x"]
    assert len({told(alice.get(f"/tasks/{each}")) for each in ids}) == 1
    assert len({told(Client(world).get(f"/tasks/{each}")) for each in ids}) == 1
    assert len({told(Client(world).get(f"/tasks/onboard/{each}")) for each in ids[1:]}) == 1


def test_profiles_are_ones_own_whatever_the_name(world) -> None:
    alice = Client(world, "alice").sign_in()
    for path in ("/profiles/{}", "/profiles/{}/balance"):
        assert len({told(alice.get(path.format(name))) for name in NAMES}) == 1
    for path in ("/profiles/{}", "/profiles/push/{}"):
        assert len({told(alice.put(path.format(name), {})) for name in NAMES[1:]}) == 1


def statements(act: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)


def test_a_name_that_is_there_asks_the_database_no_more(world) -> None:
    for name in NAMES:
        login(world, name)
    counts = {name: statements(partial(login, world, name)) for name in ("alice", "zoe")}
    # Who is there has a history, which is the only difference.
    assert 0 <= counts["alice"] - counts["zoe"] <= 3


@pytest.mark.usefixtures("real_hash")
def test_a_name_that_is_there_takes_no_longer() -> None:
    world = cast.world(governance=False)
    client.registered(world, username="alice")
    acts_of = {name: partial(login, world, name) for name in ("alice", "nobody")}
    stopwatch.alike(acts_of, rounds=3, clock=time.process_time)
