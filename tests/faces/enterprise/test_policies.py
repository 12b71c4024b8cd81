"""`/policies[/{id}]`."""

import pytest

from invitations.models import Policy
from tests.faces.enterprise.desk import Desk
from tests.faces.enterprise.examples import new_id, policy_details

REVIEW = '{"all":[{"min":1,"role":"workspace-owner"}],"deny":1}'


def review_details(plid: str, **more: object) -> dict[str, object]:
    changed = {"decision_on_true": "REVIEW", "expression": "", "review_expression": REVIEW}
    return policy_details(plid) | changed | more


def test_makes_and_shows_a_policy(desk: Desk) -> None:
    alice, plid = desk.person("alice"), new_id()
    made = alice.done("add", "/policies", policy_details(plid))
    shown = alice.done("get", f"/policies/{plid}")
    assert shown == made | {
        "is_locked": False,
        "only_if_reachable": False,
        "created_at": int(desk.now.timestamp()),
        "updated_at": int(desk.now.timestamp()),
    }
    assert (shown["plid"], shown["version"], shown["priority"]) == (plid, 1, 5)
    assert shown["decision_on_true"] == "DENY"


def test_a_policy_is_in_force_at_once(desk: Desk) -> None:
    alice = desk.person("alice")
    alice.done("add", "/policies", policy_details(new_id()))
    denied = {"id": new_id(), "type": "company", "name": "nobody"}
    answer = alice.ask("add", "/recipients", denied)
    assert (answer["status"], answer["error_code"]) == ("unauthorized", "-9")
    alice.done("add", "/recipients", denied | {"name": "somebody"})


def test_lists_policies_locked_ones_first(desk: Desk) -> None:
    answer = desk.person("alice").ask("get", "/policies", {"limit": 3})
    assert len(answer["details"]) == 3
    assert answer["metadata"] == {"total_count": Policy.objects.count()}
    assert answer["details"][0]["is_locked"] is True


@pytest.mark.parametrize("as_text", [True, False])
def test_takes_a_review_expression_as_text_or_object(desk: Desk, as_text: bool) -> None:
    alice, plid = desk.person("alice"), new_id()
    review = {"deny": 1, "all": [{"role": "workspace-owner", "min": 1}]}
    given = '{ "deny": 1, "all": [{"role":"workspace-owner","min":1}] }' if as_text else review
    made = alice.done("add", "/policies", review_details(plid, review_expression=given))
    assert made["review_expression"] == REVIEW
    edited = alice.done("edit", f"/policies/{plid}", {"review_expression": given, "priority": 3})
    assert (edited["review_expression"], edited["version"]) == (REVIEW, 2)


@pytest.mark.parametrize(
    "change",
    [
        {"plid": "x"},
        {"name": ""},
        {"decision_on_true": "MAYBE"},
        {"action": "approve"},
        {"action": "x" * 65},
        {"resource": "users"},
        {"priority": 2**31},
        {"priority": 1.5},
        {"priority": True},
        {"expression": "import os"},
        {"expression": "x" * 8193},
        {"expression": 'details.name == "a\x00b"'},
        {"status": "sleeping"},
        {"version": 2},
        {"is_locked": True},
        {"only_if_reachable": True},
        {"review_expression": REVIEW},
        {"decision_on_true": "REVIEW"},
        {"decision_on_true": "REVIEW", "review_expression": "not JSON"},
        {"decision_on_true": "REVIEW", "review_expression": {"all": "x"}},
        {"decision_on_true": "REVIEW", "review_expression": ["x"]},
        {"decision_on_true": "REVIEW", "review_expression": "x" * 8193},
    ],
)
def test_refuses_other_details(desk: Desk, change: dict[str, object]) -> None:
    alice = desk.person("alice")
    before = Policy.objects.count()
    assert alice.ask("add", "/policies", policy_details(new_id()) | change)["error_code"] == "-7"
    assert Policy.objects.count() == before


def test_a_repeat_makes_the_same_policy(desk: Desk) -> None:
    alice, plid = desk.person("alice"), new_id()
    made = alice.done("add", "/policies", policy_details(plid))
    assert alice.done("add", "/policies", policy_details(plid)) == made
    assert alice.ask("add", "/policies", policy_details(plid, priority=9))["error_code"] == "-10"


def test_built_in_policies_stay(desk: Desk) -> None:
    alice = desk.person("alice")
    locked = Policy.objects.filter(is_locked=True).first()
    assert locked is not None
    path = f"/policies/{locked.public_id}"
    assert alice.ask("edit", path, {"status": "disabled"})["error_code"] == "-10"
    assert alice.ask("delete", path)["error_code"] == "-10"


def test_deletes_a_policy(desk: Desk) -> None:
    alice, plid = desk.person("alice"), new_id()
    alice.done("add", "/policies", policy_details(plid))
    assert alice.done("delete", f"/policies/{plid}")["plid"] == plid
    assert alice.ask("get", f"/policies/{plid}")["error_code"] == "-8"


def test_a_policy_changes_with_a_second_persons_consent(desk: Desk) -> None:
    alice = desk.person("alice")
    desk.person("carol", "workspace-owner")
    answer = alice.ask("add", "/policies", policy_details(new_id()))
    assert answer["status"] == "pending"


def test_a_quorum_that_can_never_be_reached_is_a_conflict(desk: Desk) -> None:
    alice = desk.person("alice")
    review = '{"all":[{"min":9,"role":"workspace-owner"}],"deny":1}'
    alice.done("add", "/policies", review_details(new_id(), review_expression=review))
    answer = alice.ask("add", "/recipients", {"id": new_id(), "type": "company", "name": "x"})
    assert answer["error_code"] == "-10"
