"""Authorizing a device with an invitation."""

from datetime import timedelta

import pytest

from accounts.errors import KeyInvalid, KeyTaken, PasswordRefused
from accounts.models import Device, User
from identity.models import AuditEvent
from identity.sdk.keys import DeviceKeys
from invitations.errors import InvitationInvalid
from invitations.models import Invitation
from invitations.services.governance import Done, Pending
from tests import acts, cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> cast.World:
    return cast.world()


def devices(world: cast.World) -> int:
    with cast.in_scope(world):
        return Device.objects.count()


def alarms(world: cast.World) -> int:
    with cast.in_scope(world):
        return AuditEvent.objects.filter(name="invitation.used-again").count()


def test_registers_one_device_and_makes_the_user_active(world: cast.World) -> None:
    bundle = acts.invitation(world, "bob@example.test")
    answer = acts.authorize(world, bundle, DeviceKeys.generate())
    assert isinstance(answer, Done)
    with cast.in_scope(world):
        device = Device.objects.get()
        assert str(device.id) == answer.result["device"]["id"]
        assert User.objects.get().status == "active"
        assert Invitation.objects.get().state == "used"


def test_gives_the_same_answer_to_the_same_keys(world: cast.World) -> None:
    bundle, keys = acts.invitation(world, "bob@example.test"), DeviceKeys.generate()
    first = acts.authorize(world, bundle, keys)
    again = acts.authorize(world, bundle, keys, at=acts.now() + timedelta(minutes=14))
    assert first == again
    assert devices(world) == 1
    assert alarms(world) == 0


def test_forgets_the_answer_after_fifteen_minutes(world: cast.World) -> None:
    bundle, keys = acts.invitation(world, "bob@example.test"), DeviceKeys.generate()
    acts.authorize(world, bundle, keys)
    with pytest.raises(InvitationInvalid):
        acts.authorize(world, bundle, keys, at=acts.now() + timedelta(minutes=16))


def test_refuses_other_keys_and_raises_one_alarm(world: cast.World) -> None:
    bundle = acts.invitation(world, "bob@example.test")
    acts.authorize(world, bundle, DeviceKeys.generate())
    for _ in range(3):
        with pytest.raises(InvitationInvalid):
            acts.authorize(world, bundle, DeviceKeys.generate())
    assert devices(world) == 1
    assert alarms(world) == 1


def test_suspends_the_first_device_on_alarm_where_the_scope_says_so() -> None:
    world = cast.world(suspend_on_alarm=True)
    bundle = acts.invitation(world, "bob@example.test")
    acts.authorize(world, bundle, DeviceKeys.generate())
    with pytest.raises(InvitationInvalid):
        acts.authorize(world, bundle, DeviceKeys.generate())
    with cast.in_scope(world):
        assert Device.objects.get().status == "suspended"


@pytest.mark.parametrize(("minutes", "is_valid"), [(72 * 60 - 1, True), (72 * 60 + 1, False)])
def test_judges_expiry_when_it_is_read(world: cast.World, minutes: int, is_valid: bool) -> None:
    bundle = acts.invitation(world, "bob@example.test")
    at = acts.now() + timedelta(minutes=minutes)
    if is_valid:
        acts.authorize(world, bundle, DeviceKeys.generate(), at=at)
    else:
        with pytest.raises(InvitationInvalid):
            acts.authorize(world, bundle, DeviceKeys.generate(), at=at)
    assert devices(world) == int(is_valid)


def test_ends_older_invitations_when_a_new_one_is_issued(world: cast.World) -> None:
    older = acts.invitation(world, "bob@example.test")
    newer = acts.invitation(world, "bob@example.test")
    with pytest.raises(InvitationInvalid):
        acts.authorize(world, older, DeviceKeys.generate())
    assert isinstance(acts.authorize(world, newer, DeviceKeys.generate()), Done)


def test_locks_after_five_wrong_tries(world: cast.World) -> None:
    bundle = acts.invitation(world, "bob@example.test")
    for _ in range(6):
        with pytest.raises(InvitationInvalid):
            acts.authorize(world, bundle, DeviceKeys.generate(), invite_string="inv_wrong")
    with cast.in_scope(world):
        assert Invitation.objects.get().state == "locked"
    with pytest.raises(InvitationInvalid):
        acts.authorize(world, bundle, DeviceKeys.generate())
    assert devices(world) == 0


