"""`/proposals[/{id}]` as it is read: by voters, and by its proposer."""

import base64
import json
from datetime import timedelta

from identity.crypto import cose, ecdsa_p256, evidence
from tests.faces.enterprise.desk import Desk, Person, keys, refused
from tests.faces.enterprise.examples import (
    new_id,
    person_details,
    policy_details,
    program_details,
    rotation,
)
from tests.faces.enterprise.proposing import ballot, of, propose


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
    # Who may approve nothing at all is not listed.
    assert {row["reason"] for row in shown["ineligible"]} == {"proposed it"}
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
    refused(unknown, "-9", status="unauthorized")
    assert bob.ask("get", f"/proposals/{proposal.id}") == unknown
    assert bob.ask("get", f"/proposals/{proposal.id}/evidence") == unknown
    refused(bob.ask("get", "/proposals"), "-9", status="unauthorized")
    refused(bob.ask("get", "/proposals", {"filters": {"mine": False}}), "-9", status="unauthorized")
    assert bob.done("get", "/proposals", {"filters": {"mine": True}}) == []


def test_a_proposer_without_a_right_sees_its_own(owners: Desk) -> None:
    erin = owners.person("erin", "support")
    answer = erin.ask("add", "/users/invite", person_details(new_id()))
    proposal = of(answer)
    assert erin.done("get", f"/proposals/{proposal.id}")["proposer_id"] == erin.uid
    assert erin.done("get", f"/proposals/{proposal.id}/evidence")["format"] == evidence.FORMAT
    listed = erin.done("get", "/proposals", {"filters": {"mine": True}})
    assert [row["proposal_id"] for row in listed] == [str(proposal.id)]


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
