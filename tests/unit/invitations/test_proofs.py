"""The request behind a proposal is verified when it is read; what was changed is told."""

import pytest

from identity import ids
from identity.sdk import Pending
from invitations import queries
from invitations.models import Proposal
from invitations.queries import proofs
from tests import acts, cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> cast.World:
    return cast.world()


def proposed(world: cast.World) -> Proposal:
    """A proposal as a device makes it, with a real signature."""
    alice = world.member("alice", "super-admin")
    world.member("bob", "super-admin")
    details = {"uid": str(ids.new()), "email": "carol@example.test", "user_category": "regular"}
    answer = alice.client.request("add", "/users/invite", details)
    assert isinstance(answer, Pending)
    with cast.in_scope(world):
        return Proposal.objects.get(id=str(answer.proposal_id))


def test_verifies_what_a_device_signed(world: cast.World) -> None:
    row = proposed(world)
    with cast.in_scope(world):
        proof = queries.proof_of(row.id)
    assert (proof.is_verified, proof.is_signed_by_device, proof.text) == (
        True,
        True,
        proofs.BY_DEVICE,
    )


def test_finds_a_changed_request(world: cast.World) -> None:
    row = proposed(world)
    changed = bytearray(row.request)
    changed[-1] ^= 1
    row.request = bytes(changed)
    with cast.in_scope(world):
        assert proofs.of_request(row) == proofs.Proof(
            is_verified=False, is_signed_by_device=False, text=proofs.BROKEN
        )


def test_finds_a_request_for_something_else(world: cast.World) -> None:
    row = proposed(world)
    row.resource = "/policies"
    with cast.in_scope(world):
        assert proofs.of_request(row).text == proofs.OTHER


def test_a_text_that_is_no_evidence_does_not_verify(world: cast.World) -> None:
    alice = world.member("alice", "super-admin")
    world.member("bob", "super-admin")
    asked = acts.submit(alice, "group.create", group=str(ids.new()), name="security")
    row = acts.proposal(world, asked)
    with cast.in_scope(world):
        assert not queries.proof_of(row.id).is_verified
