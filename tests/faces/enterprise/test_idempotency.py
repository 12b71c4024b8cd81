"""Requests that are repeated under one key."""

from datetime import timedelta
from typing import Any

from accounts.models import Group, User
from invitations.models import Proposal
from tests.faces.enterprise.desk import Desk, codes
from tests.faces.enterprise.examples import (
    MISSING,
    add_group,
    new_id,
    person_details,
)


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
