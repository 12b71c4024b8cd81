"""Of many authorizations with one invitation at the same time one makes a device."""

import pytest

from accounts.models import Device, KnownKey, User
from identity import ids
from identity.models import AuditEvent
from identity.services import audit_trail
from invitations.errors import InvitationInvalid
from invitations.models import Invitation, Proposal
from invitations.services.governance import Done, Pending
from tests import acts, cast
from tests.races import key_pool, together

COUNT = 50
REVIEW = '{"all":[{"min":1,"role":"workspace-owner"}],"deny":1}'

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    return cast.world()


def events(name: str) -> int:
    return AuditEvent.objects.filter(name=name).count()


def require_one_device(world: cast.World, answer: Done) -> None:
    with cast.in_scope(world):
        device = Device.objects.get()
        invitation = Invitation.objects.get()
        assert str(device.id) == answer.result["device"]["id"]
        assert (invitation.state, invitation.device_id) == ("used", device.id)
        assert set(KnownKey.objects.values_list("device_id", flat=True)) == {device.id}
        assert KnownKey.objects.count() == 2
        assert User.objects.get().status == "active"
        assert events("invitation.used") == events("device.registered") == 1
        audit_trail.verify()


def test_fifty_with_different_keys_make_one_device(world: cast.World) -> None:
    bundle = acts.invitation(world, "bob@example.test")
    pairs = key_pool.keys(COUNT)
    ends = together.run(lambda number: acts.authorize(world, bundle, pairs[number]), count=COUNT)
    (winner,) = [end for end in ends if isinstance(end, Done)]
    assert [type(end) for end in ends if end is not winner] == [InvitationInvalid] * (COUNT - 1)
    require_one_device(world, winner)
    with cast.in_scope(world):
        signature_key = pairs[ends.index(winner)].signature_pubkey
        assert Device.objects.get().signature_key == signature_key
        # Forty-nine strangers hold the invitation too: that is told, and told once.
        assert events("invitation.used-again") == 1


def test_fifty_with_the_same_keys_make_one_device_and_get_one_answer(world: cast.World) -> None:
    bundle = acts.invitation(world, "bob@example.test")
    (pair, *_) = key_pool.keys(COUNT)
    ends = together.run(lambda _: acts.authorize(world, bundle, pair), count=COUNT)
    first = ends[0]
    assert isinstance(first, Done), first
    assert [end == first for end in ends] == [True] * COUNT, ends
    require_one_device(world, first)
    with cast.in_scope(world):
        assert events("invitation.used-again") == 0


@pytest.mark.parametrize("is_same", [True, False], ids=["same keys", "different keys"])
def test_fifty_that_need_approval_make_one_proposal(world: cast.World, is_same: bool) -> None:
    alice = world.member("alice", "super-admin", "workspace-owner")
    acts.submit(
        alice,
        "policy.create",
        policy=str(ids.new()),
        name="authorize",
        resource="/account-management/authorize",
        action="add",
        decision_on_true="REVIEW",
        review_expression=REVIEW,
    )
    bundle = acts.invitation(world, "bob@example.test")
    pairs = key_pool.keys(COUNT)
    ends = together.run(
        lambda number: acts.authorize(world, bundle, pairs[0 if is_same else number]), count=COUNT
    )
    waiting = [end for end in ends if isinstance(end, Pending)]
    refused = [end for end in ends if not isinstance(end, Pending)]
    assert {type(end) for end in refused} <= {InvitationInvalid}
    assert len(waiting) == (COUNT if is_same else 1)
    assert len({end.proposal_id for end in waiting}) == 1
    with cast.in_scope(world):
        assert Proposal.objects.count() == 1
        assert Device.objects.exclude(user_id=alice.user.id).count() == 0
    assert acts.approve(alice, waiting[0].proposal_id).state == "executed"
    with cast.in_scope(world):
        assert Device.objects.exclude(user_id=alice.user.id).count() == 1


def test_one_pair_of_keys_with_two_invitations_makes_one_device(world: cast.World) -> None:
    first = acts.invitation(world, "alice@example.test")
    second = acts.invitation(world, "bob@example.test")
    (pair, *_) = key_pool.keys(COUNT)
    ends = together.run(
        lambda number: acts.authorize(world, (first, second)[number % 2], pair), count=20
    )
    # One key belongs to one device, whoever comes first.
    devices = {end.result["device"]["id"] for end in ends if isinstance(end, Done)}
    assert len(devices) == 1
    assert {type(end).__name__ for end in ends} == {"Done", "KeyTaken"}
    with cast.in_scope(world):
        assert Device.objects.count() == 1
        assert sorted(Invitation.objects.values_list("state", flat=True)) == ["open", "used"]
