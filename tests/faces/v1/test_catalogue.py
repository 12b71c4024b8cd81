"""Roles, rules, policies, server keys and scopes over `/v1`."""

from typing import Any

import pytest

from identity import ids
from tests import cast
from tests.faces.v1.client import Signed, problem

RULE = {"name": "read", "resource": "/users", "action": "list"}
POLICY = {"name": "p", "resource": "/x", "action": "add", "decision_on_true": "DENY"}


def created(who: Signed, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = who.post(path, body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{who.prefix}{path}/{answer.json()['id']}"
    made: dict[str, Any] = answer.json()
    return made


@pytest.mark.parametrize(
    ("path", "body", "edit"),
    [
        ("/rules", RULE, {"description": "x"}),
        ("/roles", {"name": "reader"}, {"description": "x"}),
        ("/policies", POLICY, {"description": "x"}),
    ],
)
def test_makes_changes_and_removes(
    alice: Signed, path: str, body: dict[str, Any], edit: dict[str, Any]
) -> None:
    made = created(alice, path, body)
    one = f"{path}/{made['id']}"
    assert alice.get(one).json().items() >= made.items()
    tag = alice.get(one).headers.get("etag")
    changed = alice.send("PATCH", one, edit, {"If-Match": tag} if tag else None)
    assert changed.json()["description"] == "x", changed.text
    assert alice.get(path).json()["items"]
    assert alice.send("DELETE", one).json() == {"id": made["id"]}
    problem(alice.get(one), 404, "missing")


def test_lists_predefined_roles_first(alice: Signed) -> None:
    assert alice.get("/roles?limit=1").json()["items"][0]["is_predefined"] is True
    assert alice.get("/roles/member").json()["id"] == "member"


def test_lists_policies_in_the_order_of_trying(alice: Signed) -> None:
    assert alice.get("/policies").json()["items"][0]["is_locked"] is True


def test_shows_the_keys_of_the_scope(bob: Signed) -> None:
    keys = bob.get("/server-keys").json()["items"]
    assert {each["purpose"] for each in keys} == {"encryption", "signature"}


def test_shows_the_own_scope_and_no_other(alice: Signed, world: cast.World) -> None:
    (own,) = alice.get("/scopes").json()["items"]
    assert own["id"] == str(world.scope.id)
    path = f"/scopes/{own['id']}"
    told = alice.get(path).json()
    assert told.items() >= own.items()
    assert told["settings"]["governance"] is False
    problem(alice.get(f"/scopes/{ids.new()}"), 404, "missing")
    problem(alice.get(f"/scopes/{cast.world().scope.id}"), 404, "missing")


def test_changes_the_scope_that_was_read(alice: Signed, world: cast.World) -> None:
    path = f"/scopes/{world.scope.id}"
    tag = alice.get(path).headers["etag"]
    edit = {"name": "Acme", "settings": {"max_devices": 3}}
    answer = alice.send("PATCH", path, edit, {"If-Match": tag})
    assert (answer.status_code, answer.json()["name"]) == (200, "Acme"), answer.text
    assert alice.get(path).json()["settings"]["max_devices"] == 3
    problem(alice.send("PATCH", path, edit, {"If-Match": tag}), 412, "precondition.failed")
    problem(alice.send("PATCH", path, edit), 428, "precondition.needed")


def test_rotates_a_server_key(alice: Signed) -> None:
    before = alice.get("/server-keys").json()["items"]
    answer = alice.post("/server-keys/signature/rotation")
    assert answer.status_code == 200, answer.text
    after = alice.get("/server-keys").json()["items"]
    assert len(after) == len(before) + 1
    assert answer.json()["kid"] in {each["kid"] for each in after}
    problem(alice.post("/server-keys/nothing/rotation"), 400, "invalid")


def test_says_what_would_be_decided(alice: Signed, bob: Signed, world: cast.World) -> None:
    question = {"command": "group.create", "details": {"group": str(ids.new()), "name": "x"}}

    def told(**more: Any) -> dict[str, Any]:
        answer = alice.post("/policies/decide", question | more)
        assert answer.status_code == 200, answer.text
        verdict: dict[str, Any] = answer.json()
        return verdict

    assert told()["outcome"] == "allowed"
    assert told(fields={**POLICY, "resource": "/groups"})["outcome"] == "denied"
    world.member("carol", "workspace-owner")
    reviewed = told()
    assert (reviewed["outcome"], bool(reviewed["review_expression"])) == ("review", True)
    assert {each["obstacle"] for each in reviewed["electors"]} > {""}
    assert told(command="x")["outcome"] in {"invalid", "refused"}
    assert alice.get("/groups").json()["items"] == []
    problem(bob.post("/policies/decide", question), 403, "forbidden")
