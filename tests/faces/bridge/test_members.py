"""`context/…User…`: who is a member with which key, in lists of any order."""

from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import ContextMember
from accounts.services import contexts
from tests import cast
from tests.faces.bridge import client as clients
from tests.faces.bridge.client import Client

NOBODY = {"code": 0x09, "message": "User doesn't exist", "data": None}
TAKEN = {"code": 0x65, "message": "Pub key already in use", "data": None}
INVALID_PARAMS = -32602
PAGE = {"skip": 0, "limit": 100, "sortOrder": "asc"}


def shown(client: Client, context: str, user: str) -> dict[str, Any]:
    params = {"contextId": context, "userId": user}
    told: dict[str, Any] = client.done("context/getUserFromContext", params)["user"]
    return told


@pytest.fixture
def context(client: Client) -> str:
    return client.context()


def test_adds_a_member(client: Client, context: str) -> None:
    before = int(datetime.now(UTC).timestamp() * 1000)
    key = client.member(context, "alice")
    told = shown(client, context, "alice")
    assert before <= told.pop("created") <= before + 60_000
    assert told == {"userId": "alice", "pubKey": key, "contextId": context, "acl": "ALLOW ALL"}
    by_key = {"contextId": context, "pubKey": key}
    found = client.done("context/getUserFromContextByPubKey", by_key)["user"]
    assert found == shown(client, context, "alice")


@pytest.mark.parametrize("user", ["a", "x" * 128, " ", "a\nb", "🎉", "a/../b", "__proto__", "%s"])
def test_a_user_id_is_any_text(client: Client, context: str, user: str) -> None:
    client.member(context, user)
    assert shown(client, context, user)["userId"] == user


@pytest.mark.parametrize("user", [".", ".."])
def test_a_user_id_is_no_dots_alone(client: Client, context: str, user: str) -> None:
    given = {"contextId": context, "userId": user, "userPubKey": clients.new_key()}
    assert client.call("context/addUserToContext", given).code == INVALID_PARAMS


def test_the_same_pair_again_changes_nothing_but_an_acl_that_is_given(
    client: Client, context: str
) -> None:
    key = client.member(context, "alice", acl="ALLOW thread/READ")
    told = shown(client, context, "alice")
    client.member(context, "alice", key)
    assert shown(client, context, "alice") == told
    client.member(context, "alice", key, acl="DENY ALL")
    assert shown(client, context, "alice") == {**told, "acl": "DENY ALL"}


def test_another_key_takes_the_place_of_the_first(client: Client, context: str) -> None:
    first = client.member(context, "alice", acl="DENY ALL")
    second = client.member(context, "alice")
    told = shown(client, context, "alice")
    assert (told["pubKey"], told["acl"]) == (second, "ALLOW ALL")
    by_key = {"contextId": context, "pubKey": first}
    assert client.call("context/getUserFromContextByPubKey", by_key).error == NOBODY
    # The first key is free again.
    client.member(context, "bob", first)


def test_a_key_is_one_members(client: Client, context: str) -> None:
    key = client.member(context, "alice")
    params = {"contextId": context, "userId": "bob", "userPubKey": key}
    assert client.call("context/addUserToContext", params).error == TAKEN
    client.member(client.context(), "bob", key)


def test_edge_keys_of_the_vectors(client: Client, context: str, vectors: Any) -> None:
    for place, each in enumerate(vectors["edgeKeys"]):
        params = {"contextId": context, "userId": f"u{place}", "userPubKey": each["value"]}
        answer = client.call("context/addUserToContext", params)
        # The coordinate of the one on another curve fits on this one: nobody can tell.
        if each["recommended"] == "accept" or each["case"].startswith("P-256"):
            assert answer.result == "OK", each["case"]
        else:
            assert answer.code == -32602, each["case"]
            assert answer.data.startswith("userPubKey -> "), each["case"]


