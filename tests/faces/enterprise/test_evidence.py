"""`get /proposals/{id}/evidence`: bundles that verify offline."""

import json

from identity.crypto import evidence
from tests.faces.enterprise.desk import Desk
from tests.faces.enterprise.examples import (
    group_details,
    new_id,
    program_details,
)
from tests.faces.enterprise.proposing import ballot, of, propose_for_two


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
