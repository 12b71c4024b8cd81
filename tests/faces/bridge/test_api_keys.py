"""`manager/…ApiKey`: made, shown once, listed, changed, ended; never wider than their maker."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from identity.services import api_key_errors, api_keys
from tests import cast, programs
from tests.faces.bridge import client as clients
from tests.faces.bridge.client import Client, basic, bearer, public_pem

NO_KEY = {"code": 0x612B, "message": "Api key does not exist", "data": None}
HEX = re.compile(r"[0-9a-f]{32}")


def made(client: Client, *scope: str, name: str = "mine", **more: Any) -> dict[str, Any]:
    params = {"name": name, "scope": list(scope), **more}
    told: dict[str, Any] = client.done("manager/createApiKey", params)
    return told


def shown(client: Client, key_id: str) -> dict[str, Any]:
    told: dict[str, Any] = client.done("manager/getApiKey", {"id": key_id})["apiKey"]
    return told


def works(told: dict[str, Any], method: str = "solution/listSolutions") -> bool:
    answer = clients.call(method, authorization=basic(told["id"], told["secret"]))
    return "result" in answer.body


def test_makes_a_key_that_works_at_once(client: Client) -> None:
    told = made(client, "solution", "solution:*")
    assert set(told) == {"id", "secret"}
    assert HEX.fullmatch(told["id"])
    assert HEX.fullmatch(told["secret"])
    assert works(told)
    assert not works(told, "manager/listApiKeys")


def test_shows_everything_but_the_secret(client: Client) -> None:
    before = int(datetime.now(UTC).timestamp() * 1000)
    told = made(client, "context", "solution:a", "solution:b", "ipAddr:192.0.2.7")
    key = shown(client, told["id"])
    assert set(key) == {"id", "created", "enabled", "name", "scope"}
    assert (key["id"], key["name"], key["enabled"]) == (told["id"], "mine", True)
    assert before <= key["created"] <= before + 60_000
    assert set(key["scope"]) == {"context", "solution:a", "solution:b", "ipAddr:192.0.2.7"}
    assert told["secret"] not in str(client.done("manager/listApiKeys"))


@pytest.mark.parametrize("name", ["", "x" * 128, "ąę 漢字"])
def test_a_name_may_be_empty_and_of_128_characters(client: Client, name: str) -> None:
    told = made(client, "context", name=name)
    assert shown(client, told["id"])["name"] == name
    client.done("manager/updateApiKey", {"id": told["id"], "name": "other"})
    assert shown(client, told["id"])["name"] == "other"
    client.done("manager/updateApiKey", {"id": told["id"], "name": name})
    assert shown(client, told["id"])["name"] == name


def test_a_program_may_bring_a_key_of_its_own(client: Client) -> None:
    private = Ed25519PrivateKey.generate()
    told = made(client, "solution", publicKey=public_pem(private))
    assert told["secret"] == ""
    assert shown(client, told["id"])["publicKey"] == public_pem(private)
    body, stamp = clients.envelope("solution/listSolutions", {}), clients.Stamped()
    header = stamp.header(told["id"], private.sign(stamp.data(body)))
    assert clients.call("solution/listSolutions", authorization=header).result == {"list": []}


@pytest.mark.parametrize(
    ("params", "data"),
    [
        ({}, "Key 'name' is required"),
        ({"name": "x"}, "Key 'scope' is required"),
        ({"name": "x" * 129, "scope": []}, "name -> Invalid length! Expected max 128, get 129"),
        ({"name": 7, "scope": []}, "name -> Expected string"),
        ({"name": "x", "scope": "context"}, "scope -> Expected array"),
        ({"name": "x", "scope": [], "x": 1}, "Unexpected key 'x'"),
        ({"name": "x", "scope": ["expiresIn:1"]}, "scope -> Unknown word 'expiresIn:1'"),
        ({"name": "x", "scope": ["session:a"]}, "scope -> Unknown word 'session:a'"),
        ({"name": "x", "scope": ["connection"]}, "scope -> Unknown word 'connection'"),
        ({"name": "x", "scope": ["apikey"]}, "scope -> Unknown word 'apikey'"),
        ({"name": "x", "scope": ["solution:"]}, "scope -> Unknown word 'solution:'"),
        ({"name": "x", "scope": ["ipAddr:x"]}, "scope -> Unknown word 'ipAddr:x'"),
        (
            {"name": "x", "scope": ["a"] * 129},
            "scope -> Invalid length! Expected max 128, get 129",
        ),
        (
            {"name": "x", "scope": [""]},
            "scope -> [0] -> Invalid length! Expected min 1, get 0",
        ),
        (
            {"name": "x", "scope": [], "publicKey": "x"},
            "publicKey -> Expected ED25519 public key in PEM format",
        ),
    ],
)
def test_what_does_not_fit_is_told_by_its_name(
    client: Client, params: dict[str, Any], data: str
) -> None:
    answer = client.call("manager/createApiKey", params)
    assert answer.error == {"code": -32602, "message": "Invalid params", "data": data}


def test_only_ed25519_keys_are_taken(client: Client) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    params = {"name": "x", "scope": [], "publicKey": public_pem(private)}
    assert client.call("manager/createApiKey", params).code == -32602


@pytest.mark.parametrize("word", ["thread", "store", "inbox", "stream", "kvdb"])
def test_a_key_gives_no_word_that_its_maker_has_not(client: Client, word: str) -> None:
    for method, params in (
        ("manager/createApiKey", {"name": "x", "scope": ["context", word]}),
        ("manager/updateApiKey", {"id": made(client, "context")["id"], "scope": [word]}),
    ):
        assert client.call(method, params).error == {
            "code": 0x612E,
            "message": "Insufficient scope",
            "data": f"Cannot use {word}",
        }


def test_a_limited_key_makes_only_keys_that_are_no_wider(world: cast.World) -> None:
    narrow = clients.client(world, "apiKey", "context", solutions=["a", "b"])
    for scope in (["context", "solution:*"], ["context", "solution:c"]):
        answer = narrow.call("manager/createApiKey", {"name": "x", "scope": scope})
        assert answer.data == f"Cannot use {scope[1]}"
    # Nothing said would mean no limit at all.
    answer = narrow.call("manager/createApiKey", {"name": "x", "scope": ["context"]})
    assert answer.code == 0x612E
    told = made(narrow, "context", "solution:a")
    for scope in (["context"], ["context", "solution:*"], ["context", "solution:c"]):
        change = {"id": told["id"], "scope": scope}
        assert narrow.call("manager/updateApiKey", change).code == 0x612E
    assert set(shown(narrow, told["id"])["scope"]) == {"context", "solution:a"}


def test_a_token_narrower_than_its_key_makes_no_wider_key(world: cast.World) -> None:
    key = clients.program(world.system, "apiKey", "context", "solution")
    token = clients.auth(key, "apiKey", "context", "solution:a").result["accessToken"]
    for scope in (["solution"], ["context"], ["context", "solution:b"], ["context", "solution:*"]):
        params = {"name": "x", "scope": scope}
        answer = clients.call("manager/createApiKey", params, authorization=bearer(token))
        assert answer.code == 0x612E, scope
    params = {"name": "x", "scope": ["context", "solution:a"]}
    assert clients.call("manager/createApiKey", params, authorization=bearer(token)).result


def test_lists_the_keys_of_programs_that_are_not_revoked(world: cast.World) -> None:
    client = clients.client(world)
    first, second = made(client, "context"), made(client, "solution")
    other = programs.make(world.system, "users:list")
    client.done("manager/deleteApiKey", {"id": first["id"]})
    listed = client.done("manager/listApiKeys")["list"]
    ids = [each["id"] for each in listed]
    assert ids == [client.program.row.key_id, second["id"], other.row.key_id]
    assert listed[2]["scope"] == []


def test_changes_what_is_given(client: Client) -> None:
    told = made(client, "solution")
    change = {"id": told["id"], "scope": ["context", "solution:a"]}
    assert client.done("manager/updateApiKey", change) == "OK"
    assert shown(client, told["id"])["scope"] == ["context", "solution:a"]
    assert shown(client, told["id"])["name"] == "mine"
    assert not works(told)
    assert client.done("manager/updateApiKey", {"id": told["id"]}) == "OK"


def test_switches_a_key_off_and_on(client: Client) -> None:
    told = made(client, "solution")
    for enabled in (False, False, True, True):
        change = {"id": told["id"], "enabled": enabled}
        assert client.done("manager/updateApiKey", change) == "OK"
        assert shown(client, told["id"])["enabled"] is enabled
        assert works(told) is enabled


def test_ends_a_key_for_ever(client: Client) -> None:
    told = made(client, "solution")
    assert client.done("manager/deleteApiKey", {"id": told["id"]}) == "OK"
    assert not works(told)
    for method in ("getApiKey", "deleteApiKey", "updateApiKey"):
        assert client.call(f"manager/{method}", {"id": told["id"]}).error == NO_KEY


def test_a_key_does_not_end_itself(client: Client) -> None:
    answer = client.call("manager/deleteApiKey", {"id": client.program.row.key_id})
    assert (answer.code, answer.error["message"]) == (0x30, "Access denied")
    assert client.done("manager/listApiKeys")


@pytest.mark.parametrize("method", ["getApiKey", "deleteApiKey", "updateApiKey"])
def test_keys_of_others_do_not_exist(client: Client, method: str) -> None:
    theirs = clients.client(cast.world()).program.row.key_id
    for key_id in (theirs, "0" * 32, "x", str(client.program.row.id)):
        assert client.call(f"manager/{method}", {"id": key_id}).error == NO_KEY


def test_a_key_changes_none_that_is_wider_than_itself(world: cast.World) -> None:
    narrow = clients.client(world, "apiKey", "solution")
    wide = programs.make(world.system, "users:list", "solutions:list")
    for method, more in (
        ("updateApiKey", {"name": "x"}),
        ("updateApiKey", {"enabled": False}),
        ("updateApiKey", {"scope": ["solution"]}),
        ("deleteApiKey", {}),
    ):
        answer = narrow.call(f"manager/{method}", {"id": wide.row.key_id, **more})
        assert answer.code == 0x612E, method
    assert narrow.done("manager/getApiKey", {"id": wide.row.key_id})


def test_there_are_only_so_many_keys(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_keys, "MOST", 2)
    made(client, "context")
    answer = client.call("manager/createApiKey", {"name": "x", "scope": ["context"]})
    assert answer.error == {
        "code": 0x612D,
        "message": "Api keys limit exceeded",
        "data": None,
    }
    assert api_key_errors.TooManyApiKeys.code == "api-key.too-many"


def test_a_key_made_by_one_with_an_end_ends_with_it(world: cast.World) -> None:
    end = datetime.now(UTC) + timedelta(days=1)
    key = clients.program(world.system, "apiKey", "context", expires_at=end)
    client = Client(world, key, clients.auth(key).result["accessToken"])
    answer = client.call("manager/createApiKey", {"name": "x", "scope": ["context"]})
    if "result" in answer.body:
        later = end + timedelta(seconds=1)
        told = answer.result
        late = clients.call(
            "manager/getApiKey", {}, authorization=basic(told["id"], told["secret"]), now=later
        )
        assert late.code == 0x612F
    else:
        assert answer.code == 0x612E
