"""Of many deciding votes at the same time one makes the change, and makes it once."""

from typing import Any
from uuid import UUID

import pytest

from accounts.models import Group
from identity import ids
from identity.errors import DomainError
from identity.models import AuditEvent
from identity.scoping import current
from identity.sdk.keys import DeviceKeys
from identity.services import audit_trail
from invitations.errors import ProposalEnded
from invitations.models import Effect, Policy, Proposal, Vote
from invitations.services import proposals, votes
from tests import acts, cast
from tests.races import key_pool, together

COUNT = 50

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> cast.World:
    deal = key_pool.dealer(COUNT + 1)
    monkeypatch.setattr(DeviceKeys, "generate", deal)
    return cast.world()


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    return world.member("alice", "super-admin", "workspace-owner")


def owners(world: cast.World, count: int) -> list[cast.Member]:
    return [world.member(f"owner{number}", "workspace-owner") for number in range(count)]


def group_proposed(world: cast.World, alice: cast.Member) -> Proposal:
    answer = acts.submit(alice, "group.create", group=str(ids.new()), name="security")
    return acts.proposal(world, answer)


def cast_vote(member: cast.Member, proposal: Proposal, decision: str) -> str:
    """The state after the vote, or the refusal's code. The hash was read before the race."""
    by = acts.as_actor(member)
    act = votes.approve if decision == "approve" else votes.reject
    with current.in_scope(by.scope_id):
        try:
            counted = act(
                proposal_id=proposal.id,
                proposal_hash=proposal.hash,
                reason="because",
                by=by,
                now=acts.now(),
                evidence=acts.SIGNED,
            )
        except DomainError as refusal:
            return refusal.code
    return str(counted.proposal.state)


def require_one_effect(world: cast.World, proposal_id: UUID) -> None:
    with cast.in_scope(world):
        assert Proposal.objects.get(id=proposal_id).state == "executed"
        assert Effect.objects.count() == 1
        assert Group.objects.count() == 1
        for name in ("proposal.executed", "group.created"):
            assert AuditEvent.objects.filter(name=name).count() == 1, name
        audit_trail.verify()


def ended(world: cast.World, proposal_id: UUID) -> Any:
    with cast.in_scope(world):
        return Proposal.objects.get(id=proposal_id)


def test_fifty_voters_who_would_each_decide_make_one_effect(
    world: cast.World, alice: cast.Member
) -> None:
    voters = owners(world, COUNT)
    waiting = group_proposed(world, alice)
    ends = together.run(lambda number: cast_vote(voters[number], waiting, "approve"), count=COUNT)
    assert sorted(ends) == ["executed"] + [ProposalEnded.code] * (COUNT - 1)
    require_one_effect(world, waiting.id)
    with cast.in_scope(world):
        assert Vote.objects.count() == 1


def test_one_voter_fifty_times_is_one_vote_and_one_effect(
    world: cast.World, alice: cast.Member
) -> None:
    (bob,) = owners(world, 1)
    waiting = group_proposed(world, alice)
    ends = together.run(lambda _: cast_vote(bob, waiting, "approve"), count=COUNT)
    # The same vote again gets the same answer.
    assert ends == ["executed"] * COUNT
    require_one_effect(world, waiting.id)
    with cast.in_scope(world):
        assert Vote.objects.count() == 1


def test_two_are_enough_where_two_are_asked(world: cast.World, alice: cast.Member) -> None:
    voters = owners(world, 20)
    with cast.in_scope(world):
        for policy in Policy.objects.filter(is_locked=True):
            policy.review_expression = '{"all":[{"min":2,"role":"workspace-owner"}],"deny":1}'
            policy.save()
    waiting = group_proposed(world, alice)
    ends = together.run(lambda number: cast_vote(voters[number], waiting, "approve"), count=20)
    assert sorted(ends) == ["executed", "pending"] + [ProposalEnded.code] * 18
    require_one_effect(world, waiting.id)
    with cast.in_scope(world):
        assert Vote.objects.count() == 2


def test_yes_and_no_together_end_it_one_way(world: cast.World, alice: cast.Member) -> None:
    voters = owners(world, 20)
    waiting = group_proposed(world, alice)
    words = ("approve", "reject")
    ends = together.run(
        lambda number: cast_vote(voters[number], waiting, words[number % 2]), count=20
    )
    state = ended(world, waiting.id).state
    assert state in {"executed", "rejected"}
    assert sorted(ends) == sorted([state, *[ProposalEnded.code] * 19])
    with cast.in_scope(world):
        made = int(state == "executed")
        assert (Effect.objects.count(), Group.objects.count()) == (made, made)


def test_one_voter_who_says_both_at_once_has_one_vote(
    world: cast.World, alice: cast.Member
) -> None:
    (bob,) = owners(world, 1)
    waiting = group_proposed(world, alice)
    words = ("approve", "reject")
    ends = together.run(lambda number: cast_vote(bob, waiting, words[number % 2]), count=20)
    state = ended(world, waiting.id).state
    assert ends.count(state) == 10, ends
    with cast.in_scope(world):
        assert Vote.objects.count() == 1
        made = int(state == "executed")
        assert (Effect.objects.count(), Group.objects.count()) == (made, made)


def test_a_vote_and_a_cancellation_together_end_it_one_way(
    world: cast.World, alice: cast.Member
) -> None:
    voters = owners(world, 10)
    waiting = group_proposed(world, alice)

    def act(number: int) -> str:
        if number < 10:
            return cast_vote(voters[number], waiting, "approve")
        by = acts.as_actor(alice)
        with cast.in_scope(world):
            try:
                return str(proposals.cancel(proposal_id=waiting.id, by=by, now=acts.now()).state)
            except DomainError as refusal:
                return refusal.code

    ends = together.run(act, count=20)
    state = ended(world, waiting.id).state
    assert sorted(ends) == sorted([state, *[ProposalEnded.code] * 19])
    with cast.in_scope(world):
        made = int(state == "executed")
        assert (Effect.objects.count(), Group.objects.count()) == (made, made)


def test_a_vote_and_its_retraction_together_leave_a_whole_proposal(
    world: cast.World, alice: cast.Member
) -> None:
    (bob,) = owners(world, 1)
    waiting = group_proposed(world, alice)

    def act(number: int) -> str:
        if number % 2:
            return cast_vote(bob, waiting, "approve")
        by = acts.as_actor(bob)
        with cast.in_scope(world):
            try:
                votes.retract(proposal_id=waiting.id, by=by, now=acts.now())
            except DomainError as refusal:
                return refusal.code
        return "retracted"

    ends = together.run(act, count=20)
    # The one vote decides at once, so nobody ever takes it back.
    assert ends.count("executed") == 10
    assert set(ends) <= {"executed", "missing", ProposalEnded.code}
    require_one_effect(world, waiting.id)
