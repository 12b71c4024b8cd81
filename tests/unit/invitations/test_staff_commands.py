"""Staff is admitted, dismissed and helped through the one door."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest

from accounts import queries
from accounts.errors import AccountHoldsMore, GrantTooWide
from accounts.models import User
from identity import errors, ids
from identity.actor import Actor
from identity.scoping import current
from invitations.services import governance
from invitations.services.governance import Done, Pending
from tests import acts, cast, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    return world.member("alice", "super-admin")


@pytest.fixture
def login() -> str:
    """charlie, who signs in elsewhere."""
    elsewhere = cast.world()
    staff.add(elsewhere, "charlie", "super-admin")
    return f"{elsewhere.scope.slug}/charlie"


def submit(by: Actor, command: str, **details: Any) -> Mapping[str, Any]:
    with current.in_scope(by.scope_id):
        answer = governance.submit(
            action=command, details=details, by=by, now=acts.now(), evidence=acts.SIGNED
        )
    assert isinstance(answer, Done), answer
    return answer.result


def admitting(member: cast.Member) -> Actor:
    """The member, with a role of the scope's own that lets staff in."""
    by = acts.as_actor(member)
    return dataclasses.replace(by, permissions=by.permissions | {"staff:create"})


def test_admits_and_dismisses(world: cast.World, alice: cast.Member) -> None:
    bob = world.member("bob", "workspace-auditor")
    by = acts.as_actor(alice)
    shown = submit(by, "staff.admit", user=bob.uid)["staff"]
    assert (shown["id"], shown["login"], shown["roles"]) == (bob.uid, "", ["workspace-auditor"])
    submit(by, "staff.dismiss", user=bob.uid)
    with pytest.raises(errors.Missing):
        submit(by, "staff.dismiss", user=bob.uid)


def test_admits_a_login_with_roles(world: cast.World, alice: cast.Member, login: str) -> None:
    user = str(ids.new())
    by = acts.as_actor(alice)
    shown = submit(by, "staff.admit", user=user, login=login, roles=["workspace-auditor"])["staff"]
    assert (shown["id"], shown["login"], shown["roles"]) == (user, login, ["workspace-auditor"])
    assert shown["has_one_time_password"] is None


def test_needs_the_permissions(world: cast.World, alice: cast.Member, login: str) -> None:
    bob = acts.as_actor(world.member("bob", "workspace-owner"))
    for command, details in (
        ("staff.admit", {"user": alice.uid}),
        ("staff.admit", {"user": str(ids.new()), "login": login}),
        ("staff.dismiss", {"user": alice.uid}),
        ("one-time-password.reset", {"user": alice.uid}),
    ):
        with pytest.raises(errors.Forbidden):
            submit(bob, command, **details)


def test_gives_nobody_more_than_the_giver_has(world: cast.World, login: str) -> None:
    # Nobody could approve it here: only a review may give more.
    maintainer = admitting(world.member("bob", "workspace-maintainer"))
    user = str(ids.new())
    with pytest.raises(GrantTooWide):
        submit(maintainer, "staff.admit", user=user, login=login, roles=["super-admin"])
    # Nor by the way of somebody who was here with more before.
    owner = world.system
    submit(owner, "staff.admit", user=user, login=login, roles=["super-admin"])
    submit(owner, "staff.dismiss", user=user)
    with pytest.raises(AccountHoldsMore):
        submit(maintainer, "staff.admit", user=user, login=login)


def test_puts_nobody_into_anothers_place(world: cast.World, login: str) -> None:
    alice = staff.add(world, "alice", "super-admin")
    maintainer = admitting(world.member("bob", "workspace-maintainer"))
    member = world.member("carol")
    for uid in (str(alice.public_id), member.uid):
        with pytest.raises(errors.DomainError) as refusal:
            submit(maintainer, "staff.admit", user=uid, login=login)
        assert refusal.value.code in {"name.taken", "user.holds-more"}
    with cast.in_scope(world):
        assert [(row.username, row.login) for row in queries.staff_rows()] == [("alice", "")]


def test_takes_a_lost_generator_away_but_never_ones_own(
    world: cast.World, alice: cast.Member
) -> None:
    dora = staff.add(world, "dora", "super-admin")
    staff.enrol(dora)
    # Whoever lost it may ask, and then somebody else decides.
    with current.in_scope(dora.scope_id):
        waiting = governance.submit(
            action="one-time-password.reset",
            details={"user": str(dora.public_id)},
            by=staff.as_actor(dora),
            now=acts.now(),
            evidence=acts.SIGNED,
        )
    assert isinstance(waiting, Pending)
    submit(acts.as_actor(alice), "one-time-password.reset", user=str(dora.public_id))
    with cast.in_scope(world):
        assert User.objects.get(id=dora.id).one_time_password_id is None


def test_reaches_no_staff_of_another_scope(alice: cast.Member) -> None:
    other = cast.world()
    foreign = staff.add(other, "dora", "super-admin")
    staff.enrol(foreign)
    by = acts.as_actor(alice)
    for command in ("staff.admit", "staff.dismiss", "one-time-password.reset"):
        with pytest.raises(errors.Missing):
            submit(by, command, user=str(foreign.public_id))


def test_a_policy_may_ask_for_a_second_person(world: cast.World, alice: cast.Member) -> None:
    made = acts.submit(
        alice,
        "policy.create",
        policy=str(ids.new()),
        name="Staff",
        resource="/staff /staff/*",
        action="*",
        priority=1,
        decision_on_true="REVIEW",
        review_expression='{"all":[],"deny":1,"min":1}',
    )
    assert isinstance(made, Done)
    bob = world.member("bob", "super-admin")
    carol = world.member("carol", "workspace-auditor")
    answer = acts.submit(alice, "staff.admit", user=carol.uid)
    assert isinstance(answer, Pending)
    assert acts.approve(bob, answer.proposal_id).state == "executed"
    with cast.in_scope(world):
        assert User.objects.get(id=carol.user.id).is_staff
