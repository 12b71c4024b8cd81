"""Batches of both kinds: what is independent, and what is done as a whole or not at all."""

from typing import Any

import pytest

from accounts.models import Group
from invitations.models import Proposal
from tests.faces.enterprise.desk import Desk, codes
from tests.faces.enterprise.examples import (
    ME,
    MISSING,
    add_group,
    new_id,
    policy_details,
)

ROLLED_BACK = {
    "status": "failed",
    "error_code": "-10",
    "message": "Rolled back, because another part of the atomic batch failed.",
}


# Independent batches.


def test_a_batch_answers_in_the_order_of_the_request(desk: Desk) -> None:
    alice, first, second = desk.person("alice"), new_id(), new_id()
    answer = alice.send({"batch": [add_group(first), ME, MISSING, add_group(second)]})
    assert set(answer) == {"batch"}
    assert codes(answer["batch"]) == ["success", "success", "-8", "success"]
    assert answer["batch"][0]["details"]["gid"] == first
    assert answer["batch"][1]["details"]["uid"] == alice.uid
    assert answer["batch"][3]["details"]["gid"] == second


def test_a_failing_item_touches_no_other(desk: Desk) -> None:
    alice, gid = desk.person("alice"), new_id()
    answer = alice.send(
        {
            "batch": [
                add_group(gid, name="one"),
                add_group(new_id(), name="one"),
                {"action": "add", "resource": "/groups", "details": {"gid": "x"}},
                {"action": "add"},
                {"action": "add", "resource": "/groups", "surplus": 1},
                add_group(new_id(), name="two"),
            ]
        }
    )
    assert codes(answer["batch"]) == ["success", "-10", "-7", "-7", "-7", "success"]
    assert sorted(Group.objects.values_list("name", flat=True)) == ["one", "two"]


def test_an_item_sees_what_earlier_ones_made(desk: Desk) -> None:
    alice, gid = desk.person("alice"), new_id()
    show = {"action": "get", "resource": f"/groups/{gid}"}
    answer = alice.send({"batch": [show, add_group(gid), show]})
    assert codes(answer["batch"]) == ["-8", "success", "success"]


def test_an_item_may_wait_for_approval_alone(desk: Desk) -> None:
    alice = desk.person("alice")
    desk.person("carol", "workspace-owner")
    recipient = {"id": new_id(), "type": "company", "name": "A bank"}
    answer = alice.send(
        {
            "batch": [
                {"action": "add", "resource": "/recipients", "details": recipient},
                {"action": "add", "resource": "/policies", "details": policy_details(new_id())},
                add_group(new_id()),
            ]
        }
    )
    assert codes(answer["batch"]) == ["success", "pending", "pending"]
    assert Proposal.objects.count() == 2


def test_takes_fifty_items(desk: Desk) -> None:
    answer = desk.person("alice").send({"batch": [ME] * 49, "atomicBatch": [add_group(new_id())]})
    assert codes(answer["batch"]) == ["success"] * 49
    assert codes(answer["atomicBatch"]) == ["success"]


# Atomic batches.


def test_an_atomic_batch_does_everything(desk: Desk) -> None:
    alice, first, second = desk.person("alice"), new_id(), new_id()
    answer = alice.send({"atomicBatch": [add_group(first), add_group(second)]})
    assert set(answer) == {"atomicBatch"}
    assert [each["details"]["gid"] for each in answer["atomicBatch"]] == [first, second]
    assert [each["metadata"] for each in answer["atomicBatch"]] == [None, None]