def test_acls_of_the_vectors(client: Client, context: str, vectors: Any) -> None:
    key = client.member(context, "alice")
    for each in vectors["acl"]["syntax"]:
        params = {"contextId": context, "userId": "alice", "acl": each["acl"]}
        answer = client.call("context/setUserAcl", params)
        again = client.call("context/addUserToContext", {**params, "userPubKey": key})
        for told in (answer, again):
            if each["valid"]:
                assert told.result == "OK", each
            else:
                assert (told.code, told.error["message"]) == (0x6131, "Invalid acl")


def test_an_acl_is_read_before_the_context_is_looked_for(client: Client) -> None:
    params = {"contextId": "nothing", "userId": "alice", "userPubKey": clients.new_key()}
    answer = client.call("context/addUserToContext", {**params, "acl": "nonsense"})
    assert answer.code == 0x6131
    assert isinstance(answer.data, str)
    assert client.call("context/addUserToContext", params).code == 0x6116


@pytest.mark.parametrize("acl", ["DENY thread/deleteThread", "", "ALLOW ALL\n"])
def test_what_is_no_acl_is_refused(client: Client, context: str, acl: str) -> None:
    client.member(context, "alice")
    params = {"contextId": context, "userId": "alice", "acl": acl}
    assert client.call("context/setUserAcl", params).code == 0x6131
    assert shown(client, context, "alice")["acl"] == "ALLOW ALL"


def test_sets_an_acl(client: Client, context: str) -> None:
    client.member(context, "alice")
    params = {"contextId": context, "userId": "alice", "acl": "ALLOW READ\nDENY store/ALL"}
    assert client.done("context/setUserAcl", params) == "OK"
    assert shown(client, context, "alice")["acl"] == params["acl"]


@pytest.mark.parametrize("by_key", [False, True])
def test_removes_a_member(client: Client, context: str, by_key: bool) -> None:
    key = client.member(context, "alice")
    name, more = "removeUserFromContext", {"userId": "alice"}
    if by_key:
        name, more = "removeUserFromContextByPubKey", {"userPubKey": key}
    params = {"contextId": context, **more}
    assert client.done(f"context/{name}", params) == "OK"
    assert client.call(f"context/{name}", params).error == NOBODY
    user = {"contextId": context, "userId": "alice"}
    assert client.call("context/getUserFromContext", user).error == NOBODY
    client.member(context, "alice", key)


def rest() -> list[tuple[str, dict[str, Any]]]:
    key = clients.new_key()
    return [
        ("addUserToContext", {"userId": "x", "userPubKey": key}),
        ("removeUserFromContext", {"userId": "x"}),
        ("removeUserFromContextByPubKey", {"userPubKey": key}),
        ("getUserFromContext", {"userId": "x"}),
        ("getUserFromContextByPubKey", {"pubKey": key}),
        ("listUsersFromContext", PAGE),
        ("setUserAcl", {"userId": "x", "acl": "ALLOW ALL"}),
    ]


def test_unknown_contexts_and_those_of_another_scope_are_told_alike(client: Client) -> None:
    """Also to programs without limits, who hear nothing of it elsewhere (specification §11.7)."""
    theirs = clients.client(cast.world()).context()
    for method, params in rest():
        for wrong in ("nothing", theirs):
            answer = client.call(f"context/{method}", {"contextId": wrong, **params})
            assert answer.code == 0x6116, method