def test_asks_later_devices_for_the_password(world: cast.World) -> None:
    first = acts.invitation(world, "bob@example.test")
    acts.authorize(world, first, DeviceKeys.generate(), password="correct horse")
    second = acts.invitation(world, "bob@example.test")
    for wrong in ("", "wrong horse"):
        with pytest.raises(PasswordRefused):
            acts.authorize(world, second, DeviceKeys.generate(), password=wrong)
    answer = acts.authorize(world, second, DeviceKeys.generate(), password="correct horse")
    assert isinstance(answer, Done)
    with cast.in_scope(world):
        invitation = Invitation.objects.get(id=second["invitation"])
    assert invitation.wrong_tries == 2


def test_refuses_a_disabled_user(world: cast.World) -> None:
    bundle = acts.invitation(world, "bob@example.test")
    with cast.in_scope(world):
        User.objects.update(status="disabled")
    with pytest.raises(InvitationInvalid):
        acts.authorize(world, bundle, DeviceKeys.generate())


def test_refuses_the_one_time_key_as_a_device_key(world: cast.World) -> None:
    from identity.crypto import ecdsa_p256

    bundle, keys = acts.invitation(world, "bob@example.test"), DeviceKeys.generate()
    one_time = ecdsa_p256.parse_private(bundle["one_time_private_key"])
    with pytest.raises(KeyInvalid):
        acts.authorize(world, bundle, DeviceKeys(one_time, keys.encryption))
    assert devices(world) == 0


def test_takes_a_public_key_once_in_the_whole_deployment(world: cast.World) -> None:
    other, keys = cast.world(), DeviceKeys.generate()
    acts.authorize(other, acts.invitation(other, "charlie@example.test"), keys)
    bundle = acts.invitation(world, "bob@example.test")
    with pytest.raises(KeyTaken):
        acts.authorize(world, bundle, keys)
    with cast.in_scope(world):
        assert Invitation.objects.get().state == "open"


REVIEW = '{"all":[{"min":1,"role":"workspace-owner"}],"deny":1}'


def with_review(world: cast.World) -> cast.Member:
    """alice, who asks that authorizations be reviewed."""
    alice = world.member("alice", "super-admin", "workspace-owner")
    from identity import ids

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
    return alice


def test_waits_for_approval_where_policy_asks_for_it(world: cast.World) -> None:
    alice = with_review(world)
    bundle, keys = acts.invitation(world, "bob@example.test"), DeviceKeys.generate()
    answer = acts.authorize(world, bundle, keys)
    assert isinstance(answer, Pending)
    assert acts.authorize(world, bundle, keys) == answer
    with pytest.raises(InvitationInvalid):
        acts.authorize(world, bundle, DeviceKeys.generate())
    assert devices(world) == 1  # alice's
    assert acts.approve(alice, answer.proposal_id).state == "executed"
    assert isinstance(acts.authorize(world, bundle, keys), Done)
    assert devices(world) == 2


def test_refuses_for_good_when_the_proposal_is_rejected(world: cast.World) -> None:
    alice = with_review(world)
    bundle, keys = acts.invitation(world, "bob@example.test"), DeviceKeys.generate()
    answer = acts.authorize(world, bundle, keys)
    assert isinstance(answer, Pending)
    assert acts.reject(alice, answer.proposal_id).state == "rejected"
    with pytest.raises(InvitationInvalid):
        acts.authorize(world, bundle, keys)
    with cast.in_scope(world):
        assert Invitation.objects.get(id=bundle["invitation"]).state == "refused"


def test_keeps_no_password_in_a_proposal(world: cast.World) -> None:
    with_review(world)
    bundle = acts.invitation(world, "bob@example.test")
    answer = acts.authorize(world, bundle, DeviceKeys.generate(), password="correct horse")
    waiting = acts.proposal(world, answer)
    assert "correct horse" not in str(waiting.commands)
    assert waiting.commands[0]["details"]["password_verifier"].startswith("argon2")
