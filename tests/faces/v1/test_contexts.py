"""`/v1/solutions`, `/v1/contexts` and their members."""

import pytest

from identity.crypto import user_key
from tests import cast
from tests.faces.v1.client import Signed, problem

NEW = {"description": "", "visibility": "private", "policy": {}, "joining": "closed"}


def key(number: int) -> str:
    return user_key.parse_private(number.to_bytes(32, "big")).public.text


@pytest.fixture
def solution(alice: Signed) -> str:
    made = alice.post("/solutions", {"name": "Main"})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


@pytest.fixture
def context(alice: Signed, solution: str) -> str:
    made = alice.post("/contexts", {"solution": solution, "name": "Circle"})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def test_makes_reads_renames_and_removes_a_solution(alice: Signed) -> None:
    made = alice.post("/solutions", {"name": "", "id": "my solution"})
    assert made.status_code == 201, made.text
    assert made.headers["location"].endswith("/solutions/my%20solution")
    assert made.json()["name"] == ""
    again = alice.post("/solutions", {"name": "", "id": "my solution"})
    assert again.json() == made.json(), "a repeat makes no second one"
    problem(alice.post("/solutions", {"name": "x", "id": "my solution"}), 409, "name.taken")
    path = "/solutions/my solution"
    assert alice.get(path).json() == made.json()
    changed = alice.send("PATCH", path, {"name": "Other"}, {"If-Match": '"1"'})
    assert (changed.json()["name"], changed.json()["version"]) == ("Other", 2)
    assert [row["id"] for row in alice.get("/solutions").json()["items"]] == ["my solution"]
    assert alice.send("DELETE", path).json() == {"id": "my solution"}
    problem(alice.get(path), 404, "solution.missing")
    problem(alice.send("DELETE", path), 404, "solution.missing")


def test_a_solution_with_contexts_stays(alice: Signed, solution: str, context: str) -> None:
    problem(alice.send("DELETE", f"/solutions/{solution}"), 409, "solution.has-contexts")
    assert alice.send("DELETE", f"/contexts/{context}").json() == {"id": context}
    assert alice.send("DELETE", f"/solutions/{solution}").status_code == 200


def test_makes_reads_changes_and_stops_a_context(alice: Signed, solution: str) -> None:
    policy = {"get": "user", "thread": {"create": "all", "item": {"update": "itemOwner,manager"}}}
    given = {"solution": solution, "name": "Circle", "policy": policy, "contacts": "staff"}
    made = alice.post("/contexts", given).json()
    assert made == {**made, **NEW, **given, "shares": [], "status": "active", "member_count": 0}
    path = f"/contexts/{made['id']}"
    assert alice.get(path).json() == made
    edit = {"name": "Square", "visibility": "public", "joining": "open", "policy": {}}
    problem(alice.send("PATCH", path, edit), 428, "precondition.needed")
    changed = alice.send("PATCH", path, edit, {"If-Match": '"1"'}).json()
    assert changed == {**changed, **edit, "contacts": "staff", "version": 2}
    stopped = alice.send("POST", f"{path}/disable").json()
    assert stopped["status"] == "disabled"
    answer = alice.post(f"{path}/members", {"member": "a", "public_key": key(1)})
    problem(answer, 409, "context.disabled")
    assert alice.send("POST", f"{path}/enable").json()["status"] == "active"
    listed = alice.get(f"/contexts?solution={solution}").json()["items"]
    assert [row["id"] for row in listed] == [made["id"]]
    problem(alice.get("/contexts?solution=none"), 404, "solution.missing")


@pytest.mark.parametrize(
    "policy",
    [
        {"unknown": "all"},
        {"context": {"listUsers": "all"}},
        {"get": "everybody"},
        {"get": "user|owner"},
        {"get": 5},
        {"get": "itemOwner"},
        {"thread": "all"},
        {"thread": {"create": "user"}},
        {"thread": {"item": {"get": "nobody"}}},
        {"inbox": {"item": {"get": "all"}}},
        {"stream": {"creatorHasToBeManager": "maybe"}},
        {"kvdb": {"get": "user,user,user,user,user,user,user"}},
    ],
    ids=str,
)
def test_refuses_policies(alice: Signed, solution: str, policy: object) -> None:
    given = {"solution": solution, "name": "x", "policy": policy}
    problem(alice.post("/contexts", given), 400, "invalid")


