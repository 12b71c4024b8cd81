"""`/recipients[/{id}]`."""

import pytest

from accounts.models import Recipient
from tests.faces.enterprise.desk import Desk
from tests.faces.enterprise.examples import new_id, recipient_details


def test_makes_lists_and_shows_a_recipient(desk: Desk) -> None:
    alice, rid = desk.person("alice"), new_id()
    made = alice.done("add", "/recipients", recipient_details(rid))
    now = int(desk.now.timestamp())
    assert made == {
        "id": rid,
        "type": "company",
        "name": "A bank",
        "payment_details": [{"name": "main", "type": "address", "value": "bc1qexample"}],
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }
    assert alice.done("get", f"/recipients/{rid}") == made
    for filters, count in (
        ({"type": "company"}, 1),
        ({"type": "individual"}, 0),
        ({"name": "A bank"}, 1),
        ({"recipient_group": new_id()}, 0),
    ):
        answer = alice.ask("list", "/recipients", {"filters": filters})
        assert answer["metadata"] == {"total_count": count}


@pytest.mark.parametrize(
    "change",
    [
        {"id": "x"},
        {"type": "robot"},
        {"name": ""},
        {"payment_details": {}},
        {"payment_details": ["iban"]},
        {"payment_details": [{"value": 1.5}]},
        {"payment_details": [{"value": "a\x00b"}]},
        {"payment_details": [{}] * 51},
        {"payment_details": [{"deep": [[[[[[[1]]]]]]]}]},
    ],
)
def test_refuses_other_details(desk: Desk, change: dict[str, object]) -> None:
    alice = desk.person("alice")
    answer = alice.ask("add", "/recipients", recipient_details(new_id()) | change)
    assert answer["error_code"] == "-7"
    assert not Recipient.objects.exists()


def test_edits_and_deletes_a_recipient(desk: Desk) -> None:
    alice, rid = desk.person("alice"), new_id()
    alice.done("add", "/recipients", recipient_details(rid))
    edited = alice.done("edit", f"/recipients/{rid}", {"payment_details": []})
    assert (edited["payment_details"], edited["version"]) == ([], 2)
    assert alice.ask("edit", f"/recipients/{rid}", {"type": "company"})["error_code"] == "-7"
    assert alice.done("delete", f"/recipients/{rid}") == {"id": rid}
    assert alice.ask("get", f"/recipients/{rid}")["error_code"] == "-8"
