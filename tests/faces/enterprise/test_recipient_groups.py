"""`/recipient-groups[/{id}]` and `/recipient-groups/{id}/recipients`."""

import pytest

from accounts.models import RecipientGroup
from tests.faces.enterprise.desk import Desk
from tests.faces.enterprise.examples import new_id, recipient_details


def list_details(lid: str, **more: object) -> dict[str, object]:
    return {"id": lid, "type": "whitelist", "name": "banks"} | more


def test_makes_lists_and_shows_a_list(desk: Desk) -> None:
    alice, lid = desk.person("alice"), new_id()
    made = alice.done("add", "/recipient-groups", list_details(lid, description="Ours."))
    now = int(desk.now.timestamp())
    line = {
        "id": lid,
        "type": "whitelist",
        "name": "banks",
        "description": "Ours.",
        "version": 1,
        "created_at": now,
        "updated_at": now,
        "member_count": 0,
    }
    assert made == line | {"members": []}
    assert alice.done("get", f"/recipient-groups/{lid}") == made
    listed = alice.ask("get", "/recipient-groups", {"filters": {"type": "whitelist"}})
    assert listed == {"status": "success", "details": [line], "metadata": {"total_count": 1}}


def test_puts_recipients_on_and_off(desk: Desk) -> None:
    alice, lid, rid = desk.person("alice"), new_id(), new_id()
    alice.done("add", "/recipients", recipient_details(rid))
    alice.done("add", "/recipient-groups", list_details(lid))
    path = f"/recipient-groups/{lid}/recipients"
    assert alice.done("add", path, {"id": rid})["members"] == [rid]
    found = alice.done("get", "/recipients", {"filters": {"recipient_group": lid}})
    assert [row["id"] for row in found] == [rid]
    found = alice.done("get", "/recipient-groups", {"filters": {"recipient": rid}})
    assert [row["id"] for row in found] == [lid]
    assert alice.done("delete", path, {"id": rid})["members"] == []
    assert alice.ask("delete", path, {"id": rid})["error_code"] == "-8"


def test_who_may_be_paid_changes_with_a_second_persons_consent(desk: Desk) -> None:
    alice, lid, rid = desk.person("alice"), new_id(), new_id()
    alice.done("add", "/recipients", recipient_details(rid))
    alice.done("add", "/recipient-groups", list_details(lid))
    desk.person("carol", "workspace-owner")
    answer = alice.ask("add", f"/recipient-groups/{lid}/recipients", {"id": rid})
    assert answer["status"] == "pending"
    assert alice.done("get", f"/recipient-groups/{lid}")["members"] == []


@pytest.mark.parametrize(
    "change", [{"id": 1}, {"type": "greylist"}, {"name": ""}, {"recipients": [new_id()]}]
)
def test_refuses_other_details(desk: Desk, change: dict[str, object]) -> None:
    alice = desk.person("alice")
    answer = alice.ask("add", "/recipient-groups", list_details(new_id()) | change)
    assert answer["error_code"] == "-7"
    assert not RecipientGroup.objects.exists()


def test_edits_and_deletes_a_list(desk: Desk) -> None:
    alice, lid = desk.person("alice"), new_id()
    alice.done("add", "/recipient-groups", list_details(lid))
    assert alice.done("edit", f"/recipient-groups/{lid}", {"name": "friends"})["name"] == "friends"
    assert alice.ask("edit", f"/recipient-groups/{lid}", {"type": "x"})["error_code"] == "-7"
    assert alice.done("delete", f"/recipient-groups/{lid}") == {"id": lid}
    assert alice.ask("get", f"/recipient-groups/{lid}")["error_code"] == "-8"
