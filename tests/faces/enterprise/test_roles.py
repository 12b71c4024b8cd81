"""`/roles[/{id}]` and `/users/{id}/roles`."""

import pytest

from accounts.models import Role, RoleAssignment
from identity.permissions import PREDEFINED_ROLES
from tests.faces.enterprise.desk import Desk
from tests.faces.enterprise.examples import new_id, rule_details


def test_lists_predefined_roles_first(desk: Desk) -> None:
    alice, rid = desk.person("alice"), new_id()
    alice.done("add", "/roles", {"rid": rid, "name": "guest", "description": "Looks around."})
    answer = alice.ask("get", "/roles", {})
    names = [row["name"] for row in answer["details"]]
    assert names == [*PREDEFINED_ROLES, "guest"]
    assert answer["metadata"]["total_count"] == len(PREDEFINED_ROLES) + 1
    first, last = answer["details"][0], answer["details"][-1]
    assert (first["rid"], first["is_predefined"]) == (first["name"], True)
    assert (last["rid"], last["is_predefined"], last["status"]) == (rid, False, "active")


def test_shows_a_predefined_role_by_its_name(desk: Desk) -> None:
    shown = desk.person("alice").done("get", "/roles/workspace-auditor")
    assert shown["rid"] == "workspace-auditor"
    assert "users:list" in shown["permissions"]


def test_makes_a_role_of_rules(desk: Desk) -> None:
    alice, rid, rlid = desk.person("alice"), new_id(), new_id()
    alice.done("add", "/rules", rule_details(rlid))
    made = alice.done("add", "/roles", {"rid": rid, "name": "guest", "rules": [rlid]})
    assert made["rules"] == [rlid]
    assert made["permissions"] == ["users:list"]
    assert made["created_at"] == int(desk.now.timestamp())
    assert alice.done("get", f"/roles/{rid}") == made


def test_a_repeat_makes_the_same_role(desk: Desk) -> None:
    alice, rid = desk.person("alice"), new_id()
    details = {"rid": rid, "name": "guest", "rules": []}
    assert alice.done("add", "/roles", details) == alice.done("add", "/roles", details)
    assert alice.ask("add", "/roles", details | {"name": "other"})["error_code"] == "-10"
    assert alice.ask("add", "/roles", details | {"rid": new_id()})["error_code"] == "-10"
    assert Role.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"rid": "guest"},
        {"name": ""},
        {"name": "x" * 129},
        {"name": "super-admin"},
        {"rules": "all"},
        {"rules": ["users:list"]},
        {"rules": [new_id()] * 201},
        {"description": "x" * 513},
        {"status": "active"},
    ],
)
def test_refuses_other_details(desk: Desk, change: dict[str, object]) -> None:
    alice = desk.person("alice")
    answer = alice.ask("add", "/roles", {"rid": new_id(), "name": "guest", "rules": []} | change)
    # The names of predefined roles are taken, everything else is malformed.
    assert answer["error_code"] == ("-10" if change == {"name": "super-admin"} else "-7")
    assert not Role.objects.exists()


def test_edits_and_deletes_a_role(desk: Desk) -> None:
    alice, rid = desk.person("alice"), new_id()
    alice.done("add", "/roles", {"rid": rid, "name": "guest"})
    edited = alice.done("edit", f"/roles/{rid}", {"name": "visitor", "status": "disabled"})
    assert (edited["name"], edited["status"], edited["version"]) == ("visitor", "disabled", 2)
    assert alice.done("delete", f"/roles/{rid}") == {"rid": rid}
    assert alice.ask("get", f"/roles/{rid}")["error_code"] == "-8"


def test_predefined_roles_are_fixed(desk: Desk) -> None:
    alice = desk.person("alice")
    for action in ("edit", "delete"):
        assert alice.ask(action, "/roles/member", {})["error_code"] == "-8"


def test_gives_and_takes_a_role(desk: Desk) -> None:
    alice, bob, rid = desk.person("alice"), desk.person("bob"), new_id()
    alice.done("add", "/roles", {"rid": rid, "name": "guest"})
    path = f"/users/{bob.uid}/roles"
    assert alice.done("add", path, {"rid": rid})["roles"] == ["guest"]
    assert alice.done("add", path, {"rid": "member"})["roles"] == ["guest", "member"]
    assert alice.ask("delete", f"/roles/{rid}")["error_code"] == "-10"
    assert alice.done("delete", path, {"rid": rid})["roles"] == ["member"]


def test_gives_no_unknown_role(desk: Desk) -> None:
    alice, bob = desk.person("alice"), desk.person("bob")
    for rid in ("root", new_id(), "", 5, None):
        answer = alice.ask("add", f"/users/{bob.uid}/roles", {"rid": rid})
        assert answer["error_code"] == "-7", rid
    assert alice.ask("add", f"/users/{bob.uid}/roles", {})["error_code"] == "-7"


def test_the_last_owner_keeps_the_role(desk: Desk) -> None:
    alice = desk.person("alice")
    answer = alice.ask("delete", f"/users/{alice.uid}/roles", {"rid": "super-admin"})
    assert answer["error_code"] == "-10"


def test_a_role_is_given_with_a_second_persons_consent(desk: Desk) -> None:
    alice, bob = desk.person("alice"), desk.person("bob", "member")
    desk.person("carol", "workspace-owner")
    answer = alice.ask("add", f"/users/{bob.uid}/roles", {"rid": "super-admin"})
    assert answer["status"] == "pending"
    assert not RoleAssignment.objects.filter(user=bob.user, predefined="super-admin").exists()


def test_a_member_gives_itself_nothing(desk: Desk) -> None:
    bob = desk.person("bob", "member")
    answer = bob.ask("add", f"/users/{bob.uid}/roles", {"rid": "super-admin"})
    assert answer["error_code"] == "-9"
