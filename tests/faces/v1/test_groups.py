"""Groups over `/v1`."""

from identity import ids
from tests import cast
from tests.faces.v1.client import Signed, problem


def made(alice: Signed, name: str = "treasury") -> dict[str, object]:
    answer = alice.post("/groups", {"name": name})
    assert answer.status_code == 201, answer.text
    group: dict[str, object] = answer.json()
    return group


def test_makes_and_reads_a_group(alice: Signed) -> None:
    answer = alice.post("/groups", {"name": "treasury"})
    group = answer.json()
    assert (answer.status_code, group["name"], group["version"]) == (201, "treasury", 1)
    assert answer.headers["location"] == f"{alice.prefix}/groups/{group['id']}"
    again = alice.get(f"/groups/{group['id']}")
    assert again.json() == group
    assert again.headers["etag"] == answer.headers["etag"] == '"1"'
    assert group["created_at"].endswith("Z")


def test_takes_an_id_of_the_clients_choosing(alice: Signed) -> None:
    chosen = str(ids.new())
    answer = alice.post("/groups", {"id": chosen, "name": "treasury"})
    assert answer.json()["id"] == chosen


def test_edits_the_version_that_was_read_and_no_other(alice: Signed) -> None:
    path = f"/groups/{made(alice)['id']}"
    problem(alice.send("PATCH", path, {"name": "x"}), 428, "precondition.needed")
    answer = alice.send("PATCH", path, {"name": "x"}, {"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["name"]) == (200, "x")
    assert answer.headers["etag"] == '"2"'
    stale = alice.send("PATCH", path, {"name": "y"}, {"If-Match": '"1"'})
    problem(stale, 412, "precondition.failed")
    assert alice.get(path).json()["name"] == "x"


def test_puts_users_in_and_out(alice: Signed, world: cast.World) -> None:
    carol = world.member("carol", "member")
    path = f"/groups/{made(alice)['id']}/users"
    assert alice.post(path, {"user": carol.uid}).json()["users"] == [carol.uid]
    assert alice.send("DELETE", f"{path}/{carol.uid}").json()["users"] == []


def test_removes_a_group(alice: Signed) -> None:
    group = made(alice)
    answer = alice.send("DELETE", f"/groups/{group['id']}")
    assert (answer.status_code, answer.json()) == (200, {"id": group["id"]})
    problem(alice.get(f"/groups/{group['id']}"), 404, "missing")


def test_refuses_who_may_not(bob: Signed) -> None:
    problem(bob.post("/groups", {"name": "x"}), 403, "forbidden")
    problem(bob.get(f"/groups/{ids.new()}"), 403, "forbidden")