@pytest.mark.parametrize(
    ("method", "params", "data"),
    [
        ("getUserFromContext", {"contextId": "x"}, "Key 'userId' is required"),
        ("getUserFromContext", {"contextId": 1, "userId": "x"}, "contextId -> Expected string"),
        (
            "getUserFromContext",
            {"contextId": "x", "userId": "x" * 129},
            "userId -> Invalid length! Expected max 128, get 129",
        ),
        (
            "getUserFromContext",
            {"contextId": "x", "userId": ""},
            "userId -> Invalid length! Expected min 1, get 0",
        ),
        (
            "getUserFromContextByPubKey",
            {"contextId": "x", "userPubKey": "x"},
            "Key 'pubKey' is required",
        ),
        (
            "getUserFromContextByPubKey",
            {"contextId": "x", "pubKey": "x"},
            "pubKey -> Expected Ecc public key",
        ),
        (
            "addUserToContext",
            {"contextId": "x", "userId": "x", "userPubKey": "nonsense"},
            "userPubKey -> Expected Ecc public key",
        ),
        ("setUserAcl", {"contextId": "x", "userId": "x"}, "Key 'acl' is required"),
        (
            "setUserAcl",
            {"contextId": "x", "userId": "x", "acl": "x" * 4097},
            "acl -> Invalid length! Expected max 4096, get 4097",
        ),
        ("listUsersFromContext", PAGE, "Key 'contextId' is required"),
    ],
)
def test_what_does_not_fit_is_told_by_its_name(
    client: Client, method: str, params: dict[str, Any], data: str
) -> None:
    answer = client.call(f"context/{method}", params)
    assert answer.error == {"code": -32602, "message": "Invalid params", "data": data}


def listed(client: Client, context: str, **more: Any) -> tuple[list[str], int]:
    told = client.done("context/listUsersFromContext", {**PAGE, "contextId": context, **more})
    assert set(told) == {"users", "count"}
    return [each["userId"] for each in told["users"]], told["count"]


def test_lists_parts_in_both_directions(client: Client, context: str) -> None:
    names = [f"user {number}" for number in range(6)]
    for name in names:
        client.member(context, name)
    assert listed(client, context) == (names, 6)
    assert listed(client, context, sortOrder="desc") == (names[::-1], 6)
    assert listed(client, context, skip=2, limit=3) == (names[2:5], 6)
    assert listed(client, context, lastId=f"{context}-{names[2]}", skip=5) == (names[3:], 3)
    assert listed(client, context, lastId=names[2], sortOrder="desc") == (names[1::-1], 2)
    for wrong in ("nobody", f"{context}-nobody"):
        params = {**PAGE, "contextId": context, "lastId": wrong}
        assert client.call("context/listUsersFromContext", params).code == 0x6123


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_of_equal_times_repeat_nobody_and_miss_nobody(
    world: cast.World, client: Client, context: str, order: str
) -> None:
    now = datetime.now(UTC)
    names = [f"u{number}" for number in range(11)]
    for name in names:
        params = {"contextId": context, "userId": name, "userPubKey": clients.new_key()}
        assert client.call("context/addUserToContext", params, now=now).result == "OK"
    with cast.in_scope(world):
        assert ContextMember.objects.values("created_at").distinct().count() == 1
    seen: list[str] = []
    last: dict[str, Any] = {}
    while True:
        found, count = listed(client, context, sortOrder=order, limit=3, **last)
        assert count == len(names) - len(seen)
        if not found:
            break
        seen += found
        last = {"lastId": f"{context}-{found[-1]}"}
    assert seen == (names if order == "asc" else names[::-1])


def test_lists_whom_a_query_asks_for(client: Client, context: str) -> None:
    keys = {name: client.member(context, name) for name in ("alice", "alfred", "bob")}
    assert listed(client, context, query={"#userId": {"$startsWith": "al"}}) == (
        ["alice", "alfred"],
        2,
    )
    assert listed(client, context, query={"#userPubKey": keys["bob"]}) == (["bob"], 1)
    assert listed(client, context, query={"$nor": [{"#userId": "bob"}]}, limit=1) == (["alice"], 2)
    params = {**PAGE, "contextId": context, "query": {"#other": "x"}}
    assert client.call("context/listUsersFromContext", params).code == -32602


def test_nobody_is_added_to_a_context_that_is_switched_off(
    world: cast.World, client: Client, context: str
) -> None:
    client.member(context, "alice")
    contexts.disable(context_id=context, by=world.system, now=datetime.now(UTC))
    params = {"contextId": context, "userId": "bob", "userPubKey": clients.new_key()}
    answer = client.call("context/addUserToContext", params)
    assert (answer.code, isinstance(answer.data, str)) == (0x30, True)
    assert shown(client, context, "alice")["userId"] == "alice"
