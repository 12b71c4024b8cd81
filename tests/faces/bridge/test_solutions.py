"""`solution/…`: made, listed, renamed, removed; what is limited sees only its own."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from tests import cast
from tests.faces.bridge import client as clients
from tests.faces.bridge.client import Client

MISSING = {"code": 0x6130, "message": "Solution does not exist", "data": None}


def test_makes_a_solution(client: Client) -> None:
    before = int(datetime.now(UTC).timestamp() * 1000)
    made = client.solution("Main")
    assert str(uuid.UUID(made)) == made
    told = client.done("solution/getSolution", {"id": made})
    assert set(told) == {"solution"}
    assert set(told["solution"]) == {"id", "created", "name"}
    assert (told["solution"]["id"], told["solution"]["name"]) == (made, "Main")
    assert before <= told["solution"]["created"] <= before + 60_000


@pytest.mark.parametrize("name", ["", " ", "x" * 256, "a\nb", "漢字 🎉"])
def test_a_name_is_any_text_of_256_characters(client: Client, name: str) -> None:
    made = client.solution(name)
    assert client.done("solution/getSolution", {"id": made})["solution"]["name"] == name


@pytest.mark.parametrize(
    ("params", "data"),
    [
        ({}, "Key 'name' is required"),
        ({"name": None}, "name -> Expected string"),
        ({"name": "x" * 257}, "name -> Invalid length! Expected max 256, get 257"),
        ({"name": "x", "id": "y"}, "Unexpected key 'id'"),
    ],
)
def test_what_does_not_fit_is_told_by_its_name(
    client: Client, params: dict[str, Any], data: str
) -> None:
    answer = client.call("solution/createSolution", params)
    assert answer.error == {"code": -32602, "message": "Invalid params", "data": data}


def test_lists_renames_and_removes(client: Client) -> None:
    first, second = client.solution("one"), client.solution("two")
    listed = client.done("solution/listSolutions")
    assert [each["id"] for each in listed["list"]] == [first, second]
    assert client.done("solution/updateSolution", {"id": first, "name": "other"}) == "OK"
    assert client.done("solution/getSolution", {"id": first})["solution"]["name"] == "other"
    assert client.done("solution/deleteSolution", {"id": first}) == "OK"
    assert [each["id"] for each in client.done("solution/listSolutions")["list"]] == [second]


@pytest.mark.parametrize(
    ("method", "more"),
    [("getSolution", {}), ("updateSolution", {"name": "x"}), ("deleteSolution", {})],
)
def test_an_unknown_one_and_one_of_another_scope_are_told_alike(
    client: Client, method: str, more: dict[str, Any]
) -> None:
    theirs = clients.client(cast.world()).solution()
    for wrong in ("nothing", theirs, "x" * 128):
        answer = client.call(f"solution/{method}", {"id": wrong, **more})
        assert answer.error == MISSING


def test_one_with_contexts_of_its_own_or_borrowed_stays(client: Client) -> None:
    first, second = client.solution(), client.solution()
    context = client.context(first, scope="public")
    both = {"contextId": context, "solutionId": second}
    client.done("context/addSolutionToContext", both)
    for each in (first, second):
        assert client.call("solution/deleteSolution", {"id": each}).error == {
            "code": 0x6132,
            "message": "Solution has contexts",
            "data": None,
        }
    client.done("context/removeSolutionFromContext", both)
    assert client.done("solution/deleteSolution", {"id": second}) == "OK"
    client.done("context/deleteContext", {"contextId": context})
    assert client.done("solution/deleteSolution", {"id": first}) == "OK"


def test_a_limited_program_sees_its_solutions_alone(world: cast.World) -> None:
    wide = clients.client(world)
    own, other = wide.solution(), wide.solution()
    narrow = clients.client(world, "solution", "context", solutions=[own])
    assert [each["id"] for each in narrow.done("solution/listSolutions")["list"]] == [own]
    assert narrow.done("solution/getSolution", {"id": own})
    for method, params in (
        ("getSolution", {"id": other}),
        ("updateSolution", {"id": other, "name": "x"}),
        ("deleteSolution", {"id": other}),
        ("createSolution", {"name": "x"}),
    ):
        assert narrow.call(f"solution/{method}", params).code == 0x30
