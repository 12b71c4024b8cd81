"""`/rules[/{id}]`."""

import pytest

from accounts.models import Rule
from tests.faces.enterprise.desk import Desk
from tests.faces.enterprise.examples import new_id, rule_details


def test_makes_lists_and_shows_a_rule(desk: Desk) -> None:
    alice, rlid = desk.person("alice"), new_id()
    details = rule_details(
        rlid,
        resource="/proposals",
        action="approve",
        proposal_resource="/users",
        description="Decides about people.",
    )
    made = alice.done("add", "/rules", details)
    assert made == {
        "rlid": rlid,
        "name": "see users",
        "description": "Decides about people.",
        "resource": "/proposals",
        "action": "approve",
        "proposal_resource": "/users",
        "created_at": int(desk.now.timestamp()),
        "updated_at": int(desk.now.timestamp()),
    }
    assert alice.done("get", f"/rules/{rlid}") == made
    answer = alice.ask("list", "/rules", {"filters": {"action": "approve"}})
    assert answer == {"status": "success", "details": [made], "metadata": {"total_count": 1}}
    assert alice.done("list", "/rules", {"filters": {"resource": "/users"}}) == []


def test_a_repeat_makes_the_same_rule(desk: Desk) -> None:
    alice, rlid = desk.person("alice"), new_id()
    made = alice.done("add", "/rules", rule_details(rlid))
    assert alice.done("add", "/rules", rule_details(rlid)) == made
    assert alice.ask("add", "/rules", rule_details(rlid, action="get"))["error_code"] == "-10"
    assert Rule.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"resource": "/wallets"},
        {"resource": "x" * 65},
        {"action": "destroy"},
        {"action": "approve"},
        {"proposal_resource": "/groups"},
        {"rlid": None},
        {"name": ""},
    ],
)
def test_refuses_rules_that_mean_nothing(desk: Desk, change: dict[str, object]) -> None:
    answer = desk.person("alice").ask("add", "/rules", rule_details(new_id()) | change)
    assert answer["error_code"] == "-7"
    assert not Rule.objects.exists()


def test_edits_and_deletes_a_rule(desk: Desk) -> None:
    alice, rlid = desk.person("alice"), new_id()
    alice.done("add", "/rules", rule_details(rlid))
    assert alice.done("edit", f"/rules/{rlid}", {"action": "get"})["action"] == "get"
    assert alice.ask("edit", f"/rules/{rlid}", {"action": "fly"})["error_code"] == "-7"
    assert alice.done("delete", f"/rules/{rlid}") == {"rlid": rlid}
    assert alice.ask("delete", f"/rules/{rlid}")["error_code"] == "-8"


def test_a_rule_in_use_stays(desk: Desk) -> None:
    alice, rlid = desk.person("alice"), new_id()
    alice.done("add", "/rules", rule_details(rlid))
    alice.done("add", "/roles", {"rid": new_id(), "name": "guest", "rules": [rlid]})
    assert alice.ask("delete", f"/rules/{rlid}")["error_code"] == "-10"
