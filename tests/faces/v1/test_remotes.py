"""Remotes over `/v1`."""

from typing import Any

import pytest

from identity.scoping import current
from tests import cast, remotes
from tests.faces.v1.client import Signed, problem
from tests.remote_stand_in import KEY_ID, SECRET, SOLUTION, StandIn
from tests.remotes import House


@pytest.fixture
def house(world: cast.World) -> House:
    return House.of(world.scope.id)


def linked(alice: Signed, url: str, **more: str) -> dict[str, Any]:
    given = {
        "name": "elsewhere",
        "url": url,
        "api_key_id": KEY_ID,
        "api_key_secret": SECRET,
        "solution_there": SOLUTION,
        **more,
    }
    answer = alice.post("/remotes", given)
    assert answer.status_code == 201, answer.text
    assert SECRET not in answer.text
    remote: dict[str, Any] = answer.json()
    return remote


def test_links_reads_edits_and_unlinks_a_remote(alice: Signed) -> None:
    url = "https://bridge.example.org/api"
    remote = linked(alice, url)
    path = f"/remotes/{remote['id']}"
    assert (remote["url"], remote["status"], remote["contexts"]) == (url, "active", 0)
    assert alice.get(path).json() == remote
    assert alice.get("/remotes").json() == {"items": [remote], "next": None}
    problem(alice.send("PATCH", path, {"name": "x"}), 428, "precondition.needed")
    edited = alice.send("PATCH", path, {"name": "x"}, {"If-Match": '"1"'}).json()
    assert (edited["name"], edited["version"]) == ("x", 2)
    assert alice.post(f"{path}/pause").json()["reason"] == "by-hand"
    assert alice.post(f"{path}/resume").json()["status"] == "active"
    assert alice.send("DELETE", path).json() == {"id": remote["id"]}
    problem(alice.get(path), 404, "missing")


def test_a_secret_is_never_sent_to_another_host(alice: Signed) -> None:
    path = f"/remotes/{linked(alice, 'https://bridge.example.org/api')['id']}"
    elsewhere = {"url": "https://mallory.example.org/api"}
    told = problem(alice.send("PATCH", path, elsewhere, {"If-Match": '"1"'}), 400, "invalid")
    assert "secret" in told["detail"]
    given = {**elsewhere, "api_key_secret": "another"}
    assert alice.send("PATCH", path, given, {"If-Match": '"1"'}).status_code == 200
    same = {"url": "https://mallory.example.org/s/other/api"}
    assert alice.send("PATCH", path, same, {"If-Match": '"2"'}).status_code == 200


def test_tells_what_is_wrong(alice: Signed) -> None:
    good = {
        "name": "elsewhere",
        "url": "https://bridge.example.org/api",
        "api_key_id": KEY_ID,
        "api_key_secret": SECRET,
        "solution_there": SOLUTION,
    }
    for url in ("https://10.0.0.1/", "https://a:b@bridge.example.org/", "nonsense"):
        problem(alice.post("/remotes", {**good, "url": url}), 400, "address.refused")
    for field, value in (
        ("name", ""),
        ("name", "x" * 101),
        ("api_key_id", "a;b"),
        ("api_key_id", "a b"),
        ("api_key_secret", ""),
        ("api_key_secret", "två"),
        ("solution_there", " "),
    ):
        problem(alice.post("/remotes", {**good, field: value}), 400, "invalid")
    linked(alice, good["url"])
    problem(alice.post("/remotes", good), 409, "conflict")
    for number in range(9):
        linked(alice, good["url"], name=str(number))
    problem(alice.post("/remotes", {**good, "name": "one more"}), 409, "remote.too-many")


def test_carries_a_context_and_tells_what_differs(alice: Signed, house: House) -> None:
    house.add("alice")
    house.add("bob")
    with StandIn() as there:
        there.circle()
        path = f"/remotes/{linked(alice, there.url)['id']}"
        given = {"context": "here", "context_there": "there"}
        answer = alice.post(f"{path}/contexts", given)
        assert answer.status_code == 201, answer.text
        carried = answer.json()
        assert (carried["members"], carried["drift"]) == (2, None)
        problem(alice.post(f"{path}/contexts", given), 409, "conflict")
        problem(alice.post(f"{path}/contexts", {"context": "nowhere"}), 404, "context.missing")
        remotes.settle()
        assert there.members() == house.here()
        del there.circle().members["bob"]
        one = f"{path}/contexts/{carried['id']}"
        assert alice.post(f"{one}/check").status_code == 200
        remotes.settle()
        drift = alice.get(one).json()["drift"]
        assert (drift["here"], drift["there"], drift["missing"]) == (2, 1, 1)
        assert [each["member"] for each in drift["differences"]] == ["bob"]
        assert alice.post(f"{one}/resync", {}).status_code == 200
        remotes.settle()
        assert there.members() == house.here()
        listed = alice.get(f"{path}/changes?member=bob").json()["items"]
        assert {change["state"] for change in listed} == {"done"}
        assert alice.get(f"{path}/contexts").json()["items"][0]["id"] == carried["id"]
        gone = alice.send("DELETE", "/contexts/here", None, {"If-Match": "*"})
        assert gone.status_code == 409, gone.text
        assert alice.send("DELETE", one).json() == {"id": carried["id"]}
        problem(alice.get(one), 404, "missing")


def test_tries_again_what_was_given_up(alice: Signed, house: House) -> None:
    with StandIn() as there:
        key = remotes.key()
        there.put("stranger", key)
        path = f"/remotes/{linked(alice, there.url)['id']}"
        alice.post(f"{path}/contexts", {"context": "here", "context_there": "there"})
        house.add("alice", key)
        remotes.settle()
        (stuck,) = alice.get(f"{path}/changes?state=failed").json()["items"]
        assert "stranger" in stuck["last_error"]
        assert alice.get(path).json()["given_up"] == 1
        problem(alice.post(f"{path}/retry", {"change": house_id()}), 404, "missing")
        del there.circle().members["stranger"]
        assert alice.post(f"{path}/retry", {"change": stuck["id"]}).json() == {"retried": 1}
        remotes.settle()
        assert there.members() == house.here()
        assert alice.post(f"{path}/retry", {}).json() == {"retried": 0}


def house_id() -> str:
    return "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3"


def test_a_paused_remote_is_not_compared(alice: Signed, house: House) -> None:
    path = f"/remotes/{linked(alice, 'https://bridge.example.org/api')['id']}"
    answer = alice.post(f"{path}/contexts", {"context": "here", "context_there": "there"})
    alice.post(f"{path}/pause")
    one = f"{path}/contexts/{answer.json()['id']}"
    problem(alice.post(f"{one}/check"), 409, "remote.paused")
    problem(alice.post(f"{one}/resync", {}), 409, "remote.paused")


def test_another_scope_has_none_of_it(alice: Signed, house: House) -> None:
    path = f"/remotes/{linked(alice, 'https://bridge.example.org/api')['id']}"
    answer = alice.post(f"{path}/contexts", {"context": "here", "context_there": "there"})
    other = cast.world(governance=False)
    charlie = Signed.of(other.member("charlie", "super-admin"), other.scope.slug)
    assert charlie.get("/remotes").json()["items"] == []
    for where in ("", "/contexts", "/changes", f"/contexts/{answer.json()['id']}"):
        problem(charlie.get(f"{path}{where}"), 404, "missing")
    problem(charlie.post(f"{path}/pause"), 404, "missing")
    with current.in_scope(other.scope.id):
        problem(charlie.send("DELETE", path), 404, "missing")
