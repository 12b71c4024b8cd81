"""Class 22 of the known attacks: answers that tell who exists, at the face `passport`.

Seen as CVE-2026-4633 and CVE-2026-9794 in Keycloak. Where a scope takes newcomers the protocol
tells which names are taken (the threat model says so). Where it takes none, names look alike, and
so does everything else that a stranger can ask; a developer's word tells of nobody but its own.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from identity.services import scopes
from tests import cast
from tests.faces.passport import people
from tests.faces.passport.client import Client, Developer
from tests.faces.passport.people import Person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    """Alice has a passkey; bob is there without one; nobody else may join any more."""
    world = cast.world()
    people.welcome(world)
    people.registered(world)
    world.member("bob")
    with cast.in_scope(world):
        scopes.change_settings(
            changes={"passkey_sign_up": False}, by=world.system, now=datetime.now(UTC)
        )
    return world


NAMES = ("alice", "bob@example.test", "nobody")


def asked(world: cast.World, name: str, method: str) -> dict[str, Any]:
    client = Client(world)
    return client.call(method, {"encrypted_user": client.seal_json({"username": name})}).body


def test_names_are_alike_where_nobody_joins(world: cast.World) -> None:
    for name in NAMES:
        assert set(asked(world, name, "initiateAuthentication")["result"]) == {
            "challenge_id",
            "encrypted_request_challenge",
        }
    told = [asked(world, name, "initiateRegistration")["error"] for name in NAMES]
    assert told == [told[0]] * len(NAMES)


def test_a_name_that_nobody_has_looks_the_same_each_time(world: cast.World) -> None:
    options = [Person(Client(world), "nobody").begin("initiateAuthentication")[1] for _ in "ab"]
    assert options[0]["allowCredentials"] == options[1]["allowCredentials"]
    assert options[0]["challenge"] != options[1]["challenge"]


def test_every_wrong_answer_is_one_refusal(world: cast.World) -> None:
    other = cast.world()
    people.welcome(other)
    device = people.registered(other, "mallory").device
    told = []
    for name in NAMES:
        person = Person(Client(world), name, device)
        challenge_id, options, sealed = person.begin("initiateAuthentication")
        given = device.get(options, device.credentials[0])
        told.append(person.complete("completeAuthentication", challenge_id, given, sealed).error)
    assert told == [told[0]] * len(NAMES)


def statements(act: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)


def test_a_strangers_proof_costs_the_same_whomever_it_names(world: cast.World) -> None:
    developer, client = Developer(), Client(world)

    def ask(name: str) -> Any:
        proof = developer.vouch(client, name)
        return Client(world, client.key, proof).call("eth_accounts").error

    assert {str(ask(name)) for name in NAMES} == {str(ask("alice"))}
    assert len({statements(partial(ask, name)) for name in NAMES}) == 1
