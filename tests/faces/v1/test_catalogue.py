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
    assert alice.get(f"/scopes/{own['id']}").json() == own
    assert alice.get(f"/scopes/{own['id']}/settings").json()["governance"] is False
    problem(alice.get(f"/scopes/{ids.new()}"), 404, "missing")
    problem(alice.get(f"/scopes/{cast.world().scope.id}"), 404, "missing")
