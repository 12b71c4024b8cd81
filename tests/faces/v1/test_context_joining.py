"""POST /v1/contexts/{context}/join and its challenge."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from accounts.models import ContextMember, User
from accounts.services import users
from identity.scoping import current
from sessions_app.models import Session
from tests import acts, cast, circles, user_key_holders
from tests.circles import Circle
from tests.faces.v1.client import Bearer, Signed, problem
from tests.user_key_holders import key, signed

ALICE, BOB = key("alice"), key("bob")
REVIEW = '{"all":[{"min":1,"role":"super-admin"}],"deny":1}'
DEVICE = key("alice's second device")


@pytest.fixture
def world(transactional_db: None) -> cast.World:
    return cast.world(governance=False, sign_up=True)


@pytest.fixture
def alice(world: cast.World) -> Bearer:
    """Somebody who just signed up, and has no right at all."""
    return user_key_holders.session(world, user_key_holders.sign_up(world, ALICE, "alice"))


@pytest.fixture
def circle(world: cast.World) -> Circle:
    return circles.circle(world, joining="open")


@pytest.fixture
def program(world: cast.World) -> Bearer:
    return circles.program(world, "members:create")


def text(who: Bearer | Signed, circle: Circle, member: str, holder: Any) -> httpx.Response:
    body = {"member": member, "public_key": holder.public.text}
    return who.post(f"/contexts/{circle.id}/join/challenge", body)


def join(who: Bearer | Signed, circle: Circle, member: str, holder: Any) -> httpx.Response:
    asked = text(who, circle, member, holder)
    if asked.status_code != 200:
        return asked
    return answer(who, circle, asked.json()["message"], holder)


def answer(who: Bearer | Signed, circle: Circle, message: str, holder: Any) -> httpx.Response:
    body = {"message": message, "signature": signed(holder, message)}
    return who.post(f"/contexts/{circle.id}/join", body)


def living(circle: Circle) -> list[tuple[str, str, bool, bool]]:
    with current.in_scope(circle.world.scope.id):
        rows = ContextMember.objects.filter(context=circle.row, ended_at__isnull=True)
        return [
            (row.member_id, row.public_key, row.proven_at is not None, row.user_id is not None)
            for row in rows.order_by("position")
        ]


def test_joins_an_open_context_under_the_own_name(alice: Bearer, circle: Circle) -> None:
    joined = join(alice, circle, "alice", DEVICE)
    assert joined.status_code == 200, joined.text
    told = joined.json()
    assert (told["member"], told["public_key"]) == ("alice", DEVICE.public.text)
    assert (told["change"], told["is_staff"]) == ("added", False)
    assert told["user"] == alice.get("/me").json()["user"]["id"]
    assert living(circle) == [("alice", DEVICE.public.text, True, True)]


def test_the_text_says_who_joins_what(alice: Bearer, circle: Circle) -> None:
    said = json.loads(text(alice, circle, "alice", DEVICE).json()["message"])
    assert (said["act"], said["context"], said["member"]) == ("join", circle.id, "alice")
    assert said["user"] == alice.get("/me").json()["user"]["id"]
    assert said["public_key"] == DEVICE.public.text


def test_another_key_takes_the_place_of_the_own_one(alice: Bearer, circle: Circle) -> None:
    assert join(alice, circle, "alice", ALICE).json()["change"] == "added"
    assert join(alice, circle, "alice", ALICE).json()["change"] == "nothing"
    assert join(alice, circle, "alice", DEVICE).json()["change"] == "replaced"
    assert living(circle) == [("alice", DEVICE.public.text, True, True)]


def test_proves_the_pair_that_was_vouched_for(alice: Bearer, circle: Circle) -> None:
    circle.set(joining="closed")
    circle.add("employee 7", DEVICE, is_staff=True)
    joined = join(alice, circle, "employee 7", DEVICE)
    assert joined.status_code == 200, joined.text
    assert (joined.json()["change"], joined.json()["is_staff"]) == ("edited", True)
    assert living(circle) == [("employee 7", DEVICE.public.text, True, True)]


@pytest.mark.parametrize("joining", ["open", "closed"])
def test_lets_nobody_take_the_place_of_another(
    world: cast.World, alice: Bearer, circle: Circle, joining: str
) -> None:
    bob = user_key_holders.session(world, user_key_holders.sign_up(world, BOB, "bob"))
    assert join(bob, circle, "bob", BOB).status_code == 200
    circle.add("alice", key("vouched"))  # some other alice, as far as we know
    circle.set(joining=joining)
    before = living(circle)
    for member, holder in (
        ("bob", BOB),
        ("bob", DEVICE),
        ("alice", DEVICE),
        ("alice ", DEVICE),
        ("Alice", DEVICE),
        ("carol", DEVICE),
    ):
        problem(join(alice, circle, member, holder), 403, "forbidden")
    assert living(circle) == before


def test_a_closed_and_an_unknown_context_are_alike(alice: Bearer, circle: Circle) -> None:
    circle.set(joining="closed")
    closed = text(alice, circle, "alice", DEVICE)
    circle.id = "unknown"
    unknown = text(alice, circle, "alice", DEVICE)
    assert closed.status_code == unknown.status_code == 403
    assert closed.json()["detail"] == unknown.json()["detail"]


def test_what_is_closed_in_between_stays_closed(alice: Bearer, circle: Circle) -> None:
    message = text(alice, circle, "alice", DEVICE).json()["message"]
    circle.set(joining="closed")
    problem(answer(alice, circle, message, DEVICE), 403, "forbidden")
    assert not living(circle)


def test_a_disabled_context_takes_nobody(alice: Bearer, circle: Circle, program: Bearer) -> None:
    circle.set(status="disabled")
    problem(join(alice, circle, "alice", DEVICE), 409, "context.disabled")
    problem(join(program, circle, "bob", BOB), 409, "context.disabled")
    assert not living(circle)


def test_a_key_is_one_members(alice: Bearer, circle: Circle) -> None:
    circle.add("somebody", DEVICE)
    problem(join(alice, circle, "alice", DEVICE), 409, "member.key-taken")


def test_an_account_is_one_member(alice: Bearer, circle: Circle) -> None:
    circle.add("another", DEVICE)
    assert join(alice, circle, "alice", ALICE).status_code == 200
    problem(join(alice, circle, "another", DEVICE), 403, "forbidden")


def test_a_session_left_alone_does_not_join(
    world: cast.World, alice: Bearer, circle: Circle
) -> None:
    message = text(alice, circle, "alice", DEVICE).json()["message"]
    with current.in_scope(world.scope.id):
        Session.objects.update(authenticated_at=acts.now() - timedelta(minutes=6))
    problem(answer(alice, circle, message, DEVICE), 403, "session.step-up-needed")


def test_a_program_brings_proofs_of_others(
    world: cast.World, circle: Circle, program: Bearer
) -> None:
    circle.set(joining="closed")
    assert user_key_holders.sign_up(world, BOB, "bob").status_code == 201
    assert join(program, circle, "a guest ☃", DEVICE).json()["change"] == "added"
    told = join(program, circle, "bob", BOB).json()
    with current.in_scope(world.scope.id):
        bob = User.objects.get(username="bob")
    # The key is the one that signs him in: so it is he.
    assert told["user"] == str(bob.public_id)
    assert living(circle) == [
        ("a guest ☃", DEVICE.public.text, True, False),
        ("bob", BOB.public.text, True, True),
    ]


def test_a_program_brings_nobody_who_is_shut_out(
    world: cast.World, circle: Circle, program: Bearer
) -> None:
    assert user_key_holders.sign_up(world, BOB, "bob").status_code == 201
    with current.in_scope(world.scope.id):
        bob = User.objects.get(username="bob")
        users.disable(user_id=bob.id, by=world.system, now=acts.now())
    problem(join(program, circle, "bob", BOB), 403, "user.inactive")
    assert not living(circle)


def test_a_program_needs_the_word(world: cast.World, circle: Circle) -> None:
    for words in ((), ("members:list", "members:edit", "contexts:edit")):
        stranger = circles.program(world, *words)
        problem(text(stranger, circle, "bob", BOB), 403, "forbidden")


def test_a_program_learns_that_there_is_no_such_context(circle: Circle, program: Bearer) -> None:
    circle.id = "nothing"
    problem(join(program, circle, "bob", BOB), 404, "context.missing")


def test_who_may_add_members_brings_proofs_by_device(world: cast.World, circle: Circle) -> None:
    owner = Signed.of(world.member("owner", "super-admin"), world.scope.slug)
    assert join(owner, circle, "bob", BOB).json()["change"] == "added"


@pytest.mark.parametrize("member", ["", "x" * 129, "a\u0000b"])
def test_refuses_ids_that_are_none(circle: Circle, program: Bearer, member: str) -> None:
    assert text(program, circle, member, BOB).status_code == 400


def test_refuses_what_is_no_key(circle: Circle, program: Bearer, alice: Bearer) -> None:
    body = {"member": "alice", "public_key": DEVICE.wif}
    path = f"/contexts/{circle.id}/join/challenge"
    assert program.post(path, body).status_code == 422
    assert alice.post(path, body).status_code == 422
    assert alice.post(path, {**body, "public_key": "\u0000"}).status_code == 403


def test_waits_for_approval_where_a_policy_wants_it(transactional_db: None) -> None:
    world = cast.world(governance=False, sign_up=True)
    owner = Signed.of(world.member("owner", "super-admin"), world.scope.slug)
    policy = {
        "name": "members",
        "resource": "/contexts/{context}/members/{member}",
        "action": "add",
        "decision_on_true": "REVIEW",
        "review_expression": REVIEW,
    }
    made = owner.post("/policies", policy)
    assert made.status_code == 201, made.text
    circle = circles.circle(world, joining="open")
    alice = user_key_holders.session(world, user_key_holders.sign_up(world, ALICE, "alice"))
    waits = join(alice, circle, "alice", ALICE)
    assert waits.status_code == 202, waits.text
    assert not living(circle)
    program = circles.program(world, "members:create")
    problem(join(program, circle, "bob", BOB), 403, "forbidden")
