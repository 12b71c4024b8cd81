"""Class 34 of the known attacks: the approval engine is made to approve what people did not.

Nobody has public ids for this class yet; the cases are those that Utila, Paribu and Fireblocks
write rules against: self-approval, a payload swapped after the vote, a quorum lowered in flight, an
approver shut out after voting, a change made twice, a vote replayed, a proposal approved late, and
a crash between "approved" and "done".
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Device, Group, User
from accounts.services import devices, programs, role_assignments, users
from identity import ids
from identity.actor import Actor, ActorKind
from identity.errors import DomainError
from identity.models import AuditEvent
from identity.sdk.channel import Channel
from identity.sdk.keys import DeviceKeys
from invitations import errors
from invitations.models import Effect, Policy, Proposal, Vote
from invitations.services import proposals, votes
from invitations.services.governance import Done, Pending
from tests import acts, cast
from tests.attacks import death

pytestmark = pytest.mark.django_db

TWO_OWNERS = '{"all":[{"min":2,"role":"workspace-owner"}],"deny":1}'
ONE_OWNER = '{"all":[{"min":1,"role":"workspace-owner"}],"deny":1}'
ANYBODY = '{"all":[],"api":true,"deny":1,"min":2}'


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    return world.member("alice", "super-admin", "workspace-owner")


@pytest.fixture
def bob(world: cast.World, alice: cast.Member) -> cast.Member:
    return world.member("bob", "workspace-owner")


def group(member: cast.Member, **changes: Any) -> Done | Pending:
    details = {"group": str(ids.new()), "name": "security"}
    return acts.submit(member, "group.create", **(details | changes))


def policy(member: cast.Member, **changes: Any) -> Done | Pending:
    details = {
        "policy": str(ids.new()),
        "name": "recipients need two",
        "resource": "/recipients",
        "action": "add",
        "decision_on_true": "REVIEW",
        "review_expression": TWO_OWNERS,
    }
    return acts.submit(member, "policy.create", **(details | changes))


def recipient(member: cast.Member) -> Done | Pending:
    return acts.submit(
        member, "recipient.create", recipient=str(ids.new()), kind="company", name="A bank"
    )


def needs_two(world: cast.World, alice: cast.Member, *others: cast.Member) -> str:
    """From now on recipients need two owners; returns the id of that policy."""
    named = str(ids.new())
    answer = policy(alice, policy=named)
    for other in others:
        acts.approve(other, acts.proposal(world, answer).id)
    with cast.in_scope(world):
        assert Policy.objects.filter(public_id=named).exists()
    return named


def is_made(world: cast.World, waiting: Proposal) -> tuple[str, int, int]:
    """The state of the proposal, its effects and the groups of the scope."""
    with cast.in_scope(world):
        return (
            Proposal.objects.get(id=waiting.id).state,
            Effect.objects.filter(proposal=waiting).count(),
            Group.objects.count(),
        )


def second_device(world: cast.World, member: cast.Member) -> Actor:
    """The same person on a further device, registered by a real invitation."""
    bundle = acts.invitation(world, f"{member.user.email}")
    answer = acts.authorize(world, bundle, DeviceKeys.generate())
    assert isinstance(answer, Done)
    with cast.in_scope(world):
        device = Device.objects.get(id=answer.result["device"]["id"])
    assert device.user_id == member.user.id
    return acts.as_actor(cast.Member(member.user, device, member.session, member.client))


def program_of(world: cast.World, maker: cast.Member, *roles: str) -> cast.Member:
    """A program that the maker made, with a device that has proved its key."""
    keys = DeviceKeys.generate()
    with cast.in_scope(world):
        user, device = programs.create(
            public_id=ids.new(),
            email="robot@example.test",
            first_name="Robot",
            last_name="",
            signature_key=keys.signature_pubkey,
            encryption_key=keys.encryption_pubkey,
            roles=roles,
            networks=(),
            expires_at=None,
            registration=None,
            signer_key="",
            by=acts.as_actor(maker),
            now=acts.now(),
        )
        devices.verify_first_use(device_id=device.id, by=world.system, now=acts.now())
        device.refresh_from_db()
    return cast.Member(user, device, maker.session, maker.client)


def vote(world: cast.World, waiting: Proposal, by: Actor, *, expected_hash: str = "") -> str:
    with cast.in_scope(world):
        return votes.approve(
            proposal_id=waiting.id,
            proposal_hash=expected_hash or waiting.hash,
            reason="",
            by=by,
            now=acts.now(),
            evidence=acts.SIGNED,
        ).proposal.state


def test_the_proposer_does_not_approve_from_a_second_device(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    waiting = acts.proposal(world, group(alice))
    with pytest.raises(errors.NotEligible):
        vote(world, waiting, second_device(world, alice))
    assert is_made(world, waiting) == ("pending", 0, 0)


def test_the_proposer_does_not_make_herself_a_second_account(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    # Each step on the way to a second account that may approve waits for somebody else itself.
    invited = acts.submit(alice, "user.invite", user=str(ids.new()), email="second@example.test")
    made = acts.proposal(world, invited)
    with pytest.raises(errors.NotEligible):
        vote(world, made, acts.as_actor(alice))
    second = world.member("second", "member")
    granted = acts.proposal(
        world, acts.submit(alice, "role.grant", user=second.uid, role="workspace-owner")
    )
    for voter in (alice, second):
        with pytest.raises(errors.NotEligible):
            vote(world, granted, acts.as_actor(voter))


def test_an_account_that_got_its_role_after_the_proposal_does_not_count(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    second = world.member("second", "member")
    waiting = acts.proposal(world, group(alice))
    with cast.in_scope(world):
        role_assignments.grant(
            user_id=second.user.id, role="workspace-owner", by=world.system, now=acts.now()
        )
    with pytest.raises(errors.NotEligible):
        acts.approve(second, waiting.id)
    assert acts.approve(bob, waiting.id).state == "executed"


def test_a_program_of_the_proposer_does_not_approve(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    robot = program_of(world, alice, "workspace-owner")
    waiting = acts.proposal(world, group(alice))
    with pytest.raises(errors.NotEligible):
        acts.approve(robot, waiting.id)
    assert is_made(world, waiting) == ("pending", 0, 0)


def test_programs_alone_never_satisfy_a_quorum(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    third = world.member("third", "workspace-owner")
    named = needs_two(world, alice, bob, third)
    answer = acts.submit(alice, "policy.edit", policy=named, review_expression=ANYBODY)
    for other in (bob, third):
        acts.approve(other, acts.proposal(world, answer).id)
    robots = [program_of(world, bob, "workspace-owner")]
    with cast.in_scope(world):
        User.objects.filter(id=robots[0].user.id).update(username_folded="first-robot")
    robots.append(program_of(world, third, "workspace-owner"))
    waiting = acts.proposal(world, recipient(alice))
    for robot in robots:
        assert acts.approve(robot, waiting.id).state == "pending"
    assert acts.approve(bob, waiting.id).state == "executed"


def test_an_actor_without_a_user_never_votes(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    waiting = acts.proposal(world, group(alice))
    stranger = Actor(
        kind=ActorKind.INVITATION, scope_id=world.scope.id, user_id=bob.user.id, device_id=ids.new()
    )
    for by in (world.system, stranger):
        with pytest.raises(errors.NotEligible):
            vote(world, waiting, by)


def test_a_vote_is_worth_nothing_for_another_payload(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    # The same client-chosen id is proposed again with another content: another hash, no votes.
    world.member("third", "workspace-owner")
    named = str(ids.new())
    shown = acts.proposal(world, policy(alice, policy=named))
    acts.approve(bob, shown.id)
    swapped = acts.proposal(world, policy(alice, policy=named, review_expression=ONE_OWNER))
    assert swapped.hash != shown.hash
    with pytest.raises(errors.ProposalHashDiffers):
        vote(world, swapped, acts.as_actor(bob), expected_hash=shown.hash)
    with cast.in_scope(world):
        assert not Vote.objects.filter(proposal=swapped).exists()


def test_a_target_swapped_after_the_vote_ends_the_proposal(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    third = world.member("third", "workspace-owner")
    named = needs_two(world, alice, bob, third)
    loosened = acts.proposal(
        world, acts.submit(alice, "policy.edit", policy=named, name="a new name")
    )
    acts.approve(bob, loosened.id)
    other = acts.proposal(world, acts.submit(alice, "policy.edit", policy=named, priority=7))
    acts.approve(bob, other.id)
    assert acts.approve(third, other.id).state == "executed"
    assert acts.approve(third, loosened.id).state == "stale"
    with cast.in_scope(world):
        assert Policy.objects.get(public_id=named).name == "recipients need two"


@pytest.mark.parametrize("lowered", [ONE_OWNER, '{"all":[],"deny":1,"min":1}'])
def test_a_quorum_lowered_in_flight_lets_nothing_through(
    world: cast.World, alice: cast.Member, bob: cast.Member, lowered: str
) -> None:
    third = world.member("third", "workspace-owner")
    named = needs_two(world, alice, bob, third)
    waiting = acts.proposal(world, recipient(alice))
    acts.approve(bob, waiting.id)
    change = acts.proposal(
        world, acts.submit(alice, "policy.edit", policy=named, review_expression=lowered)
    )
    # The change itself needs the old quorum: one owner is not enough.
    assert acts.approve(bob, change.id).state == "pending"
    assert acts.approve(third, change.id).state == "executed"
    # bob's vote alone would satisfy the new quorum; the waiting proposal ends instead.
    assert acts.approve(third, waiting.id).state == "stale"
    with cast.in_scope(world):
        assert not Effect.objects.filter(proposal=waiting).exists()


def test_a_policy_switched_off_in_flight_lets_nothing_through(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    third = world.member("third", "workspace-owner")
    named = needs_two(world, alice, bob, third)
    waiting = acts.proposal(world, recipient(alice))
    acts.approve(bob, waiting.id)
    change = acts.proposal(world, acts.submit(alice, "policy.delete", policy=named))
    assert acts.approve(bob, change.id).state == "pending"
    assert acts.approve(third, change.id).state == "executed"
    assert acts.approve(third, waiting.id).state == "stale"


def disable(world: cast.World, voter: cast.Member) -> None:
    users.disable(user_id=voter.user.id, by=world.system, now=acts.now())


def revoke(world: cast.World, voter: cast.Member) -> None:
    devices.revoke(device_id=voter.device.id, reason="lost", by=world.system, now=acts.now())


def withdraw(world: cast.World, voter: cast.Member) -> None:
    role_assignments.withdraw(
        user_id=voter.user.id, role="workspace-owner", by=world.system, now=acts.now()
    )


def delete(world: cast.World, voter: cast.Member) -> None:
    users.delete(user_id=voter.user.id, by=world.system, now=acts.now())


@pytest.mark.parametrize("shut_out", [disable, revoke, withdraw, delete])
def test_a_vote_of_somebody_shut_out_since_counts_no_more(
    world: cast.World,
    alice: cast.Member,
    bob: cast.Member,
    shut_out: Callable[[cast.World, cast.Member], None],
) -> None:
    third, fourth = (world.member(name, "workspace-owner") for name in ("third", "fourth"))
    needs_two(world, alice, bob, third)
    waiting = acts.proposal(world, recipient(alice))
    acts.approve(bob, waiting.id)
    with cast.in_scope(world):
        shut_out(world, bob)
    assert acts.approve(third, waiting.id).state == "pending"
    assert acts.approve(fourth, waiting.id).state == "executed"


@pytest.mark.parametrize("shut_out", [disable, revoke, delete])
def test_a_change_ends_when_its_proposer_is_shut_out(
    world: cast.World,
    alice: cast.Member,
    bob: cast.Member,
    shut_out: Callable[[cast.World, cast.Member], None],
) -> None:
    carol = world.member("carol", "super-admin")
    waiting = acts.proposal(world, group(carol))
    with cast.in_scope(world):
        shut_out(world, carol)
    assert acts.approve(bob, waiting.id).state == "stale"
    assert is_made(world, waiting) == ("stale", 0, 0)


def test_a_change_is_never_made_twice(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    third = world.member("third", "workspace-owner")
    waiting = acts.proposal(world, group(alice))
    assert acts.approve(bob, waiting.id).state == "executed"
    assert acts.approve(bob, waiting.id).state == "executed"
    with pytest.raises(errors.ProposalEnded):
        acts.approve(third, waiting.id)
    with cast.in_scope(world):
        assert AuditEvent.objects.filter(name="group.created").count() == 1
        # Even a program that lost its way can't make it again: the effect's key is the proposal.
        again = proposals.locked(waiting.id) if connection.in_atomic_block else waiting
        with pytest.raises(IntegrityError), transaction.atomic():
            proposals.carry_out(again, by=acts.as_actor(third), now=acts.now())
    assert is_made(world, waiting) == ("executed", 1, 1)


@pytest.mark.parametrize("end", ["reject", "cancel", "expire"])
def test_an_ended_proposal_is_not_approved(
    world: cast.World, alice: cast.Member, bob: cast.Member, end: str
) -> None:
    third = world.member("third", "workspace-owner")
    waiting = acts.proposal(world, group(alice))
    late = acts.now()
    if end == "reject":
        acts.reject(bob, waiting.id)
    elif end == "cancel":
        with cast.in_scope(world):
            proposals.cancel(proposal_id=waiting.id, by=acts.as_actor(alice), now=late)
    else:
        # No job has run: expiry is judged when the vote is read.
        late = waiting.expires_at
    with pytest.raises(errors.ProposalEnded):
        acts.approve(third, waiting.id, at=late)
    with cast.in_scope(world):
        assert not Effect.objects.exists()


def test_an_expired_proposal_is_approved_until_its_last_second_only(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    waiting = acts.proposal(world, group(alice))
    with pytest.raises(errors.ProposalEnded):
        acts.approve(bob, waiting.id, at=waiting.expires_at)
    before = waiting.expires_at - timedelta(seconds=1)
    assert acts.approve(bob, waiting.id, at=before).state == "executed"


def test_a_replayed_vote_is_refused(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    third = world.member("third", "workspace-owner")
    needs_two(world, alice, bob, third)
    waiting = acts.proposal(world, recipient(alice))
    channel = Channel(
        device=bob.device.id,
        signing_key=bob.session.keys.signature,
        private=bob.session.keys.encryption,
        server=world.server,
    )
    body = {
        "action": "approve",
        "resource": f"/proposals/{waiting.id}",
        "details": {"proposal_hash": waiting.hash},
    }
    request = channel.seal(body)
    with world.http() as http:
        answers = [
            http.post(
                cast.URL,
                content=request.body,
                headers={"Content-Type": "application/octet-stream"},
            )
            for _ in range(2)
        ]
    assert [answer.status_code for answer in answers] == [200, 401]
    assert b'"error_code":"-6"' in answers[1].content
    told = channel.open(answers[0].content).content["details"]
    assert told["state"] == "pending", told
    # After a retraction the recorded bytes are still worth nothing.
    bob.client.proposals.retract(waiting.id)
    assert replayed(world, request.body).status_code == 401
    assert acts.approve(third, waiting.id).state == "pending"


def replayed(world: cast.World, body: bytes) -> httpx.Response:
    with world.http() as http:
        return http.post(
            cast.URL, content=body, headers={"Content-Type": "application/octet-stream"}
        )


@pytest.mark.django_db(transaction=True)
def test_a_crash_between_approved_and_done_leaves_nothing_half() -> None:
    world = cast.world()
    alice = world.member("alice", "super-admin", "workspace-owner")
    bob = world.member("bob", "workspace-owner")
    waiting = acts.proposal(world, group(alice))

    def look() -> None:
        assert is_made(world, waiting) == ("pending", 0, 0)
        with cast.in_scope(world):
            assert not Vote.objects.exists()
            assert not AuditEvent.objects.filter(name__startswith="vote.").exists()

    ended, deaths = death.at_each_statement(lambda: acts.approve(bob, waiting.id), look)
    # Each statement of the deciding vote was once the last one, and the retry made it whole.
    assert deaths > 10
    assert ended.state == "executed"
    assert is_made(world, waiting) == ("executed", 1, 1)
    with cast.in_scope(world):
        assert Vote.objects.count() == 1
        assert AuditEvent.objects.filter(name="group.created").count() == 1


def test_a_refused_change_leaves_nothing_half(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    first, second = (acts.proposal(world, group(alice, name="one")) for _ in range(2))
    assert acts.approve(bob, first.id).state == "executed"
    assert acts.approve(bob, second.id).state == "failed"
    with pytest.raises(DomainError):
        acts.approve(world.member("third", "super-admin"), second.id)
    assert is_made(world, second) == ("failed", 0, 1)


def test_nobody_takes_the_place_of_an_approver_alone() -> None:
    # Whoever issues an invitation could use it. This holds in every scope: the policy is locked.
    world = cast.world(governance=False)
    alice, _ = world.member("alice", "super-admin"), world.member("carol", "super-admin")
    bob, newcomer = (world.member(name, "workspace-owner") for name in ("bob", "newcomer"))
    with cast.in_scope(world):
        devices.revoke(device_id=bob.device.id, reason="lost", by=world.system, now=acts.now())
        Device.objects.filter(id=newcomer.device.id).delete()
        User.objects.filter(id=newcomer.user.id).update(status=User.Status.INVITED)
    assert isinstance(acts.submit(alice, "device.invite", user=bob.uid), Pending)
    assert isinstance(acts.submit(alice, "device.invite", user=newcomer.uid), Pending)
    email = newcomer.user.email
    answer = acts.submit(alice, "user.invite", user=newcomer.uid, email=email)
    assert isinstance(answer, Pending)
