"""The frame of requests: addresses, preflights, refusals in 200, and the switch of chains."""

import json
from typing import Any

import pytest

from tests import cast
from tests.faces.passport import client as clients
from tests.faces.passport.client import Client

CALL = {"jsonrpc": "2.0", "id": 1, "method": "wallet_switchEthereumChain", "params": []}


def ask(world: cast.World | None, body: Any, path: str = "/", **headers: str) -> dict[str, Any]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    status, _, answer = clients.exchange(world, raw, named, path=path)
    assert status == 200
    told: dict[str, Any] = json.loads(answer)
    return told


@pytest.mark.parametrize("verb", ["add", "switch"])
@pytest.mark.parametrize("prefix", ["eth", "wallet"])
def test_switches_chains_by_doing_nothing(client: Client, prefix: str, verb: str) -> None:
    answer = client.call(f"{prefix}_{verb}EthereumChain", [{"chainId": "0x1"}])
    assert answer.body == {"jsonrpc": "2.0", "result": None, "id": 1}


@pytest.mark.parametrize("path", ["/", "/passport"])
def test_answers_under_a_scopes_own_address(world: cast.World, path: str) -> None:
    assert ask(world, CALL, path)["result"] is None


def test_repeats_the_id_of_the_call(world: cast.World) -> None:
    assert ask(world, CALL | {"id": "four"})["id"] == "four"
    assert ask(world, CALL | {"id": 7, "method": "eth_sign"})["id"] == 7


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", -32700),
        (b"[]", -32600),
        (b"[" + json.dumps(CALL).encode(), -32700),
        (b"\xff", -32700),
        (b'{"a":1,"a":2}', -32700),
        (b"{}", -32600),
        (json.dumps(CALL | {"jsonrpc": "1.0"}).encode(), -32600),
        (json.dumps(CALL | {"method": "eth_sign"}).encode(), -32601),
        (b" " * (1024 * 1024 + 1), -32600),
    ],
    ids=[
        "cut",
        "no call",
        "a cut batch",
        "no text",
        "twice",
        "empty",
        "old",
        "unknown method",
        "oversize",
    ],
)
def test_refuses_what_is_no_call(world: cast.World, body: bytes, code: int) -> None:
    assert ask(world, body)["error"]["code"] == code


@pytest.mark.parametrize("count", [1, 2])
def test_says_that_there_are_no_batches(world: cast.World, count: int) -> None:
    told = ask(world, json.dumps([CALL] * count).encode())
    assert (told["id"], told["error"]["code"]) == (None, -32600)
    assert told["error"]["message"].startswith("Invalid Request: there are no batches")


def test_refuses_an_unknown_scope(client: Client) -> None:
    unknown = "0190a1b2-0000-7000-8000-000000000000"
    error = client.call("wallet_switchEthereumChain", x_scope_id=unknown).error
    assert (error["code"], error["data"]) == (-32000, "scope.unknown")


def test_refuses_an_address_and_a_header_of_two_scopes(world: cast.World) -> None:
    other = cast.world()
    told = ask(world, CALL, x_scope_id=str(other.scope.id))
    assert told["error"]["data"] == "scope.ambiguous"


def test_a_text_that_cannot_be_stored_is_refused(world: cast.World) -> None:
    told = ask(world, CALL | {"params": [{"a": ["\0"]}]})
    assert told["error"]["code"] == -32602


def test_a_preflight_lists_the_headers_and_no_leave_for_cookies(world: cast.World) -> None:
    asked = {
        "origin": "https://anywhere.test",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,x-encrypted-key",
    }
    status, headers, body = clients.exchange(world, b"", asked, method="OPTIONS")
    assert (status, body) == (204, b"")
    listed = headers["Access-Control-Allow-Headers"].split(", ")
    assert {
        "content-type",
        "x-scope-id",
        "x-encrypted-key",
        "x-encrypted-user",
        "x-encrypted-session",
        "x-encrypted-key-signature",
        "x-session",
    } <= set(listed)
    assert "Access-Control-Allow-Credentials" not in headers


def test_a_page_of_another_origin_is_refused_and_reads_nothing(client: Client) -> None:
    answer = client.call("wallet_switchEthereumChain", origin="https://evil.test")
    assert answer.error["data"] == "origin.refused"
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_page_of_the_scope_reads_the_answer(client: Client, settings: Any) -> None:
    settings.BASE_URL = "https://id.example.test"
    answer = client.call("wallet_switchEthereumChain", origin="https://id.example.test")
    assert answer.result is None
    assert answer.headers["Access-Control-Allow-Origin"] == "https://id.example.test"
    assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_django_refuses_other_verbs(world: cast.World, method: str) -> None:
    from django.test import Client as Browser

    answer = Browser().generic(method, f"/s/{world.scope.slug}/passport")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST, OPTIONS"


def test_django_carries_calls_too(world: cast.World) -> None:
    from django.test import Client as Browser

    for path in ("/", "/passport"):
        answer = Browser().post(
            path,
            json.dumps(CALL),
            content_type="application/json",
            headers={"x-scope-id": str(world.scope.id)},
        )
        assert answer.json()["result"] is None


def test_people_at_the_root_are_led_to_the_pages(world: cast.World) -> None:
    from django.test import Client as Browser

    answer = Browser().get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")
