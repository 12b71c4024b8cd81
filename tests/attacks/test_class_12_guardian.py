"""Class 12 of the known attacks, at the face `guardian`: who lets newcomers in, and where.

Seen as CVE-2026-1529 (Keycloak: a forged invitation led into a foreign organisation) and
CVE-2025-64708 (authentik: what was over still let in). What lets a newcomer in here is a registry's
session: forged, of another scope, ended, demoted or shut out, it lets nobody in; nobody is led
under a registry of another scope; and a task is its owner's, whoever has its id.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest

from accounts.models import Onboarding, RegistryMembership, RoleAssignment, User
from accounts.services import users
from identity.services import scopes
from sessions_app.models import Session
from sessions_app.services import sessions
from tests import acts, cast
from tests.faces.guardian import client
from tests.faces.guardian.client import NOT_FOUND, Answer, Client, registering
from tests.faces.guardian.test_accounts import complete

pytestmark = pytest.mark.django_db(transaction=True)
Switch = Callable[[cast.World], object]


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def acme(world: cast.World) -> Client:
    return ready(world, "acme")


def ready(world: cast.World, name: str) -> Client:
    made = client.registry(world, name)
    complete(world, name, did=f"did:example:{name}")
    return made


def onboard(who: Client, parent: str = "acme", **more: str) -> Answer:
    body = registering("bob") | {"parent": parent}
    return who.post("/accounts/push/onboard", body, **more)


def let_in(world: cast.World) -> int:
    with cast.in_scope(world):
        return Onboarding.objects.count() + User.objects.filter(username="bob").count()


def ended(world: cast.World) -> None:
    session = Session.objects.get()
    sessions.end(session_id=session.id, reason="x", by=world.system, now=acts.now())


def expired(_: cast.World) -> None:
    long_ago = acts.now() - timedelta(days=1)
    Session.objects.update(created_at=long_ago, expires_at=long_ago + timedelta(hours=1))


def demoted(_: cast.World) -> None:
    RegistryMembership.objects.update(role="USER", topic_id="")


def stripped(_: cast.World) -> None:
    RoleAssignment.objects.all().delete()


def disabled(world: cast.World) -> None:
    users.disable(user_id=User.objects.get().id, by=world.system, now=acts.now())


def suspended(world: cast.World) -> None:
    scopes.suspend(by=world.system, now=acts.now())


@pytest.mark.parametrize("switch", [ended, expired, demoted, stripped, disabled, suspended])
def test_what_was_switched_off_lets_nobody_in(world, acme, switch: Switch) -> None:
    with cast.in_scope(world):
        switch(world)
    for path in ("/accounts/push/onboard", "/accounts/register"):
        body = registering("bob") | ({"parent": "acme"} if "push" in path else {})
        assert acme.post(path, body).status in {401, 403}, path
    assert let_in(world) == 0


@pytest.mark.parametrize("at", [0, 1, 2])
def test_an_altered_token_lets_nobody_in(world, acme, at) -> None:
    parts = acme.access.split(".")
    for change in (parts[at][:-2], parts[at] + "A", "A" + parts[at][1:], ""):
        token = ".".join(change if index == at else part for index, part in enumerate(parts))
        if token != acme.access:
            assert onboard(acme, token=token).status == 401
    assert let_in(world) == 0


def test_no_registry_lets_people_into_another_scope(world, acme) -> None:
    other = cast.world(governance=False)
    foreign = ready(other, "acme")
    assert onboard(Client(other), token=acme.access).status == 401
    assert onboard(Client(world), token=foreign.access).status == 401
    ready(other, "verra")
    assert onboard(acme, parent="verra").status == 400
    assert (let_in(world), let_in(other)) == (0, 0)


def test_a_user_lets_nobody_in(world, acme) -> None:
    alice = client.member(world, "alice")
    assert onboard(alice).status == 403
    assert let_in(world) == 0


def test_a_tasks_id_opens_nothing(world, acme) -> None:
    task = onboard(acme).json["taskId"]
    alice, other = client.member(world, "alice"), ready(world, "verra")
    for who in (alice, other, client.registry(cast.world())):
        assert who.get(f"/tasks/{task}").json == NOT_FOUND
    assert set(Client(world).get(f"/tasks/onboard/{task}").json) == {
        *("taskId", "action", "expectation", "completed", "failed", "error"),
    }
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        for path in (f"/tasks/{task}", f"/tasks/onboard/{task}"):
            assert acme.ask(method, path, {}).status == 405


def test_one_request_lets_one_person_in(world, acme) -> None:
    statuses = [onboard(acme).status for _ in range(3)]
    assert statuses == [202, 409, 409]
    assert let_in(world) == 1
