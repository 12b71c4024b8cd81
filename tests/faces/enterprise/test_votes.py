"""Votes on `/proposals/{id}`: approve, reject, retract, and cancel."""

from identity.crypto import cose, evidence
from invitations.models import Proposal, Vote
from tests.faces.enterprise.desk import Desk, refused
from tests.faces.enterprise.examples import (
    new_id,
)
from tests.faces.enterprise.proposing import ballot, of, propose, propose_for_two


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
    refused(dave.ask("approve", *ballot(proposal)), "-10", status="rejected")
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
        refused(answer, "-9", status="unauthorized")
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
    refused(carol.ask("cancel", f"/proposals/{proposal.id}"), "-9", status="unauthorized")
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
