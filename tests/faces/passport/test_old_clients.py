"""Clients of version 1.0.0: no header for the user, and a session that names its scope alone."""

import json
from typing import Any

import pytest

from sessions_app.models import Session
from tests import cast
from tests.faces.passport import client as clients
from tests.faces.passport import people
from tests.faces.passport.client import Client
from tests.faces.passport.people import Person


@pytest.fixture
def world(world: cast.World) -> cast.World:
    people.welcome(world)
    return world


def ask(headers: dict[str, str], world: cast.World | None = None) -> dict[str, Any]:
    body = {"jsonrpc": "2.0", "id": 1, "method": "eth_accounts", "params": {}}
    _, _, raw = clients.exchange(world, json.dumps(body).encode(), headers)
    told: dict[str, Any] = json.loads(raw)
    return told


def entered(world: cast.World) -> dict[str, str]:
    """What a client of version 1.0.0 sends after it signed in."""
    alice = Person(Client(world))
    assert alice.register(x_encrypted_user=None).result["account_id"]
    sealed = alice.authenticate(x_encrypted_user=None).result["encrypted_jwt"]
    return {"x-encrypted-key": alice.client.wrapped, "x-session": sealed}


def test_a_session_names_scope_and_account(world: cast.World) -> None:
    cast.world(slug="acme")  # the deployment's default is another
    headers = entered(world)
    assert ask(headers)["result"][0].startswith("0x")
    assert ask(headers, world)["result"] == ask(headers)["result"]


def test_a_session_of_one_scope_opens_nothing_at_anothers_address(world: cast.World) -> None:
    headers = entered(world)
    told = ask(headers, cast.world())
    assert told["error"]["data"] == "scope.mismatch"


def test_an_ended_session_is_refused(world: cast.World) -> None:
    headers = entered(world)
    with cast.in_scope(world):
        Session.objects.update(status="ended", ended_at=Session.objects.get().created_at)
    assert ask(headers)["error"]["data"] == "unauthenticated"


def test_another_channel_opens_nothing(world: cast.World) -> None:
    headers = entered(world)
    told = ask(headers | {"x-encrypted-key": Client(world).wrapped})
    assert told["error"]["data"] == "decryption.failed"


@pytest.mark.parametrize("text", ["x", "A" * 400, "ä"])
def test_a_text_that_is_no_session_is_refused(world: cast.World, text: str) -> None:
    told = ask(entered(world) | {"x-session": text}, world)
    assert told["error"]["data"] == "decryption.failed"


def test_only_such_clients_sessions_are_found_by_their_text(world: cast.World) -> None:
    alice = people.registered(world)
    headers = alice.enter()
    with cast.in_scope(world):
        assert Session.objects.get().mark is None
    old = {"x-encrypted-key": alice.client.wrapped, "x-session": headers["x-encrypted-session"]}
    assert "error" in ask(old)
    # Where the address names the scope, the session is as good as any.
    assert "result" in ask(old, world)
