"""`/proposals[/{id}]`, its votes and its evidence."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from identity.crypto import cose, ecdsa_p256, evidence
from invitations.models import Proposal, Vote
from tests.faces.enterprise.desk import Desk, Person, keys
from tests.faces.enterprise.examples import (
    group_details,
    new_id,
    person_details,
    policy_details,
    program_details,
    rotation,
)


@pytest.fixture
def owners(desk: Desk) -> Desk:
    """alice proposes; carol and dave may decide; bob may not."""
    desk.person("carol", "workspace-owner")
    desk.person("dave", "workspace-owner")
    desk.person("bob", "member")
    return desk


def propose(desk: Desk, gid: str | None = None) -> Proposal:
    """A new group, which waits for one other person."""
    answer = desk.person("alice").ask("add", "/groups", group_details(gid or new_id()))
    assert answer["status"] == "pending", answer
    assert answer["metadata"] is None
    return Proposal.objects.get(id=answer["details"]["proposal_id"])


def propose_for_two(desk: Desk) -> Proposal:
    """A recipient that both owners must see."""
    review = {"all": [{"role": "workspace-owner", "min": 2}], "deny": 1}
    more = {"decision_on_true": "REVIEW", "expression": "", "review_expression": review}
    made = desk.person("alice").ask("add", "/policies", policy_details(new_id()) | more)
    desk.person("carol").done("approve", *ballot(of(made)))
    desk.person("dave").done("approve", *ballot(of(made)))
    recipient = {"id": new_id(), "type": "company", "name": "A bank"}
    return of(desk.person("alice").ask("add", "/recipients", recipient))


def of(answer: dict[str, Any]) -> Proposal:
    return Proposal.objects.get(id=answer["details"]["proposal_id"])


def ballot(proposal: Proposal, **more: object) -> tuple[str, dict[str, object]]:
    return f"/proposals/{proposal.id}", {"proposal_hash": proposal.hash} | more


def refused(answer: dict[str, Any], code: str, status: str = "failed") -> None:
    assert (answer["status"], answer["error_code"]) == (status, code), answer


# Reading.


def test_shows_everything_that_a_voter_needs(owners: Desk) -> None:
    alice, carol, gid = owners.person("alice"), owners.person("carol"), new_id()
    proposal = propose(owners, gid)
    shown = carol.done("get", f"/proposals/{proposal.id}", {})
    sign1 = base64.b64decode(shown["request_sign1"])
    expected = evidence.proposal_hash(
        scope=owners.scope_id,
        proposal=proposal.id,
        request_sign1=sign1,
        policy=proposal.policy_id,
        policy_version=shown["policy_version"],
        review_expression=shown["review_expression"],
        expires_at=shown["expires_at"],
    )
    assert shown["proposal_hash"] == expected.hex()
    inner = cose.read_signed_request(sign1)
    cose.verify_signed_request(inner, ecdsa_p256.parse_public(shown["proposer_signature_pubkey"]))
    assert json.loads(inner.payload)["details"]["gid"] == gid
    assert shown["tenant"] == str(owners.scope_id)
    assert shown["policy_id"] == str(proposal.policy_id)
    assert shown["policy"]["plid"] == str(proposal.policy_id)
    assert (shown["state"], shown["action"], shown["resource"]) == ("pending", "add", "/groups")
    assert (shown["proposer_id"], shown["proposer_device_uuid"]) == (alice.uid, alice.did)
    assert shown["request_is_attested"] is False
    assert shown["changes"][0]["command"] == "group.create"
    assert shown["votes"] == []
    assert len(shown["missing"]) == 1
    assert {row["username"] for row in shown["eligible"]} == {
        "carol@example.test",
        "dave@example.test",
    }
    assert {row["reason"] for row in shown["ineligible"]} == {
        "proposed it",
        "has no right to approve this kind of change",
    }
    assert "outcome" not in shown


def test_names_the_key_that_signed_though_the_device_has_another_by_now(owners: Desk) -> None:
    alice, carol, proposal = owners.person("alice"), owners.person("carol"), propose(owners)
    path = f"/users/{alice.uid}/devices/{alice.did}"
    later = owners.now + timedelta(minutes=1)
    change = {"action": "edit", "resource": path, "details": rotation(alice, keys(30))}
    assert alice.send(change, now=later)["details"]["ecdsa_pubkey"] == keys(30).signature_pubkey
    shown = carol.done("get", f"/proposals/{proposal.id}")
    assert shown["proposer_signature_pubkey"] == alice.keys.signature_pubkey


def test_names_the_one_time_key_of_a_device_that_wants_to_join(owners: Desk) -> None:
    alice, carol = owners.person("alice"), owners.person("carol")
    review = {"all": [{"role": "workspace-owner", "min": 1}], "deny": 1}
    more = {"decision_on_true": "REVIEW", "expression": "", "review_expression": review}
    more |= {"resource": "/account-management/authorize"}
    made = alice.ask("add", "/policies", policy_details(new_id()) | more)
    carol.done("approve", *ballot(of(made)))
    for password, is_attested in (("", False), ("correct horse", True)):
        holder = owners.invited(f"erin{is_attested}@example.test")
        proposal = of(holder.authorize(password=password))
        shown = carol.done("get", f"/proposals/{proposal.id}")
        assert shown["request_is_attested"] is is_attested
        expected = None if is_attested else holder.one_time_key.public.hex
        assert shown["proposer_signature_pubkey"] == expected


def test_lists_proposals_by_filter(owners: Desk) -> None:
    alice, carol = owners.person("alice"), owners.person("carol")
    first, second = propose(owners), propose(owners)
    carol.done("approve", *ballot(first))

    def found(person: Person, **filters: object) -> list[str]:
        answer = person.ask("get", "/proposals", {"filters": filters})
        assert answer["metadata"]["total_count"] == len(answer["details"])
        return [row["proposal_id"] for row in answer["details"]]

    assert found(carol) == [str(first.id), str(second.id)]
    assert found(carol, state="pending") == [str(second.id)]
    assert found(carol, state="executed") == [str(first.id)]
    assert found(carol, resource="/groups", state="rejected") == []
    assert found(carol, waiting_for_me=True) == [str(second.id)]
    assert found(carol, mine=True) == []
    assert found(alice, waiting_for_me=True) == []
    assert found(alice, mine=True) == [str(first.id), str(second.id)]
    for filters in ({"state": "lost"}, {"mine": "yes"}, {"proposer": alice.uid}):
        refused(carol.ask("get", "/proposals", {"filters": filters}), "-7")


def test_a_proposal_expires_when_read(owners: Desk) -> None:
    carol, proposal = owners.person("carol"), propose(owners)
    request = {"action": "get", "resource": f"/proposals/{proposal.id}"}
    later = owners.now + timedelta(days=7)
    shown = carol.send(request, now=later)["details"]
    assert (shown["state"], shown["missing"]) == ("expired", [])
    path, details = ballot(proposal)
    vote = {"action": "approve", "resource": path, "details": details}
    refused(carol.send(vote, now=later), "-10")


def test_without_a_right_only_own_proposals_are_shown(owners: Desk) -> None:
    bob, proposal = owners.person("bob"), propose(owners)
    unknown = bob.ask("get", f"/proposals/{new_id()}")
    refused(unknown, "-9", "unauthorized")
    assert bob.ask("get", f"/proposals/{proposal.id}") == unknown
    assert bob.ask("get", f"/proposals/{proposal.id}/evidence") == unknown
    refused(bob.ask("get", "/proposals"), "-9", "unauthorized")
    refused(bob.ask("get", "/proposals", {"filters": {"mine": False}}), "-9", "unauthorized")
    assert bob.done("get", "/proposals", {"filters": {"mine": True}}) == []


def test_a_proposer_without_a_right_sees_its_own(owners: Desk) -> None:
    erin = owners.person("erin", "support")
    answer = erin.ask("add", "/users/invite", person_details(new_id()))
    proposal = of(answer)
    assert erin.done("get", f"/proposals/{proposal.id}")["proposer_id"] == erin.uid
    assert erin.done("get", f"/proposals/{proposal.id}/evidence")["format"] == evidence.FORMAT
    listed = erin.done("get", "/proposals", {"filters": {"mine": True}})
    assert [row["proposal_id"] for row in listed] == [str(proposal.id)]


# Votes.


def test_the_deciding_vote_makes_the_change(owners: Desk) -> None:
    alice, carol, gid = owners.person("alice"), owners.person("carol"), new_id()
    proposal = propose(owners, gid)
    assert carol.done("approve", *ballot(proposal)) == {
        "proposal_id": str(proposal.id),
        "state": "executed",
    }
    assert alice.done("get", f"/groups/{gid}")["gid"] == gid
    vote = Vote.objects.get()
    inner = cose.read_signed_request(bytes(vote.evidence))
    cose.verify_signed_request(inner, carol.keys.signature.public)
    shown = carol.done("get", f"/proposals/{proposal.id}")
    assert shown["votes"] == [
        {
            "user_id": carol.uid,
            "username": "carol@example.test",
            "device_uuid": carol.did,
            "decision": "approve",
            "reason": "",
            "cast_at": int(owners.now.timestamp()),
            "retracted_at": None,
            "is_attested": False,
        }
    ]


def test_a_vote_that_does_not_decide_tells_what_is_missing(owners: Desk) -> None:
    carol, dave, proposal = owners.person("carol"), owners.person("dave"), propose_for_two(owners)
    voted = carol.done("approve", *ballot(proposal, reason="seen"))
    assert voted["state"] == "pending"
    assert voted["missing"] == ["needs 1 more workspace-owner"]
    assert carol.done("approve", *ballot(proposal)) == voted
    assert dave.done("approve", *ballot(proposal))["state"] == "executed"
    assert carol.done("approve", *ballot(proposal))["state"] == "executed"


def test_a_rejection_ends_it(owners: Desk) -> None:
    carol, dave, proposal = owners.person("carol"), owners.person("dave"), propose(owners)
    refused(carol.ask("reject", *ballot(proposal)), "-7")
    refused(carol.ask("reject", *ballot(proposal, reason=" ")), "-7")
    voted = carol.done("reject", *ballot(proposal, reason="not needed"))
    assert voted == {"proposal_id": str(proposal.id), "state": "rejected"}
    refused(dave.ask("approve", *ballot(proposal)), "-10", "rejected")
    shown = dave.done("get", f"/proposals/{proposal.id}")
    assert (shown["state"], shown["reason"]) == ("rejected", "not needed")


def test_another_vote_than_before_is_a_conflict(owners: Desk) -> None:
    carol, proposal = owners.person("carol"), propose_for_two(owners)
    carol.done("approve", *ballot(proposal))
    refused(carol.ask("reject", *ballot(proposal, reason="no")), "-10")
    retracted = carol.done("retract", f"/proposals/{proposal.id}", {})
    assert (retracted["state"], retracted["missing"]) == (
        "pending",
        ["needs 2 more workspace-owner"],
    )
    refused(carol.ask("retract", f"/proposals/{proposal.id}"), "-8")
    assert carol.done("reject", *ballot(proposal, reason="no"))["state"] == "rejected"


def test_a_wrong_hash_is_refused(owners: Desk) -> None:
    carol, proposal = owners.person("carol"), propose(owners)
    path = f"/proposals/{proposal.id}"
    for wrong in ("0" * 64, proposal.hash.upper(), proposal.hash[:-1], "", None, 5):
        refused(carol.ask("approve", path, {"proposal_hash": wrong}), "-7")
    refused(carol.ask("approve", path, {}), "-7")
    assert not Vote.objects.exists()


def test_who_may_not_decide_is_told_so(owners: Desk) -> None:
    proposal = propose(owners)
    for name in ("alice", "bob"):
        answer = owners.person(name).ask("approve", *ballot(proposal))
        refused(answer, "-9", "unauthorized")
    assert Proposal.objects.get(id=proposal.id).state == "pending"


def test_bounds_of_a_reason(owners: Desk) -> None:
    carol, proposal = owners.person("carol"), propose(owners)
    refused(carol.ask("approve", *ballot(proposal, reason="x" * 513)), "-7")
    refused(carol.ask("approve", *ballot(proposal, reason="a\x00b")), "-7")
    refused(carol.ask("approve", *ballot(proposal, comment="x")), "-7")


def test_a_proposal_of_a_changed_target_ends_stale(owners: Desk) -> None:
    alice, carol, dave = (owners.person(name) for name in ("alice", "carol", "dave"))
    gid = new_id()
    carol.done("approve", *ballot(propose(owners, gid)))
    first = of(alice.ask("edit", f"/groups/{gid}", {"name": "one"}))
    second = of(alice.ask("edit", f"/groups/{gid}", {"name": "two"}))
    carol.done("approve", *ballot(first))
    answer = dave.ask("approve", *ballot(second))
    refused(answer, "-10")
    assert answer["details"] == {"proposal_id": str(second.id), "state": "stale"}
    assert "stale" in answer["message"]
    assert alice.done("get", f"/groups/{gid}")["name"] == "one"


def test_a_proposal_whose_change_is_refused_ends_failed(owners: Desk) -> None:
    alice, carol, dave = (owners.person(name) for name in ("alice", "carol", "dave"))
    first, second = (
        of(alice.ask("add", "/groups", {"gid": new_id(), "name": "same"})) for _ in range(2)
    )
    carol.done("approve", *ballot(first))
    answer = dave.ask("approve", *ballot(second))
    refused(answer, "-10")
    assert answer["details"]["state"] == "failed"
    assert "name.taken" in answer["message"]


def test_cancels_an_own_proposal(owners: Desk) -> None:
    alice, carol, proposal = owners.person("alice"), owners.person("carol"), propose(owners)
    refused(carol.ask("cancel", f"/proposals/{proposal.id}"), "-9", "unauthorized")
    cancelled = alice.done("cancel", f"/proposals/{proposal.id}", {})
    assert cancelled == {"proposal_id": str(proposal.id), "state": "cancelled"}
    refused(alice.ask("cancel", f"/proposals/{proposal.id}"), "-10")
    refused(carol.ask("approve", *ballot(proposal)), "-10")


def test_a_vote_may_be_repeated_under_a_key(owners: Desk) -> None:
    carol, proposal = owners.person("carol"), propose(owners)
    path, details = ballot(proposal)
    first = carol.ask("approve", path, details, idempotency_key="k")
    assert carol.ask("approve", path, details, idempotency_key="k") == first
    assert Vote.objects.count() == 1


def test_votes_may_share_a_batch(owners: Desk) -> None:
    carol = owners.person("carol")
    first, second, third = (propose(owners) for _ in range(3))
    votes = [
        {"action": "approve", "resource": path, "details": details}
        for path, details in (ballot(first), ballot(second, surplus=1), ballot(third))
    ]
    answers = carol.send({"batch": votes})["batch"]
    assert [each["status"] for each in answers] == ["success", "failed", "success"]
    for proposal in (first, third):
        bundle = carol.done("get", f"/proposals/{proposal.id}/evidence")
        evidence.verify_bundle(bundle)


def test_a_message_says_one_thing_about_a_proposal(owners: Desk) -> None:
    carol, proposal = owners.person("carol"), propose(owners)
    path, details = ballot(proposal, reason="both")
    votes = [
        {"action": action, "resource": path, "details": details} for action in ("approve", "reject")
    ]
    for message in ({"batch": votes}, {"batch": votes[:1], "atomicBatch": votes[1:]}):
        refused(carol.send(message), "-7")
    assert not Vote.objects.exists()


# Outcomes.


def test_the_proposer_takes_the_outcome_once(owners: Desk) -> None:
    alice, carol, uid = owners.person("alice"), owners.person("carol"), new_id()
    proposal = of(alice.ask("add", "/users/invite", person_details(uid)))
    carol.done("approve", *ballot(proposal))
    path = f"/proposals/{proposal.id}"
    seen = carol.done("get", path)
    assert (seen["has_outcome"], "outcome" in seen) == (True, False)
    (invited,) = alice.done("get", path)["outcome"]
    assert invited["uid"] == uid
    assert invited["invite_string"].startswith("inv_")
    assert len(invited["oneTimePrivateKey"]) == 64
    assert "outcome" not in alice.done("get", path)
    for person in (alice, carol):
        assert invited["invite_string"] not in json.dumps(person.done("get", path))


def test_a_lost_outcome_can_be_asked_for_again_under_a_key(owners: Desk) -> None:
    alice, carol = owners.person("alice"), owners.person("carol")
    proposal = of(alice.ask("add", "/users/invite", person_details(new_id())))
    carol.done("approve", *ballot(proposal))
    path = f"/proposals/{proposal.id}"
    first = alice.ask("get", path, {}, idempotency_key="k")
    assert "outcome" in first["details"]
    assert alice.ask("get", path, {}, idempotency_key="k") == first


def test_the_outcome_of_an_api_user_names_its_device(owners: Desk) -> None:
    alice, carol = owners.person("alice"), owners.person("carol")
    proposal = of(alice.ask("add", "/users", program_details(new_id())))
    shown = carol.done("get", f"/proposals/{proposal.id}")
    assert "registration" not in shown["changes"][0]["details"]
    carol.done("approve", *ballot(proposal))
    (made,) = alice.done("get", f"/proposals/{proposal.id}")["outcome"]
    assert made["ecdsa_pubkey"] == keys(30).signature_pubkey
    assert made["server_ecdsa_pubkey"] == owners.client_keys().signature_hex


# Evidence.


def test_the_evidence_verifies_offline(owners: Desk) -> None:
    carol, proposal = owners.person("carol"), propose_for_two(owners)
    carol.done("approve", *ballot(proposal))
    owners.person("dave").done("approve", *ballot(proposal))
    bundle = carol.done("get", f"/proposals/{proposal.id}/evidence", {})
    key = owners.client_keys().signature_hex
    report = evidence.verify_bundle(json.loads(json.dumps(bundle)), expected_server_key=key)
    assert report.state == "executed"
    assert len(report.votes) == 2
    assert all(vote.signed_by == "device" and vote.is_counted for vote in report.votes)


def test_the_evidence_of_an_atomic_batch_verifies_offline(owners: Desk) -> None:
    alice, carol = owners.person("alice"), owners.person("carol")
    parts = [
        {"action": "add", "resource": "/groups", "details": group_details(new_id(), name=name)}
        for name in ("one", "two")
    ]
    proposal = of(alice.send({"atomicBatch": parts})["atomicBatch"][0])
    carol.done("approve", *ballot(proposal))
    bundle = carol.done("get", f"/proposals/{proposal.id}/evidence", {})
    assert evidence.verify_bundle(bundle).state == "executed"


def test_the_evidence_of_an_invited_api_user_verifies_offline(owners: Desk) -> None:
    alice, carol = owners.person("alice"), owners.person("carol")
    details = program_details(new_id(), user_category="api")
    proposal = of(alice.ask("add", "/users/invite", details))
    carol.done("approve", *ballot(proposal))
    bundle = carol.done("get", f"/proposals/{proposal.id}/evidence", {})
    assert evidence.verify_bundle(bundle).state == "executed"
