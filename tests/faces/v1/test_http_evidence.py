"""A proposal that a device made over HTTP: its own signature is the evidence."""

import time
from datetime import UTC, datetime

import pytest

from identity.crypto import ecdsa_p256, evidence
from identity.sdk import signed_requests
from identity.sdk.errors import NotGenuine
from invitations import queries
from invitations.models import Proposal
from invitations.services import bundles
from tests import cast
from tests.faces.v1.client import Signed


@pytest.fixture
def world(transactional_db: None) -> cast.World:
    return cast.world(governance=False)


def proposed(world: cast.World) -> tuple[cast.Member, cast.Member, Proposal]:
    """alice proposes a group over HTTP, which bob may decide."""
    alice = world.member("alice", "super-admin")
    bob = world.member("bob", "super-admin", "workspace-owner")
    answer = Signed.of(alice, world.scope.slug).post("/groups", {"name": "payers"})
    assert answer.status_code == 202, answer.text
    with cast.in_scope(world):
        return alice, bob, Proposal.objects.get()


def test_names_the_device_and_its_key(world: cast.World) -> None:
    alice, bob, found = proposed(world)
    server_key = world.server.signatures[0]
    statement = bob.client.proposals.read(found.id)
    verified = bob.client.proposals.verify(statement)
    assert verified.device == alice.device.id
    bob.client.proposals.approve(verified)
    with cast.in_scope(world):
        detail = queries.proposal(found.id, now=datetime.now(UTC))
        made = bundles.export(found.id, now=datetime.now(UTC))
    assert (detail.proposer_key, detail.request_is_attested) == (
        alice.session.keys.signature_pubkey,
        False,
    )
    report = evidence.verify_bundle(made, expected_server_key=server_key.hex)
    assert (report.request_signed_by, report.state) == ("device", "executed")
    assert any("RFC 9421" in note for note in report.notes)


def test_the_client_refuses_a_request_of_another_key(world: cast.World) -> None:
    _, _, found = proposed(world)
    with pytest.raises(NotGenuine):
        signed_requests.verify(
            bytes(found.request),
            expected_signer=ecdsa_p256.generate().public,
            named_signer=None,
            server_keys=world.server.signatures,
        )


def test_the_client_refuses_the_statement_of_another_server(world: cast.World) -> None:
    alice, _, found = proposed(world)
    with pytest.raises(NotGenuine):
        signed_requests.verify(
            bytes(found.request),
            expected_signer=None,
            named_signer=alice.session.keys.signature_pubkey,
            server_keys=cast.world().server.signatures,
        )


def test_its_age_is_that_of_the_signature(world: cast.World) -> None:
    alice, _, found = proposed(world)
    keys = [alice.session.keys.signature_pubkey]
    server = [world.server.signatures[0].hex]
    sign1, now = bytes(found.request), int(time.time())
    evidence.verify_http_request(sign1, device_keys=keys, server_keys=server, at=now)
    with pytest.raises(evidence.EvidenceInvalid, match="another time"):
        evidence.verify_http_request(sign1, device_keys=keys, server_keys=server, at=now + 1000)
