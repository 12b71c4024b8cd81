"""Class 18 of the known attacks: what was switched off still works, at the face `bridge`.

Seen as CVE-2025-14559 and CVE-2026-1486 in Keycloak, CVE-2025-53942 in authentik. Whatever can be
switched off is, and every way in and every method is tried from the next request on.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.services import users
from identity.models import ApiKey, Scope
from identity.scoping import current
from identity.services import api_keys
from sessions_app.models import MachineSession
from tests import cast, programs
from tests.faces.bridge import client as clients
from tests.faces.bridge.client import Client, Stamped, basic, bearer, hmac_of
from tests.faces.bridge.test_scope_words import PARAMS

pytestmark = pytest.mark.django_db(transaction=True)

LIST = clients.envelope("solution/listSolutions", {})


def signed(client: Client) -> str:
    stamp, key = Stamped(), client.program
    return stamp.header(key.row.key_id, hmac_of(key.secret, stamp.data(LIST)))


WAYS: dict[str, Callable[[Client], dict[str, str]]] = {
    "token": lambda client: {"authorization": bearer(client.token)},
    "token in the envelope": lambda client: {"token": client.token},
    "basic": lambda client: {
        "authorization": basic(client.program.row.key_id, client.program.secret)
    },
    "signature": lambda client: {"authorization": signed(client)},
}


def lets_in(client: Client, way: str) -> bool:
    answer = clients.call("solution/listSolutions", **WAYS[way](client))
    assert "result" in answer.body or answer.code == 0x612F
    return "result" in answer.body


def set_row(client: Client, **fields: Any) -> None:
    with cast.in_scope(client.world):
        ApiKey.objects.filter(id=client.program.row.id).update(**fields)


def end_sessions(client: Client) -> None:
    with cast.in_scope(client.world):
        MachineSession.objects.update(
            status="ended", ended_at=datetime.now(UTC), ended_reason="ended"
        )


def close_scope(client: Client, status: str) -> None:
    with current.across_scopes(why="a test stops a scope"):
        Scope.objects.filter(id=client.world.scope.id).update(status=status)


def switch(client: Client, act: Callable[..., Any]) -> None:
    act(key_id=client.program.row.id, by=client.world.system, now=datetime.now(UTC))


OFF: dict[str, Callable[[Client], None]] = {
    "disabled": lambda client: switch(client, api_keys.disable),
    "revoked": lambda client: switch(client, api_keys.revoke),
    "expired": lambda client: set_row(client, expires_at=datetime.now(UTC) - timedelta(seconds=1)),
    "bound elsewhere": lambda client: set_row(client, networks=["198.51.100.1"]),
    "scope suspended": lambda client: close_scope(client, "suspended"),
    "scope closed": lambda client: close_scope(client, "closed"),
}


@pytest.mark.parametrize("what", sorted(OFF))
@pytest.mark.parametrize("way", sorted(WAYS))
def test_whatever_is_off_lets_nobody_in(what: str, way: str) -> None:
    client = clients.client(cast.world(), "solution")
    assert lets_in(client, way)
    OFF[what](client)
    assert not lets_in(client, way)


@pytest.mark.parametrize("what", sorted(OFF))
def test_whatever_is_off_gets_no_token(what: str) -> None:
    client = clients.client(cast.world(), "solution")
    pair = clients.auth(client.program).result
    OFF[what](client)
    assert clients.auth(client.program).code == 0x612B
    refresh = {"grantType": "refresh_token", "refreshToken": pair["refreshToken"]}
    assert clients.call("manager/auth", refresh).code == 0x15


def test_a_session_that_ended_is_over() -> None:
    client = clients.client(cast.world(), "solution")
    end_sessions(client)
    assert not lets_in(client, "token")
    assert lets_in(client, "basic")


@pytest.mark.parametrize("method", sorted(PARAMS))
def test_every_method_is_shut_to_a_key_that_is_off(method: str) -> None:
    client = clients.client(cast.world())
    switch(client, api_keys.disable)
    assert client.call(method, PARAMS[method]).code == 0x612F


@pytest.mark.parametrize("way", ["token", "basic", "signature"])
def test_a_key_of_somebody_who_is_shut_out_is_shut_out(way: str) -> None:
    world = cast.world()
    member = world.member("alice", "workspace-maintainer")
    holder = api_keys.Holder(user_id=member.user.id)
    key = programs.make(world.system, *clients.permissions("solution"), holder=holder)
    client = Client(world, key, clients.auth(key).result["accessToken"])
    assert lets_in(client, way)
    with cast.in_scope(world):
        users.disable(user_id=member.user.id, by=world.system, now=datetime.now(UTC))
    assert not lets_in(client, way)


def test_a_right_that_was_lost_is_lost_in_a_living_token() -> None:
    client = clients.client(cast.world(), "solution", "context")
    assert client.done("solution/listSolutions") == {"list": []}
    set_row(client, permissions=clients.permissions("context"))
    answer = client.call("solution/listSolutions")
    assert (answer.code, answer.data) == (0x612E, "solution")


def test_limits_that_came_later_bind_a_living_token() -> None:
    client = clients.client(cast.world(), "solution", "context")
    context = client.context()
    assert client.done("context/getContext", {"contextId": context})
    set_row(client, solutions=["another"])
    assert client.call("context/getContext", {"contextId": context}).code == 0x30
