"""Inviting again: the old link ends, whatever became of it."""

from datetime import timedelta
from uuid import UUID

import pytest

from identity.errors import Conflict, Missing
from identity.sdk.keys import DeviceKeys
from invitations import errors
from invitations.models import Invitation
from invitations.services import governance, invitations, resending
from invitations.services.governance import Done, Step
from tests import acts, cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    return world.member("alice", "super-admin")


def again(world: cast.World, invitation: str, *, is_for_further_device: bool = False) -> Step:
    with cast.in_scope(world):
        return resending.again(
            invitation_id=UUID(invitation),
            now=acts.now(),
            hours=2,
            is_for_further_device=is_for_further_device,
        )


def resent(world: cast.World, member: cast.Member, step: Step) -> dict[str, str]:
    with cast.in_scope(world):
        answer = governance.submit(
            action=step.action,
            details=step.details,
            by=acts.as_actor(member),
            now=acts.now(),
            evidence=acts.SIGNED,
        )
    assert isinstance(answer, Done)
    return dict(answer.result)


@pytest.mark.parametrize("state", ["open", "expired", "revoked", "locked"])
def test_replaces_an_invitation_in_any_state(
    world: cast.World, alice: cast.Member, state: str
) -> None:
    old = acts.invitation(world, "new@example.test")
    with cast.in_scope(world):
        row = Invitation.objects.get()
        if state == "expired":
            row.expires_at = acts.now() - timedelta(seconds=1)
        else:
            row.state = state
        row.save()
    new = resent(world, alice, again(world, old["invitation"]))
    assert new["user"] == old["user"]
    with pytest.raises(errors.InvitationInvalid):
        acts.authorize(world, old, DeviceKeys.generate())
    acts.authorize(world, new, DeviceKeys.generate())


def test_asks_before_it_invites_for_a_further_device(world: cast.World, alice: cast.Member) -> None:
    old = acts.invitation(world, "new@example.test")
    acts.authorize(world, old, DeviceKeys.generate())
    with pytest.raises(errors.PersonHasJoined):
        again(world, old["invitation"])
    step = again(world, old["invitation"], is_for_further_device=True)
    new = resent(world, alice, step)
    acts.authorize(world, new, DeviceKeys.generate())


def test_refuses_what_is_not_there_or_is_being_decided(world: cast.World) -> None:
    with pytest.raises(Missing):
        again(world, str(UUID(int=1)))
    old = acts.invitation(world, "new@example.test")
    with cast.in_scope(world):
        Invitation.objects.update(state="pending", proposal_id=UUID(int=1))
    with pytest.raises(Conflict):
        again(world, old["invitation"])


def test_refuses_disabled_people(world: cast.World, alice: cast.Member) -> None:
    old = acts.invitation(world, "new@example.test")
    with cast.in_scope(world):
        invitations.locked(UUID(old["invitation"]))
    assert isinstance(acts.submit(alice, "user.edit", user=old["user"], status="disabled"), Done)
    with pytest.raises(Conflict):
        resent(world, alice, again(world, old["invitation"]))
