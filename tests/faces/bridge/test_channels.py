"""What only web sockets can do: a bound token, and channels that are listened on."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from identity.api.bridge import desk, sent
from identity.api.bridge.connection import CHANNELS, Connection
from identity.services import api_keys
from identity.web import scope_resolution
from tests import cast
from tests.faces.bridge import client as clients
from tests.faces.bridge.client import auth

OPENING = sent.of_socket(path="/api", address="192.0.2.7", named=scope_resolution.Named())


def say(socket: Connection, method: str, params: Any, **more: Any) -> dict[str, Any]:
    text = clients.envelope(method, params, **more).decode()
    return desk.call(text, connection=socket, sent=OPENING, now=datetime.now(UTC))


@pytest.fixture
def socket() -> Connection:
    return Connection(id="one")


def test_a_bound_token_counts_for_later_calls(world: cast.World, socket: Connection) -> None:
    client = clients.client(world)
    assert say(socket, "manager/listApiKeys", {})["error"]["code"] == 0x612F
    told = say(socket, "manager/bindAccessToken", {"accessToken": client.token})
    assert told == {"jsonrpc": "2.0", "id": 128, "result": "OK"}
    assert say(socket, "manager/listApiKeys", {})["result"]["list"]
    other = Connection(id="two")
    assert say(other, "manager/listApiKeys", {})["error"]["code"] == 0x612F
    key_id = client.program.row.id
    api_keys.disable(key_id=key_id, by=world.system, now=datetime.now(UTC))
    assert say(socket, "manager/listApiKeys", {})["error"]["code"] == 0x612F


def test_a_token_in_the_envelope_counts_before_the_bound_one(
    world: cast.World, socket: Connection
) -> None:
    wide, narrow = clients.client(world), clients.client(world, "solution")
    say(socket, "manager/bindAccessToken", {"accessToken": narrow.token})
    assert say(socket, "manager/listApiKeys", {})["error"]["data"] == "apiKey"
    assert say(socket, "manager/listApiKeys", {}, token=wide.token)["result"]


@pytest.mark.parametrize("token", ["x", "", "x" * 2049])
def test_what_is_no_token_is_not_bound(world: cast.World, socket: Connection, token: str) -> None:
    refresh = auth(clients.program(world.system, "context")).result["refreshToken"]
    for wrong in (token, refresh):
        told = say(socket, "manager/bindAccessToken", {"accessToken": wrong})
        assert told["error"]["code"] in {0x15, -32602}
    assert socket.token == ""


def test_over_http_there_is_no_connection(world: cast.World) -> None:
    client = clients.client(world, *CHANNELS)
    for method, params in (
        ("manager/bindAccessToken", {"accessToken": client.token}),
        ("manager/subscribeToChannel", {"channels": ["thread"]}),
        ("manager/unsubscribeFromChannel", {"channels": ["thread"]}),
    ):
        assert client.call(method, params).error == {
            "code": 0x6136,
            "message": "Method callable with websocket only",
            "data": None,
        }


def test_listens_on_channels_whose_word_it_has(world: cast.World, socket: Connection) -> None:
    client = clients.client(world, "thread", "store")
    say(socket, "manager/bindAccessToken", {"accessToken": client.token})
    wanted = {"channels": ["thread", "store"]}
    assert say(socket, "manager/subscribeToChannel", wanted)["result"] == "OK"
    assert socket.channels == {"thread", "store"}
    told = say(socket, "manager/subscribeToChannel", {"channels": ["thread", "kvdb"]})
    assert told["error"] == {"code": 0x612E, "message": "Insufficient scope", "data": "kvdb"}
    assert socket.channels == {"thread", "store"}
    stop = {"channels": ["thread"]}
    assert say(socket, "manager/unsubscribeFromChannel", stop)["result"] == "OK"
    assert socket.channels == {"store"}


@pytest.mark.parametrize("channels", [None, "thread", ["other"], [7], ["thread"] * 17])
def test_what_is_no_list_of_channels_is_refused(
    world: cast.World, socket: Connection, channels: Any
) -> None:
    client = clients.client(world, "thread")
    say(socket, "manager/bindAccessToken", {"accessToken": client.token})
    told = say(socket, "manager/subscribeToChannel", {"channels": channels})
    assert told["error"]["code"] == -32602


def test_a_token_of_a_connection_is_good_on_it_alone(world: cast.World, socket: Connection) -> None:
    key = clients.program(world.system, "apiKey")
    params = {
        "grantType": "api_key_credentials",
        "apiKeyId": key.row.key_id,
        "apiKeySecret": key.secret,
        "scope": ["apiKey", "connection"],
    }
    told = say(socket, "manager/auth", params)["result"]
    assert told["scope"] == ["apiKey"]
    token = told["accessToken"]
    assert say(socket, "manager/listApiKeys", {}, token=token)["result"]
    other = Connection(id="two")
    assert say(other, "manager/listApiKeys", {}, token=token)["error"]["code"] == 0x612F
    assert clients.call("manager/listApiKeys", token=token).code == 0x612F


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\ud800", "\0"])
def test_whatever_is_said_is_answered(world: cast.World, socket: Connection, text: str) -> None:
    told = desk.call(text, connection=socket, sent=OPENING, now=datetime.now(UTC))
    assert json.dumps(told)
    assert told["error"]["code"] == -32700