def test_an_atomic_batch_does_everything_or_nothing(desk: Desk) -> None:
    alice = desk.person("alice")
    parts = [
        add_group(new_id(), name="one"),
        add_group(new_id(), name="one"),
        add_group(new_id(), name="two"),
    ]
    answers = alice.send({"atomicBatch": parts})["atomicBatch"]
    assert codes(answers) == ["-10", "-10", "-10"]
    assert answers[1]["message"].startswith("This name or id is taken")
    assert answers[0] == answers[2] == ROLLED_BACK
    assert not Group.objects.exists()


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (MISSING, "-8"),
        ({"action": "add", "resource": "/groups", "details": {"gid": "x"}}, "-7"),
        ({"action": "add"}, "-7"),
        (ME, "-7"),
        ({"action": "get", "resource": "/groups"}, "-7"),
        (
            {
                "action": "approve",
                "resource": f"/proposals/{new_id()}",
                "details": {"proposal_hash": "0" * 64},
            },
            "-7",
        ),
        ({"action": "delete", "resource": f"/groups/{new_id()}"}, "-8"),
    ],
)
def test_the_failing_part_says_why_and_the_others_are_rolled_back(
    desk: Desk, bad: dict[str, Any], code: str
) -> None:
    alice = desk.person("alice")
    answer = alice.send({"atomicBatch": [add_group(new_id()), bad, add_group(new_id())]})
    assert codes(answer["atomicBatch"]) == ["-10", code, "-10"]
    assert answer["atomicBatch"][0] == answer["atomicBatch"][2] == ROLLED_BACK
    assert not Group.objects.exists()


def test_an_atomic_batch_needs_every_permission(desk: Desk) -> None:
    bob = desk.person("bob", "member")
    answer = bob.send({"atomicBatch": [add_group(new_id()), add_group(new_id())]})
    assert codes(answer["atomicBatch"]) == ["-9", "-10"]


def test_one_approval_covers_an_atomic_batch(desk: Desk) -> None:
    alice, carol = desk.person("alice"), desk.person("carol", "workspace-owner")
    recipient = {"id": new_id(), "type": "company", "name": "A bank"}
    first, second = new_id(), new_id()
    answer = alice.send(
        {
            "atomicBatch": [
                {"action": "add", "resource": "/recipients", "details": recipient},
                add_group(first),
                add_group(second),
            ]
        }
    )
    answers = answer["atomicBatch"]
    proposal = Proposal.objects.get()
    assert answers == [answers[0]] * 3
    assert answers[0]["status"] == "pending"
    assert answers[0]["details"] == {"proposal_id": str(proposal.id)}
    carol.done("approve", f"/proposals/{proposal.id}", {"proposal_hash": proposal.hash})
    assert Group.objects.count() == 2
    shown = alice.done("get", f"/proposals/{proposal.id}")
    assert [part["id"] for part in shown["outcome"][:1]] == [recipient["id"]]
    assert [part["gid"] for part in shown["outcome"][1:]] == [first, second]


def test_an_unreachable_quorum_is_about_all_parts(desk: Desk) -> None:
    alice = desk.person("alice")
    review = '{"all":[{"min":9,"role":"workspace-owner"}],"deny":1}'
    more = {"decision_on_true": "REVIEW", "expression": "", "review_expression": review}
    alice.done("add", "/policies", policy_details(new_id()) | more)
    recipient = {"id": new_id(), "type": "company", "name": "A bank"}
    parts = [
        {"action": "add", "resource": "/recipients", "details": recipient},
        {"action": "add", "resource": "/recipients", "details": recipient | {"id": new_id()}},
    ]
    answers = alice.send({"atomicBatch": parts})["atomicBatch"]
    assert answers[0] == answers[1] != ROLLED_BACK
    assert "quorum" in answers[0]["message"]


def test_the_atomic_part_comes_after_the_batch(desk: Desk) -> None:
    alice, bob, gid = desk.person("alice"), desk.person("bob"), new_id()
    answer = alice.send(
        {
            "atomicBatch": [
                {"action": "add", "resource": f"/groups/{gid}/users", "details": {"uid": bob.uid}}
            ],
            "batch": [add_group(gid)],
        }
    )
    assert codes(answer["batch"]) == ["success"]
    assert answer["atomicBatch"][0]["details"]["users"] == [bob.uid]


def test_an_empty_atomic_part_answers_empty(desk: Desk) -> None:
    answer = desk.person("alice").send({"batch": [ME], "atomicBatch": []})
    assert answer["atomicBatch"] == []
