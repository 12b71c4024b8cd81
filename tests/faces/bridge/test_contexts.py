"""`context/…Context`: made, changed, shared, listed, removed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from invitations.models import Policy, Proposal
from tests import cast
from tests.faces.bridge import client as clients
from tests.faces.bridge.client import Client

MISSING = {"code": 0x6116, "message": "Context does not exist", "data": None}
PAGE = {"skip": 0, "limit": 100, "sortOrder": "asc"}


def shown(client: Client, context: str) -> dict[str, Any]:
    told: dict[str, Any] = client.done("context/getContext", {"contextId": context})["context"]
    return told


def test_makes_a_context(client: Client) -> None:
    solution = client.solution()
    made = client.context(solution, name="Circle", description="of friends", scope="public")
    told = shown(client, made)
    created = told.pop("created")
    assert told.pop("modified") == created
    assert told == {
        "id": made,
        "solution": solution,
        "shares": [],
        "name": "Circle",
        "description": "of friends",
        "scope": "public",
        "policy": {},
    }


def test_changes_what_is_given_and_notes_when(client: Client) -> None:
    made = client.context()
    before = shown(client, made)
    change: dict[str, Any] = {"contextId": made, "name": "Other"}
    later = datetime.now(UTC) + timedelta(minutes=1)
    assert client.call("context/updateContext", change, now=later).result == "OK"
    after = shown(client, made)
    assert after["modified"] > before["modified"]
    assert {**after, "modified": 0, "name": ""} == {**before, "modified": 0, "name": ""}
    change |= {"description": "d", "scope": "public", "policy": {"get": "all"}}
    assert client.done("context/updateContext", change) == "OK"
    told = shown(client, made)
    assert (told["name"], told["description"], told["scope"]) == ("Other", "d", "public")
    assert told["policy"] == {"get": "all"}


@pytest.mark.parametrize(
    ("change", "data"),
    [
        ({"solution": 7}, "solution -> Expected string"),
        ({"scope": "open"}, "scope -> Expected value to be one of enums"),
        ({"scope": 7}, "scope -> Expected value to be one of enums"),
        ({"name": "x" * 129}, "name -> Invalid length! Expected max 128, get 129"),
        ({"description": None}, "description -> Expected string"),
        ({"x": 1}, "Unexpected key 'x'"),
        ({"contacts": "staff"}, "Unexpected key 'contacts'"),
        ({"policy": []}, "policy -> Expected object"),
    ],
)
def test_what_does_not_fit_is_told_by_its_name(
    client: Client, change: dict[str, Any], data: str
) -> None:
    params = {"solution": "x", "name": "", "description": "", "scope": "private", **change}
    answer = client.call("context/createContext", params)
    assert answer.error == {"code": -32602, "message": "Invalid params", "data": data}


POLICIES = [
    {"get": "all", "listMy": "default", "listAll": "none", "create": "all"},
    {"update": "user,manager&owner", "delete": "owner"},
    {"thread": {"get": "user", "item": {"delete": "itemOwner,manager"}}},
    {"store": {"updatePolicy": "owner", "creatorHasToBeManager": "yes"}},
    {"kvdb": {"canOverwriteContextPolicy": "no", "item": {}}, "inbox": {}, "stream": {}},
]
WRONG_POLICIES = [
    {"context": {"listUsers": "all"}},
    {"sendCustomNotification": "all"},
    {"get": "everybody"},
    {"get": 7},
    {"get": "all,user"},
    {"get": "itemOwner"},
    {"get": "user," * 8},
    {"thread": "all"},
    {"thread": {"listAll": "user"}},
    {"inbox": {"item": {"get": "all"}}},
    {"stream": {"item": {}}},
    {"thread": {"creatorHasToBeManager": "all"}},
    {"thread": {"item": {"updatePolicy": "all"}}},
]


@pytest.mark.parametrize("policy", POLICIES)
def test_keeps_a_policy(client: Client, policy: dict[str, Any]) -> None:
    made = client.context(policy=policy)
    assert shown(client, made)["policy"] == policy


@pytest.mark.parametrize("policy", WRONG_POLICIES)
def test_refuses_what_is_no_policy(client: Client, policy: dict[str, Any]) -> None:
    params = {"contextId": client.context(), "policy": policy}
    answer = client.call("context/updateContext", params)
    assert answer.code == -32602
    assert answer.data.startswith("policy -> ")


@pytest.mark.parametrize(
    ("method", "more"),
    [
        ("getContext", {}),
        ("updateContext", {"name": "x"}),
        ("deleteContext", {}),
        ("addSolutionToContext", {"solutionId": "{solution}"}),
        ("removeSolutionFromContext", {"solutionId": "{solution}"}),
    ],
)
def test_an_unknown_one_and_one_of_another_scope_are_told_alike(
    client: Client, method: str, more: dict[str, Any]
) -> None:
    own = client.solution()
    theirs = clients.client(cast.world()).context()
    filled = {name: text.format(solution=own) for name, text in more.items()}
    for wrong in ("nothing", theirs):
        answer = client.call(f"context/{method}", {"contextId": wrong, **filled})
        assert answer.error == MISSING


def test_a_context_needs_a_solution_that_there_is(client: Client) -> None:
    theirs = clients.client(cast.world()).solution()
    for wrong in ("nothing", theirs):
        params = {"solution": wrong, "name": "", "description": "", "scope": "private"}
        assert client.call("context/createContext", params).code == 0x6130
        share = {"contextId": client.context(scope="public"), "solutionId": wrong}
        for method in ("addSolutionToContext", "removeSolutionFromContext"):
            assert client.call(f"context/{method}", share).code == 0x6130
        listing = {**PAGE, "solutionId": wrong}
        assert client.call("context/listContextsOfSolution", listing).code == 0x6130


def test_shares_a_public_context_and_takes_it_back(client: Client) -> None:
    own, other = client.solution(), client.solution()
    context = client.context(own, scope="public")
    both = {"contextId": context, "solutionId": other}
    for _ in range(2):
        assert client.done("context/addSolutionToContext", both) == "OK"
        assert shown(client, context)["shares"] == [other]
    to_parent = {"contextId": context, "solutionId": own}
    assert client.done("context/addSolutionToContext", to_parent) == "OK"
    assert shown(client, context)["shares"] == [other]
    assert client.call("context/removeSolutionFromContext", to_parent).error == {
        "code": 0x6134,
        "message": "Cannot unassign context from its parent",
        "data": None,
    }
    private = {"contextId": context, "scope": "private"}
    assert client.call("context/updateContext", private).error == {
        "code": 0x6135,
        "message": "Cannot switch connected context to private",
        "data": None,
    }
    for _ in range(2):
        assert client.done("context/removeSolutionFromContext", both) == "OK"
    assert client.done("context/updateContext", private) == "OK"
    assert client.call("context/addSolutionToContext", both).error == {
        "code": 0x6133,
        "message": "Cannot assign private context",
        "data": None,
    }


def listed(client: Client, method: str = "listContexts", **more: Any) -> tuple[list[str], int]:
    told = client.done(f"context/{method}", {**PAGE, **more})
    assert set(told) == {"list", "count"}
    return [each["id"] for each in told["list"]], told["count"]


def test_lists_parts_in_both_directions(client: Client) -> None:
    solution = client.solution()
    made = [client.context(solution) for _ in range(5)]
    assert listed(client) == (made, 5)
    assert listed(client, sortOrder="desc") == (made[::-1], 5)
    assert listed(client, skip=1, limit=2) == (made[1:3], 5)
    assert listed(client, skip=9) == ([], 5)
    assert listed(client, lastId=made[1], skip=3) == (made[2:], 3)
    assert listed(client, lastId=made[1], sortOrder="desc") == ([made[0]], 1)
    assert client.call("context/listContexts", {**PAGE, "lastId": "nothing"}).error == {
        "code": 0x6123,
        "message": "Object with lastId does not exist",
        "data": None,
    }


def test_lists_contexts_of_a_solution_with_those_it_borrows(client: Client) -> None:
    own, other = client.solution(), client.solution()
    first, second = client.context(own), client.context(other, scope="public")
    client.context(other)
    client.done("context/addSolutionToContext", {"contextId": second, "solutionId": own})
    assert listed(client, "listContextsOfSolution", solutionId=own) == ([first, second], 2)


def test_lists_what_a_query_asks_for(client: Client) -> None:
    solution = client.solution()
    one = client.context(solution, name="one")
    two = client.context(solution, name="two", scope="public")
    assert listed(client, query={"#name": "one"}) == ([one], 1)
    assert listed(client, query={"#scope": {"$ne": "private"}}) == ([two], 1)
    either = {"$or": [{"#id": one}, {"#name": {"$startsWith": "tw"}}]}
    assert listed(client, query=either, limit=1) == ([one], 2)
    wrong = client.call("context/listContexts", {**PAGE, "query": {"#other": 1}})
    assert (wrong.code, wrong.data.split(" -> ")[0]) == (-32602, "query")


@pytest.mark.parametrize(
    ("change", "data"),
    [
        ({"limit": 0}, "limit -> Invalid range! Expected min 1, get 0"),
        ({"limit": 101}, "limit -> Invalid range! Expected max 100, get 101"),
        ({"skip": -1}, "skip -> Invalid range! Expected min 0, get -1"),
        ({"skip": "1"}, "skip -> Expected number"),
        ({"sortOrder": "up"}, "sortOrder -> Expected value to be one of enums"),
        ({"from": None}, "Unexpected key 'from'"),
        ({"lastId": ""}, "lastId -> Invalid length! Expected min 1, get 0"),
    ],
)
def test_what_is_no_part_of_a_list_is_told(
    client: Client, change: dict[str, Any], data: str
) -> None:
    answer = client.call("context/listContexts", {**PAGE, **change})
    assert answer.error == {"code": -32602, "message": "Invalid params", "data": data}


@pytest.mark.parametrize("name", ["skip", "limit", "sortOrder"])
def test_every_part_of_the_list_model_is_required(client: Client, name: str) -> None:
    params = {key: value for key, value in PAGE.items() if key != name}
    assert client.call("context/listContexts", params).data == f"Key '{name}' is required"


def test_removes_a_context_with_its_members(client: Client) -> None:
    context = client.context()
    client.member(context, "alice")
    assert client.done("context/deleteContext", {"contextId": context}) == "OK"
    assert client.call("context/getContext", {"contextId": context}).error == MISSING
    user = {"contextId": context, "userId": "alice"}
    assert client.call("context/getUserFromContext", user).error == MISSING


def test_a_limited_program_sees_contexts_of_its_solutions_alone(world: cast.World) -> None:
    wide = clients.client(world)
    own, other = wide.solution(), wide.solution()
    mine, theirs = wide.context(own), wide.context(other, scope="public")
    narrow = clients.client(world, "context", solutions=[own])
    assert listed(narrow) == ([mine], 1)
    for method, more in (
        ("getContext", {}),
        ("updateContext", {"name": "x"}),
        ("deleteContext", {}),
        ("addSolutionToContext", {"solutionId": own}),
        ("getUserFromContext", {"userId": "x"}),
        ("listUsersFromContext", PAGE),
        ("addUserToContext", {"userId": "x", "userPubKey": clients.new_key()}),
        ("removeUserFromContext", {"userId": "x"}),
        ("setUserAcl", {"userId": "x", "acl": "ALLOW ALL"}),
    ):
        answer = narrow.call(f"context/{method}", {"contextId": theirs, **more})
        assert answer.code == 0x30, method
        unknown = narrow.call(f"context/{method}", {"contextId": "nothing", **more})
        assert unknown.code == 0x6116, method
    share = {"contextId": theirs, "solutionId": own}
    wide.done("context/addSolutionToContext", share)
    assert listed(narrow) == ([mine, theirs], 2)
    assert narrow.done("context/getContext", {"contextId": theirs})


def test_a_change_that_needs_approval_is_refused_and_not_begun(
    world: cast.World, client: Client
) -> None:
    with cast.in_scope(world):
        Policy.objects.create(
            scope_id=world.scope.id,
            name="reviewed",
            resource="/solutions",
            action="add",
            priority=100,
            decision_on_true=Policy.Decision.REVIEW,
            review_expression='{"all":[],"deny":1,"min":1}',
            created_at=datetime.now(UTC),
            updated_at=datetime.now(UTC),
        )
    answer = client.call("solution/createSolution", {"name": "x"})
    assert (answer.code, answer.data.startswith("This needs approval")) == (0x30, True)
    assert client.done("solution/listSolutions") == {"list": []}
    with cast.in_scope(world):
        assert not Proposal.objects.exists()