def test_shares_a_public_context(alice: Signed, solution: str, context: str) -> None:
    other = alice.post("/solutions", {"name": "Other"}).json()["id"]
    path = f"/contexts/{context}/shares/{other}"
    problem(alice.send("PUT", path), 409, "context.private-cannot-be-shared")
    public = {"visibility": "public"}
    alice.send("PATCH", f"/contexts/{context}", public, {"If-Match": "*"})
    for _ in range(2):
        assert alice.send("PUT", path).json()["shares"] == [other]
    own = f"/contexts/{context}/shares/{solution}"
    assert alice.send("PUT", own).json()["shares"] == [other]
    problem(alice.send("DELETE", own), 409, "context.parent-cannot-be-unshared")
    problem(alice.send("DELETE", f"/solutions/{other}"), 409, "solution.has-contexts")
    private = alice.send(
        "PATCH", f"/contexts/{context}", {"visibility": "private"}, {"If-Match": "*"}
    )
    problem(private, 409, "context.shared-cannot-be-private")
    listed = alice.get(f"/contexts?solution={other}").json()["items"]
    assert [row["id"] for row in listed] == [context]
    for _ in range(2):
        assert alice.send("DELETE", path).json()["shares"] == []
    problem(alice.send("PUT", f"/contexts/none/shares/{other}"), 404, "context.missing")
    problem(alice.send("PUT", f"/contexts/{context}/shares/none"), 404, "solution.missing")


def test_adds_reads_changes_and_removes_members(alice: Signed, context: str) -> None:
    path = f"/contexts/{context}/members"
    added = alice.post(path, {"member": "bob", "public_key": key(1)})
    assert (added.status_code, added.json()) == (
        200,
        {"context": context, "member": "bob", "changed": "added"},
    )
    assert alice.post(path, {"member": "bob", "public_key": key(1)}).json()["changed"] == "nothing"
    bob = alice.get(f"{path}/bob").json()
    assert (bob["acl"], bob["is_staff"], bob["proven_at"]) == ("ALLOW ALL", False, None)
    acl = "ALLOW READ\nDENY store/ALL"
    assert alice.send("PUT", f"{path}/bob/acl", {"acl": acl}).json()["changed"] == "edited"
    assert alice.send("PUT", f"{path}/bob/staff", {"is_staff": True}).json()["changed"] == "edited"
    assert alice.get(f"{path}/bob").json() == {**bob, "acl": acl, "is_staff": True}
    answer = alice.send("PUT", f"{path}/bob/acl", {"acl": "ALLOW READ\nALLOW thread"})
    told = problem(answer, 400, "acl.invalid")
    assert "line 2" in told["detail"]
    problem(alice.post(path, {"member": "eve", "public_key": key(1)}), 409, "member.key-taken")
    replaced = alice.post(path, {"member": "bob", "public_key": key(2)}).json()
    assert replaced["changed"] == "replaced"
    odd = {"member": "two words 😀", "public_key": key(3)}
    assert alice.post(path, odd).json()["changed"] == "added"
    listed = alice.get(f"{path}?order=oldest").json()["items"]
    assert [row["member"] for row in listed] == ["bob", odd["member"]]
    found = alice.get(f"{path}?public_key={key(3)}").json()["items"]
    assert [row["member"] for row in found] == [odd["member"]]
    assert alice.send("DELETE", f"{path}/bob").json()["changed"] == "removed"
    problem(alice.get(f"{path}/bob"), 404, "member.missing")
    problem(alice.send("DELETE", f"{path}/bob"), 404, "member.missing")
    names = [event["name"] for event in alice.get("/audit?subject_kind=context").json()["items"]]
    assert names[0] == "member.removed"
    assert {"member.added", "member.replaced", "member.edited"} <= set(names)


@pytest.mark.parametrize("wrong", ["", "x", key(1)[:-1], key(1) + " ", "0" + key(1)[1:]])
def test_refuses_what_is_no_key(alice: Signed, context: str, wrong: str) -> None:
    answer = alice.post(f"/contexts/{context}/members", {"member": "b", "public_key": wrong})
    assert answer.status_code in {400, 422}, answer.text


def test_walks_through_the_members(alice: Signed, context: str) -> None:
    path = f"/contexts/{context}/members"
    for number in range(1, 8):
        alice.post(path, {"member": f"m{number}", "public_key": key(number)})
    walked: list[str] = []
    after = ""
    while True:
        part = alice.get(f"{path}?limit=3&order=oldest&after={after}").json()
        walked += [row["member"] for row in part["items"]]
        if not part["next"]:
            break
        after = part["next"]
    assert walked == [f"m{number}" for number in range(1, 8)]
    assert alice.get(f"/contexts/{context}").json()["member_count"] == 7


def test_another_scope_knows_none_of_it(alice: Signed, context: str) -> None:
    other = cast.world("other")
    charlie = Signed.of(other.member("charlie", "super-admin"), other.scope.slug)
    for path in (f"/contexts/{context}", f"/contexts/{context}/members"):
        problem(charlie.get(path), 404, "context.missing")
    answer = charlie.post(f"/contexts/{context}/members", {"member": "c", "public_key": key(1)})
    problem(answer, 404, "context.missing")


def test_refuses_who_may_not(bob: Signed, context: str) -> None:
    for path in ("/solutions", "/contexts", f"/contexts/{context}/members"):
        problem(bob.get(path), 403, "forbidden")
    answer = bob.post(f"/contexts/{context}/members", {"member": "c", "public_key": key(1)})
    problem(answer, 403, "forbidden")
