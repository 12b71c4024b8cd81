"""The one door: permission, policy, proposal, votes, one effect."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.errors import GrantTooWide, LastOwnerDevice
from accounts.models import Device, User
from accounts.services import role_assignments
from identity import ids
from identity.errors import Forbidden, Invalid, Missing
from identity.scoping import current
from identity.sdk.keys import DeviceKeys
from invitations import errors
from invitations.decision.expression import ExpressionInvalid
from invitations.models import Effect, Policy, Proposal, Vote
from invitations.services import governance, proposals, votes
from invitations.services.governance import Done, Pending, Step
from tests import acts, cast

pytestmark = pytest.mark.django_db

TWO_OWNERS = '{"all":[{"min":2,"role":"workspace-owner"}],"deny":1}'
ONE_OWNER = '{"all":[{"min":1,"role":"workspace-owner"}],"deny":1}'


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    return world.member("alice", "super-admin", "workspace-owner")


@pytest.fixture
def bob(world: cast.World) -> cast.Member:
    return world.member("bob", "workspace-owner")


def policy(member: cast.Member, **changes: Any) -> Done | Pending:
    details = {
        "policy": str(ids.new()),
        "name": "rule",
        "resource": "/groups",
        "action": "add",
        "decision_on_true": "REVIEW",
        "review_expression": ONE_OWNER,
    }
    return acts.submit(member, "policy.create", **(details | changes))


def group(member: cast.Member, **changes: Any) -> Done | Pending:
    details = {"group": str(ids.new()), "name": "security"}
    return acts.submit(member, "group.create", **(details | changes))


def test_refuses_who_lacks_the_permission(world: cast.World, bob: cast.Member) -> None:
    with pytest.raises(Forbidden):
        group(bob)


def test_lets_a_lone_owner_act(alice: cast.Member) -> None:
    assert isinstance(group(alice), Done)


def test_asks_a_second_person_as_soon_as_there_is_one(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    waiting = acts.proposal(world, group(alice))
    assert waiting.state == "pending"
    assert acts.approve(bob, waiting.id).state == "executed"
    with cast.in_scope(world):
        assert Effect.objects.filter(proposal=waiting).count() == 1


def test_never_lets_the_proposer_decide(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    waiting = acts.proposal(world, group(alice))
    with pytest.raises(errors.NotEligible):
        acts.approve(alice, waiting.id)


def test_gives_the_same_vote_the_same_answer_and_refuses_the_other(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    world.member("third", "workspace-owner")
    policy_answer = policy(alice, review_expression=TWO_OWNERS)
    waiting = acts.proposal(world, policy_answer)
    acts.approve(bob, waiting.id)
    acts.approve(bob, waiting.id)
    with cast.in_scope(world):
        assert Vote.objects.filter(proposal=waiting).count() == 1
    with pytest.raises(errors.AlreadyVoted):
        acts.reject(bob, waiting.id)


def test_refuses_a_vote_on_another_hash(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    waiting = acts.proposal(world, group(alice))
    by = acts.as_actor(bob)
    with cast.in_scope(world), pytest.raises(errors.ProposalHashDiffers):
        votes.approve(
            proposal_id=waiting.id,
            proposal_hash="00" * 32,
            reason="",
            by=by,
            now=acts.now(),
            evidence=acts.SIGNED,
        )


def test_fails_at_once_when_the_quorum_can_not_be_reached(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    with pytest.raises(errors.QuorumUnreachable):
        policy(alice, review_expression='{"all":[{"min":3,"role":"workspace-owner"}],"deny":1}')


def test_needs_the_old_and_the_new_quorum_for_a_policy(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    charlie = world.member("third", "workspace-owner")
    plid = str(ids.new())
    created = acts.proposal(world, policy(alice, policy=plid, review_expression=TWO_OWNERS))
    acts.approve(bob, created.id)
    assert acts.approve(charlie, created.id).state == "executed"
    lowered = acts.proposal(
        world, acts.submit(alice, "policy.edit", policy=plid, review_expression=ONE_OWNER)
    )
    assert acts.approve(bob, lowered.id).state == "pending"
    assert acts.approve(charlie, lowered.id).state == "executed"


def test_refuses_to_change_a_locked_policy(world: cast.World, alice: cast.Member) -> None:
    with cast.in_scope(world):
        locked = Policy.objects.filter(is_locked=True).first()
    assert locked is not None
    with pytest.raises(errors.PolicyLocked):
        acts.submit(alice, "policy.delete", policy=str(locked.public_id))


def test_ends_stale_when_its_policy_changes(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    with cast.in_scope(world):
        waiting = acts.proposal(world, group(alice))
        Policy.objects.filter(public_id=waiting.policy_id).update(version=7)
    assert acts.approve(bob, waiting.id).state == "stale"


def test_ends_stale_when_its_target_changes(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    gid = str(ids.new())
    acts.approve(bob, acts.proposal(world, group(alice, group=gid)).id)
    first = acts.proposal(world, acts.submit(alice, "group.edit", group=gid, name="first"))
    second = acts.proposal(world, acts.submit(alice, "group.edit", group=gid, name="second"))
    assert acts.approve(bob, first.id).state == "executed"
    assert acts.approve(bob, second.id).state == "stale"


def test_ends_stale_when_the_proposer_lost_the_right(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    maintainer = world.member("maintainer", "workspace-maintainer")
    waiting = acts.proposal(world, group(maintainer))
    with cast.in_scope(world):
        role_assignments.withdraw(
            user_id=maintainer.user.id,
            role="workspace-maintainer",
            by=world.system,
            now=acts.now(),
        )
    assert acts.approve(bob, waiting.id).state == "stale"


def test_counts_standing_at_the_deciding_vote(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    third = world.member("third", "workspace-owner")
    fourth = world.member("fourth", "workspace-owner")
    waiting = acts.proposal(world, policy(alice, review_expression=TWO_OWNERS))
    acts.approve(bob, waiting.id)
    with cast.in_scope(world):
        User.objects.filter(id=bob.user.id).update(status="disabled")
    assert acts.approve(third, waiting.id).state == "pending"
    assert acts.approve(fourth, waiting.id).state == "executed"


def test_does_not_count_a_role_gained_after_a_policy_change_was_proposed(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    waiting = acts.proposal(world, policy(alice))
    late = world.member("late", "workspace-owner")
    with pytest.raises(errors.NotEligible):
        acts.approve(late, waiting.id)


def test_does_not_count_whose_rights_it_raises(world: cast.World, alice: cast.Member) -> None:
    bob = world.member("bob", "security-officer", "workspace-owner")
    # With bob out of the count nobody is left to ask: two owners can't promote one of them.
    with pytest.raises(errors.QuorumUnreachable):
        acts.submit(alice, "role.grant", user=bob.uid, role="super-admin")
    third = world.member("third", "workspace-owner")
    waiting = acts.proposal(
        world, acts.submit(alice, "role.grant", user=bob.uid, role="workspace-maintainer")
    )
    with pytest.raises(errors.NotEligible):
        acts.approve(bob, waiting.id)
    assert acts.approve(third, waiting.id).state == "executed"


def test_is_ended_by_a_rejection_with_a_reason(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    waiting = acts.proposal(world, group(alice))
    with pytest.raises(errors.ReasonNeeded):
        acts.reject(bob, waiting.id, reason=" ")
    assert acts.reject(bob, waiting.id).state == "rejected"
    with pytest.raises(errors.ProposalEnded):
        acts.approve(world.member("third", "super-admin"), waiting.id)


def test_expires_by_the_clock(world: cast.World, alice: cast.Member, bob: cast.Member) -> None:
    waiting = acts.proposal(world, group(alice))
    late = acts.now() + timedelta(days=7, minutes=1)
    with pytest.raises(errors.ProposalEnded):
        acts.approve(bob, waiting.id, at=late)
    with cast.in_scope(world):
        assert proposals.expire_due(by=world.system, now=late) == 1
        assert Proposal.objects.get(id=waiting.id).state == "expired"


def test_is_cancelled_by_its_proposer_only(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    waiting = acts.proposal(world, group(alice))
    with cast.in_scope(world):
        with pytest.raises(Forbidden):
            proposals.cancel(proposal_id=waiting.id, by=acts.as_actor(bob), now=acts.now())
        ended = proposals.cancel(proposal_id=waiting.id, by=acts.as_actor(alice), now=acts.now())
    assert ended.state == "cancelled"


def test_lets_a_vote_be_taken_back_while_pending(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    world.member("third", "workspace-owner")
    waiting = acts.proposal(world, policy(alice, review_expression=TWO_OWNERS))
    acts.approve(bob, waiting.id)
    with cast.in_scope(world):
        votes.retract(proposal_id=waiting.id, by=acts.as_actor(bob), now=acts.now())
        assert Vote.objects.filter(proposal=waiting, retracted_at__isnull=True).count() == 0
    assert acts.reject(bob, waiting.id).state == "rejected"


def test_refuses_a_grant_wider_than_the_granters_own(world: cast.World) -> None:
    maintainer = world.member("maintainer", "workspace-maintainer")
    bob = world.member("bob", "member")
    with pytest.raises(GrantTooWide):
        acts.submit(maintainer, "role.grant", user=bob.uid, role="super-admin")


def test_denies_what_a_policy_denies(world: cast.World, alice: cast.Member) -> None:
    policy(alice, decision_on_true="DENY", review_expression="")
    with pytest.raises(errors.PolicyDenied):
        group(alice)


def test_takes_a_failing_expression_against_the_change(
    world: cast.World, alice: cast.Member
) -> None:
    policy(
        alice,
        decision_on_true="DENY",
        review_expression="",
        expression='details.nowhere == "x"',
    )
    with pytest.raises(errors.PolicyDenied):
        group(alice)


def test_refuses_a_policy_that_can_not_be_read(alice: cast.Member) -> None:
    with pytest.raises(ExpressionInvalid):
        policy(alice, expression="details.x ==")
    with pytest.raises(Invalid):
        policy(alice, decision_on_true="MAYBE")


def test_does_several_steps_as_one(world: cast.World, alice: cast.Member) -> None:
    by = acts.as_actor(alice)
    gid = str(ids.new())
    steps = [
        Step("group.create", {"group": gid, "name": "security"}),
        Step("group.add_member", {"group": gid, "user": str(ids.new())}),
    ]
    with cast.in_scope(world):
        with pytest.raises(Missing):
            governance.submit_together(steps=steps, by=by, now=acts.now(), evidence=acts.SIGNED)
        from accounts.models import Group

        assert Group.objects.count() == 0


def test_fails_without_a_trace_when_the_effect_is_refused(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    gid = str(ids.new())
    first = acts.proposal(world, group(alice, group=gid, name="one"))
    second = acts.proposal(world, group(alice, name="one"))
    assert acts.approve(bob, first.id).state == "executed"
    assert acts.approve(bob, second.id).state == "failed"
    with cast.in_scope(world):
        assert not Effect.objects.filter(proposal=second).exists()


def test_shows_the_outcome_to_its_proposer_once(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    answer = acts.submit(alice, "user.invite", user=str(ids.new()), email="newcomer@example.test")
    waiting = acts.proposal(world, answer)
    acts.approve(bob, waiting.id)
    with cast.in_scope(world):
        now = acts.now()
        assert (
            proposals.take_outcome(proposal_id=waiting.id, by=acts.as_actor(bob), now=now) is None
        )
        mine = acts.as_actor(alice)
        outcome = proposals.take_outcome(proposal_id=waiting.id, by=mine, now=now)
        assert outcome is not None
        assert outcome[0]["invite_string"].startswith("inv_")
        assert proposals.take_outcome(proposal_id=waiting.id, by=mine, now=now) is None


def test_counts_no_program_that_the_proposer_made(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    with cast.in_scope(world):
        User.objects.filter(id=bob.user.id).update(kind="program", created_by=alice.user.id)
    answer = group(alice)
    assert isinstance(answer, Done)  # Nobody may decide, so the lone owner does.


def test_gives_old_votes_no_weight_where_the_scope_says_so() -> None:
    world = cast.world(vote_minutes=10)
    alice = world.member("alice", "super-admin", "workspace-owner")
    bob, third = world.member("bob", "workspace-owner"), world.member("third", "workspace-owner")
    waiting = acts.proposal(world, policy(alice, review_expression=TWO_OWNERS))
    acts.approve(bob, waiting.id)
    later = acts.now() + timedelta(minutes=11)
    assert acts.approve(third, waiting.id, at=later).state == "pending"
    assert acts.approve(bob, waiting.id, at=later).state == "executed"


def test_revokes_the_last_device_of_the_last_owner_with_a_second_person_only(
    world: cast.World, alice: cast.Member
) -> None:
    with pytest.raises(LastOwnerDevice):
        acts.submit(
            alice, "device.revoke", user=alice.uid, device=str(alice.device.id), reason="lost"
        )
    officer = world.member("officer", "security-officer")
    second = world.member("second", "security-officer")
    waiting = acts.proposal(
        world,
        acts.submit(
            officer, "device.revoke", user=alice.uid, device=str(alice.device.id), reason="lost"
        ),
    )
    assert acts.approve(second, waiting.id).state == "executed"
    with cast.in_scope(world):
        assert Device.objects.get(id=alice.device.id).status == "revoked"


def made_by(program: cast.Member, maker: cast.Member) -> None:
    with current.in_scope(program.user.scope_id):
        User.objects.filter(id=program.user.id).update(kind="program", created_by=maker.user.id)


def test_does_not_let_a_person_approve_what_its_program_proposed(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    robot = world.member("robot", "workspace-maintainer")
    second = world.member("second", "workspace-maintainer")
    made_by(robot, alice)
    made_by(second, robot)  # A program made by a program is still alice's.
    for program in (robot, second):
        waiting = acts.proposal(world, group(program, name=program.uid))
        with pytest.raises(errors.NotEligible):
            acts.approve(alice, waiting.id)
        assert acts.approve(bob, waiting.id).state == "executed"


def test_counts_a_person_and_its_program_once(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    robot = world.member("robot", "workspace-owner")
    made_by(robot, bob)
    two = '{"all":[{"min":2,"role":"workspace-owner"}],"api":true,"deny":1}'
    with pytest.raises(errors.QuorumUnreachable):
        policy(alice, review_expression=two)
    third = world.member("third", "workspace-owner")
    waiting = acts.proposal(world, policy(alice, review_expression=two))
    acts.approve(bob, waiting.id)
    assert acts.approve(robot, waiting.id).state == "pending"
    assert acts.approve(third, waiting.id).state == "executed"


def test_lets_no_holder_of_a_role_approve_its_widening(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    third = world.member("third", "workspace-owner")
    rid = str(ids.new())
    made = acts.proposal(world, acts.submit(alice, "role.create", role=rid, name="guest", rules=[]))
    assert acts.approve(bob, made.id).state == "executed"
    granted = acts.proposal(world, acts.submit(alice, "role.grant", user=bob.uid, role=rid))
    assert acts.approve(third, granted.id).state == "executed"
    widened = acts.proposal(world, acts.submit(alice, "role.edit", role=rid, name="host"))
    with pytest.raises(errors.NotEligible):
        acts.approve(bob, widened.id)
    assert acts.approve(third, widened.id).state == "executed"


@pytest.mark.parametrize("is_governed", [True, False])
def test_asks_a_second_person_before_an_approver_is_shut_out(*, is_governed: bool) -> None:
    world = cast.world(governance=is_governed)
    alice = world.member("alice", "super-admin", "workspace-owner")
    bob = world.member("bob", "workspace-owner")
    world.member("third", "workspace-owner")
    for answer in (
        acts.submit(alice, "user.edit", user=bob.uid, status="disabled"),
        acts.submit(alice, "user.delete", user=bob.uid),
    ):
        assert isinstance(answer, Pending)


def test_reviews_somebody_elses_address(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    answer = acts.submit(alice, "user.edit", user=bob.uid, email="else@example.test")
    assert isinstance(answer, Pending)


def test_bounds_the_open_proposals_of_one_person(
    world: cast.World, alice: cast.Member, bob: cast.Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proposals, "MOST_PENDING", 2)
    for name in ("one", "two"):
        assert isinstance(group(alice, name=name), Pending)
    with pytest.raises(errors.TooManyProposals):
        group(alice, name="three")


def test_does_not_suspend_an_approver_on_alarm() -> None:
    world = cast.world(suspend_on_alarm=True)
    world.member("alice", "super-admin", "workspace-owner")
    bundle = acts.invitation(world, "bob@example.test", "workspace-owner")
    acts.authorize(world, bundle, DeviceKeys.generate())
    with pytest.raises(errors.InvitationInvalid):
        acts.authorize(world, bundle, DeviceKeys.generate())
    with cast.in_scope(world):
        assert not Device.objects.exclude(status="active").exists()
