"""A web socket's line: where it is open, what it says, and what ends with it."""

import json
from typing import Any

import pytest

from identity.api.bridge import socket
from identity.scoping import current
from sessions_app.models import MachineSession
from tests import cast
from tests.faces.bridge import client as clients
from tests.faces.bridge.client import Client


def environ(path: str = "/api", **more: str) -> dict[str, Any]:
    return {"PATH_INFO": path, "REMOTE_ADDR": "192.0.2.7", "HTTP_HOST": "countersign.test", **more}


def opened(path: str = "/api") -> socket.Line:
    line = socket.open_line(environ(path))
    assert line is not None
    return line


def say(line: socket.Line, method: str, params: Any, **more: Any) -> dict[str, Any]:
    text = clients.envelope(method, params, **more).decode()
    answer: dict[str, Any] = json.loads(line.answer(text))
    return answer


def granted(line: socket.Line, client: Client) -> str:
    """An access token that lasts as long as this line."""
    params = {
        "grantType": "api_key_credentials",
        "apiKeyId": client.program.row.key_id,
        "apiKeySecret": client.program.secret,
        "scope": ["apiKey", "context", "connection"],
    }
    token: str = say(line, "manager/auth", params)["result"]["accessToken"]
    return token


@pytest.mark.parametrize("path", ["/api", "/api/", "/API", "/s/acme/api"])
def test_is_open_where_calls_are_made(path: str) -> None:
    assert socket.open_line(environ(path)) is not None


@pytest.mark.parametrize("path", ["/", "/api/v1", "/apis", "/s/acme/", "/s//api", "/request"])
def test_is_open_nowhere_else(path: str) -> None:
    assert socket.open_line(environ(path)) is None


def test_knows_its_holder_once_a_token_is_bound(client: Client) -> None:
    line = opened()
    assert say(line, "manager/listApiKeys", {})["error"]["code"] == 0x612F
    assert [line.is_known] == [False]
    assert say(line, "manager/bindAccessToken", {"accessToken": client.token})["result"] == "OK"
    assert line.is_known
    assert say(line, "manager/listApiKeys", {})["result"]["list"]


def test_refuses_a_token_at_the_address_of_another_scope(client: Client) -> None:
    other = cast.world("other")
    line = opened(f"/s/{other.scope.slug}/api")
    told = say(line, "manager/bindAccessToken", {"accessToken": client.token})
    assert told["error"]["code"] == 21
    assert not line.is_known


def test_a_session_of_the_socket_is_of_no_use_elsewhere_and_ends_with_it(client: Client) -> None:
    line, other = opened(), opened()
    token = granted(line, client)
    assert say(line, "manager/bindAccessToken", {"accessToken": token})["result"] == "OK"
    assert say(line, "manager/listApiKeys", {})["result"]["list"]
    bound = {"accessToken": token}
    assert say(other, "manager/bindAccessToken", bound)["error"]["code"] == 21
    assert clients.call("manager/listApiKeys", token=token).code == 0x612F

    line.close()
    with current.in_scope(client.world.scope.id):
        (row,) = MachineSession.objects.exclude(connection="")
    assert (row.status, row.ended_reason) == ("ended", "connection-closed")
    assert say(line, "manager/listApiKeys", {})["error"]["code"] == 0x612F


def test_what_is_no_call_is_answered_too(client: Client) -> None:
    assert client.token
    line = opened()
    for text in ("", "[]", "{", '{"jsonrpc":"2.0"}', "\ud800"):
        told = json.loads(line.answer(text))
        assert told["error"]["code"] == -32700
        assert "id" not in told
