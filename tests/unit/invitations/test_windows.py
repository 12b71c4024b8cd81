"""Windows of invitations, policies and proposals; what waits for whom."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from identity import errors, ids, paging
from identity.paging import After, Page
from invitations import queries
from invitations.services import proposals
from invitations.services.governance import Pending
from tests import acts, cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    return world.member("alice", "super-admin")


@pytest.fixture
def bob(world: cast.World) -> cast.Member:
    return world.member("bob", "super-admin")


def invite(member: cast.Member, number: int) -> UUID:
    answer = acts.submit(
        member,
        "user.invite",
        at=acts.now() + timedelta(seconds=number),
        user=str(ids.new()),
        email=f"user{number}@example.test",
    )
    assert isinstance(answer, Pending)
    return answer.proposal_id


def walked(world: cast.World, by: cast.Member, **asked: Any) -> list[UUID]:
    found: list[UUID] = []
    after = ""
    for _ in range(99):
        with cast.in_scope(world):
            shown = queries.proposals_window(
                After(after=after, **asked), by=acts.as_actor(by), now=acts.now()
            )
        found += [row.id for row in shown.rows]
        if shown.next is None:
            return found
        after = shown.next
    raise AssertionError("the list does not end")


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_walks_through_proposals(
    world: cast.World, alice: cast.Member, bob: cast.Member, limit: int
) -> None:
    made = [invite(alice if number % 2 else bob, number) for number in range(6)]
    of_bob, of_alice = made[::2], made[1::2]
    for filters, expected in [
        ({}, made),
        ({"state": "pending"}, made),
        ({"resource": "/users/invite"}, made),
        ({"mine": True}, of_alice),
        ({"waiting_for_me": True}, of_bob),
        ({"state": "executed"}, []),
    ]:
        asked = {"limit": limit, "filters": filters}
        assert walked(world, alice, **asked) == expected[::-1]
        assert walked(world, alice, is_descending=False, **asked) == expected


def test_what_waits_is_the_same_page_by_page(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    made = [invite(alice, number) for number in range(3)]
    auditor = world.member("charlie", "workspace-auditor")
    for member, expected in [(bob, made[::-1]), (alice, []), (auditor, [])]:
        with cast.in_scope(world):
            by = acts.as_actor(member)
            page = queries.proposals_page(
                Page(is_descending=True, filters={"waiting_for_me": True}), by=by, now=acts.now()
            )
        assert [row.id for row in page.rows] == expected
        assert walked(world, member, filters={"waiting_for_me": True}) == expected


def test_what_was_voted_on_or_has_ended_waits_no_more(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    made = [invite(alice, number) for number in range(3)]
    acts.approve(bob, made[0])
    with cast.in_scope(world):
        proposals.cancel(proposal_id=made[1], by=acts.as_actor(alice), now=acts.now())
    assert walked(world, bob, filters={"waiting_for_me": True}) == [made[2]]
    assert walked(world, bob, filters={"state": "cancelled"}) == [made[1]]


def test_a_program_of_the_proposer_has_nothing_waiting(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    robot = world.member("robot", "super-admin")
    inner = world.member("inner", "super-admin")
    for program, maker in [(robot, alice), (inner, robot)]:
        program.user.kind, program.user.created_by = "program", maker.user.id
        with cast.in_scope(world):
            program.user.save()
    made = invite(alice, 1)
    assert walked(world, inner, filters={"waiting_for_me": True}) == []
    assert walked(world, bob, filters={"waiting_for_me": True}) == [made]


@pytest.mark.parametrize(
    "after",
    [
        After(limit=0),
        After(limit=0, filters={"waiting_for_me": True}),
        After(filters={"state": "x"}),
        After(filters={"state": []}),
        After(filters={"resource": 7}),
        After(filters={"resource": "\0"}),
        After(filters={"mine": "yes"}),
        After(filters={"votes__user_id": "x"}),
        After(after="x"),
        After(after="x", filters={"waiting_for_me": True}),
    ],
)
def test_refuses_what_there_is_not(world: cast.World, alice: cast.Member, after: After) -> None:
    with cast.in_scope(world), pytest.raises((errors.Invalid, paging.CursorInvalid)):
        queries.proposals_window(after, by=acts.as_actor(alice), now=acts.now())


def test_walks_through_invitations(world: cast.World) -> None:
    made = [acts.invitation(world, f"user{number}@example.test") for number in range(3)]
    names = [UUID(str(bundle["invitation"])) for bundle in made]
    with cast.in_scope(world):
        first = queries.invitations_window(After(limit=2), now=acts.now())
        rest = queries.invitations_window(After(limit=2, after=first.next or ""), now=acts.now())
        assert [row.id for row in [*first.rows, *rest.rows]] == names[::-1]
        assert rest.next is None
        of_one = After(filters={"user": str(first.rows[0].user)})
        assert [row.id for row in queries.invitations_window(of_one, now=acts.now()).rows] == [
            names[2]
        ]
        late = acts.now() + timedelta(days=9)
        assert (
            len(queries.invitations_window(After(filters={"state": "expired"}), now=late).rows) == 3
        )
        assert not queries.invitations_window(After(filters={"state": "open"}), now=late).rows
        for filters in ({"state": "x"}, {"user": "x"}, {"user": 7}, {"secret_digest": "x"}):
            with pytest.raises(errors.Invalid):
                queries.invitations_window(After(filters=filters), now=late)


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_walks_through_policies_as_they_are_tried(world: cast.World, limit: int) -> None:
    with cast.in_scope(world):
        expected = [row.public_id for row in queries.policies(Page(limit=200)).rows]
        found: list[UUID] = []
        after: str | None = ""
        while after is not None:
            shown = queries.policies_window(After(limit=limit, after=after))
            found += [row.public_id for row in shown.rows]
            after = shown.next
        assert found == expected
        assert not queries.policies_window(After(filters={"status": "disabled"})).rows
        for wrong in (After(filters={"status": "x"}), After(filters={"x": "y"}), After(after="x")):
            with pytest.raises((errors.Invalid, paging.CursorInvalid)):
                queries.policies_window(wrong)
