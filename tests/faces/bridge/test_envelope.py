"""The frame of calls: what is one, what the answer looks like, and what HTTP says."""

import json
from typing import Any

import pytest

from tests import cast
from tests.faces.bridge import client as clients
from tests.faces.bridge.client import Client, exchange

CALL = {"jsonrpc": "2.0", "id": 128, "method": "versions", "params": {}}


def told(body: bytes, **more: Any) -> dict[str, Any]:
    status, headers, raw = exchange(body, **more)
    assert status == 200
    assert headers["Content-Type"] == "application/json"
    answer: dict[str, Any] = json.loads(raw)
    return answer


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in CALL.items() if key != name}


@pytest.mark.parametrize("call_id", [128, 0, -1, 1.5, "", "a", "x" * 256])
def test_answers_with_the_id_of_the_call(world: cast.World, call_id: Any) -> None:
    answer = told(json.dumps({**CALL, "id": call_id}).encode())
    assert answer == {"jsonrpc": "2.0", "id": call_id, "result": ["v2.0"]}


@pytest.mark.parametrize(
    "call",
    [
        without("jsonrpc"),
        without("id"),
        without("method"),
        without("params"),
        {**CALL, "jsonrpc": "1.0"},
        {**CALL, "jsonrpc": 2.0},
        {**CALL, "id": None},
        {**CALL, "id": True},
        {**CALL, "id": []},
        {**CALL, "id": "x" * 257},
        {**CALL, "method": 7},
        [CALL],
        [],
        {},
        None,
        7,
        "text",
    ],
)
def test_what_is_no_call_is_a_parse_error_without_an_id(world: cast.World, call: Any) -> None:
    assert told(json.dumps(call).encode()) == {
        "jsonrpc": "2.0",
        "error": {"code": -32700, "message": "Parse error", "data": None},
    }


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b'{"a":NaN}', b"[" * 100_000, b'{"id":"\\ud800"}', b"A" * 2_000_000],
)
def test_what_is_no_json_is_a_parse_error_without_an_id(world: cast.World, body: bytes) -> None:
    answer = told(body)
    assert (answer["error"]["code"], "id" in answer) == (-32700, False)


@pytest.mark.parametrize("params", [{}, []])
def test_methods_without_parameters_take_an_empty_object_or_array(
    world: cast.World, params: Any
) -> None:
    assert told(json.dumps({**CALL, "params": params}).encode())["result"] == ["v2.0"]


@pytest.mark.parametrize("params", [None, 7, "x", [1], True])
def test_parameters_of_another_kind_are_told(world: cast.World, params: Any) -> None:
    answer = told(json.dumps({**CALL, "params": params}).encode())
    assert answer["error"] == {
        "code": -32602,
        "message": "Invalid params",
        "data": "Expected object",
    }
    assert answer["id"] == 128


def test_further_members_are_ignored(world: cast.World) -> None:
    assert told(json.dumps({**CALL, "other": {"a": 1}}).encode())["result"] == ["v2.0"]


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_the_content_type_is_not_looked_at(world: cast.World, kind: str) -> None:
    body = json.dumps(CALL).encode()
    assert told(body, content_type=kind)["result"] == ["v2.0"]


@pytest.mark.parametrize(
    "method",
    [
        *("", "Versions", "auth", "manager/Auth", "context/", "constructor", "__proto__"),
        *("thread/listThreads", "store/getStore", "inbox/getInbox", "stream/getStreamRoom"),
        *("kvdb/listKvdbs", "context/sendCustomNotification", "x" * 100_000),
    ],
)
def test_other_methods_are_not_found_whoever_asks(client: Client, method: str) -> None:
    for answer in (clients.call(method), client.call(method)):
        assert answer.error == {"code": -32601, "message": "Method not found", "data": None}
        assert answer.body["id"] == 128


def test_the_method_comes_before_authorization_and_that_before_parameters(
    client: Client,
) -> None:
    wrong = {"x": 1}
    assert clients.call("manager/nothing", wrong).code == -32601
    assert clients.call("manager/getApiKey", wrong).error == {
        "code": 0x612F,
        "message": "Unauthorized",
        "data": None,
    }
    assert client.call("manager/getApiKey", wrong).data == "Key 'id' is required"
    assert client.call("manager/getApiKey", {"id": "x" * 32}).code == 0x612B


def test_parameters_come_before_the_scope_word(world: cast.World) -> None:
    narrow = clients.client(world, "solution")
    assert narrow.call("manager/getApiKey", {}).code == -32602
    answer = narrow.call("manager/getApiKey", {"id": "x" * 32})
    assert answer.error == {"code": 0x612E, "message": "Insufficient scope", "data": "apiKey"}


def test_a_character_that_cannot_be_stored_is_refused(client: Client) -> None:
    assert client.call("manager/getApiKey", {"id": "a\0b"}).code == -32602
    assert client.call("manager/getApiKey", {"id": "a\\u0000b"}).code == 0x612B
