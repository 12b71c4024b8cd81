"""The payload of one envelope: its two forms, its bounds, batches of both kinds."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Group, User
from invitations.models import Proposal
from tests.faces.enterprise.desk import Desk
from tests.faces.enterprise.examples import (
    group_details,
    new_id,
    person_details,
    policy_details,
)

ME = {"action": "get", "resource": "/me", "details": {}}
MISSING = {"action": "get", "resource": "/nothing"}
ROLLED_BACK = {
    "status": "failed",
    "error_code": "-10",
    "message": "Rolled back, because another part of the atomic batch failed.",
}


def add_group(gid: str, **more: object) -> dict[str, Any]:
    return {"action": "add", "resource": "/groups", "details": group_details(gid, **more)}


def codes(answers: list[dict[str, Any]]) -> list[str]:
    return [str(answer.get("error_code", answer["status"])) for answer in answers]


@pytest.mark.parametrize(
    ("payload", "word"),
    [
        ({}, "action"),
        ({"action": "get"}, "resource"),
        ({"resource": "/me"}, "action"),
        ({"action": "", "resource": ""}, "action"),
        ({"action": 1, "resource": "/me"}, "action"),
        ({"action": "get", "resource": ["/me"]}, "resource"),
        ({"action": "get", "resource": "/" + "x" * 256}, "resource"),
        (ME | {"details": []}, "details"),
        (ME | {"details": None}, "details"),
        (ME | {"details": "x"}, "details"),
        (ME | {"device": "x"}, "device"),
        (ME | {"user_id": "x"}, "user_id"),
        (ME | {"batch": []}, "batch"),
        ({"details": {"a": 1}, "batch": [ME]}, "batch"),
        ({"batch": []}, "50"),
        ({"batch": [], "atomicBatch": []}, "50"),
        ({"batch": [ME] * 51}, "50"),
        ({"batch": [ME] * 25, "atomicBatch": [ME] * 26}, "50"),
        ({"batch": ME}, "batch"),
        ({"batch": ["x"]}, "batch"),
        ({"atomic_batch": [ME]}, "atomic_batch"),
        (ME | {"idempotency_key": ""}, "idempotency_key"),
        (ME | {"idempotency_key": "x" * 129}, "idempotency_key"),
        (ME | {"idempotency_key": "a\x00b"}, "idempotency_key"),
        (ME | {"idempotency_key": 7}, "idempotency_key"),
    ],
)
def test_refuses_other_forms(desk: Desk, payload: dict[str, Any], word: str) -> None:
    answer = desk.person("alice").send(payload)
    assert (answer["status"], answer["error_code"]) == ("failed", "-7"), answer
    assert word in answer["message"]


def test_details_may_be_left_out(desk: Desk) -> None:
    answer = desk.person("alice").send({"action": "get", "resource": "/me"})
    assert answer["status"] == "success"


def test_a_fault_names_the_field_and_not_its_value(desk: Desk) -> None:
    long_name = "field" * 200
    answer = desk.person("alice").ask("get", "/me", {long_name: "a secret value"})
    assert answer["error_code"] == "-7"
    assert "a secret value" not in answer["message"]
    assert len(answer["message"]) < 400


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


# Idempotency.


def invite(uid: str) -> dict[str, Any]:
    return {"action": "add", "resource": "/users/invite", "details": person_details(uid)}


def test_a_repeat_under_a_key_gets_the_stored_answer(desk: Desk) -> None:
    alice, uid = desk.person("alice"), new_id()
    payload = invite(uid) | {"idempotency_key": "k"}
    first = alice.send(payload)
    assert first["status"] == "success"
    assert alice.send(payload) == first
    assert alice.send(dict(reversed(payload.items()))) == first
    assert User.objects.filter(public_id=uid).count() == 1


def test_without_a_key_an_invitation_is_made_anew(desk: Desk) -> None:
    alice, uid = desk.person("alice"), new_id()
    first, second = alice.send(invite(uid)), alice.send(invite(uid))
    assert first["details"]["invite_string"] != second["details"]["invite_string"]


def test_another_body_under_the_same_key_is_a_conflict(desk: Desk) -> None:
    alice = desk.person("alice")
    alice.send(invite(new_id()) | {"idempotency_key": "k"})
    other = new_id()
    answer = alice.send(invite(other) | {"idempotency_key": "k"})
    assert (answer["status"], answer["error_code"]) == ("failed", "-10")
    assert not User.objects.filter(public_id=other).exists()


def test_keys_belong_to_a_device(desk: Desk) -> None:
    alice, carol = desk.person("alice"), desk.person("carol", "super-admin")
    recipient = {"id": new_id(), "type": "company", "name": "A bank"}
    payload = {"action": "add", "resource": "/recipients", "idempotency_key": "k"}
    assert alice.send(payload | {"details": recipient})["status"] == "success"
    second = recipient | {"id": new_id()}
    assert carol.send(payload | {"details": second})["details"]["id"] == second["id"]


def test_a_refusal_is_not_kept(desk: Desk) -> None:
    alice, gid = desk.person("alice"), new_id()
    payload = {
        "action": "edit",
        "resource": f"/groups/{gid}",
        "details": {"name": "x"},
        "idempotency_key": "k",
    }
    assert alice.send(payload)["error_code"] == "-8"
    alice.send(add_group(gid))
    assert alice.send(payload)["status"] == "success"


def test_a_pending_answer_is_kept(desk: Desk) -> None:
    alice = desk.person("alice")
    desk.person("carol", "workspace-owner")
    payload = add_group(new_id()) | {"idempotency_key": "k"}
    first = alice.send(payload)
    assert first["status"] == "pending"
    assert alice.send(payload) == first
    assert Proposal.objects.count() == 1


def test_a_batch_is_repeated_as_a_whole(desk: Desk) -> None:
    alice = desk.person("alice")
    payload = {
        "batch": [invite(new_id()), MISSING, add_group(new_id(), name="one")],
        "atomicBatch": [add_group(new_id(), name="one")],
        "idempotency_key": "k",
    }
    first = alice.send(payload)
    assert codes(first["batch"]) == ["success", "-8", "success"]
    assert codes(first["atomicBatch"]) == ["-10"]
    assert alice.send(payload) == first
    assert Group.objects.count() == 1


def test_a_key_is_free_again_after_a_day(desk: Desk) -> None:
    alice = desk.person("alice")
    payload = invite(new_id()) | {"idempotency_key": "k"}
    alice.send(payload)
    later = desk.now + timedelta(hours=24, seconds=1)
    assert alice.send(invite(new_id()) | {"idempotency_key": "k"}, now=later)["status"] == "success"
