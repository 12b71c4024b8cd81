"""Class 18 of the known attacks, on contexts: what was taken back works on there.

Seen in Keycloak as CVE-2025-14559 and CVE-2026-3009, in authentik as CVE-2025-53942. A member who
was removed, a key that was replaced, a context that was stopped, a right that was narrowed, an
account that was deleted: each counts no more at the very next request.
"""

from typing import Any

import pytest

from accounts.queries import members
from accounts.services import context_members, contexts, solutions, users
from identity import limits
from identity.models import ApiKey
from tests import acts, cast
from tests.attacks.test_class_16_contexts import key, program
from tests.faces.v1.client import Bearer, problem

pytestmark = pytest.mark.django_db
CIRCLE = "circle"
MEMBERS = f"/contexts/{CIRCLE}/members"
BOB = {"member": "bob", "public_key": key(1)}


@pytest.fixture
def world() -> cast.World:
    world = cast.world(governance=False)
    where: dict[str, Any] = {"by": world.system, "now": acts.now()}
    with cast.in_scope(world):
        solutions.create(name="Main", public_id="main", **where)
        contexts.create(given=contexts.Given("main", "Circle"), public_id=CIRCLE, **where)
    return world


@pytest.fixture
def robot(world: cast.World) -> Bearer:
    robot = program(world)
    assert robot.post(MEMBERS, BOB).json()["changed"] == "added"
    return robot


def is_valid(world: cast.World, member: str, number: int) -> bool:
    with cast.in_scope(world):
        found = members.was_valid(CIRCLE, member, key(number), acts.now(), limits=None)
    return found is not None


def test_a_removed_member_is_gone(world: cast.World, robot: Bearer) -> None:
    assert is_valid(world, "bob", 1)
    robot.send("DELETE", f"{MEMBERS}/bob")
    assert not is_valid(world, "bob", 1)
    problem(robot.get(f"{MEMBERS}/bob"), 404, "member.missing")
    assert robot.get(f"{MEMBERS}?public_key={key(1)}").json()["items"] == []
    for path, body in ((f"{MEMBERS}/bob/acl", {"acl": "ALLOW ALL"}),):
        problem(robot.send("PUT", path, body), 404, "member.missing")
    problem(robot.send("PUT", f"{MEMBERS}/bob/staff", {"is_staff": True}), 404, "member.missing")


def test_a_replaced_key_is_nobodys(world: cast.World, robot: Bearer) -> None:
    robot.post(MEMBERS, {"member": "bob", "public_key": key(2)})
    assert not is_valid(world, "bob", 1)
    assert is_valid(world, "bob", 2)
    assert robot.get(f"{MEMBERS}?public_key={key(1)}").json()["items"] == []
    with cast.in_scope(world):
        history = members.key_history(CIRCLE, "bob", limits=None)
    assert [each.public_key for each in history] == [key(2), key(1)]


def test_who_comes_back_has_nothing_of_before(robot: Bearer) -> None:
    robot.send("PUT", f"{MEMBERS}/bob/staff", {"is_staff": True})
    robot.send("DELETE", f"{MEMBERS}/bob")
    robot.post(MEMBERS, {**BOB, "acl": "DENY ALL"})
    shown = robot.get(f"{MEMBERS}/bob").json()
    assert (shown["is_staff"], shown["acl"], shown["user"]) == (False, "DENY ALL", None)


def test_a_stopped_context_takes_nobody_in(robot: Bearer) -> None:
    robot.send("POST", f"/contexts/{CIRCLE}/disable")
    for body in (BOB, {"member": "eve", "public_key": key(2)}):
        problem(robot.post(MEMBERS, body), 409, "context.disabled")
    # Who was let in is still thrown out.
    assert robot.send("DELETE", f"{MEMBERS}/bob").json()["changed"] == "removed"


def test_memberships_of_a_deleted_account_end(world: cast.World, robot: Bearer) -> None:
    alice = world.member("alice")
    with cast.in_scope(world):
        where: dict[str, Any] = {"by": world.system, "now": acts.now()}
        context_members.add(
            context_id=CIRCLE,
            member_id="alice",
            public_key=key(3),
            user_id=alice.user.id,
            proven=True,
            **where,
        )
        users.delete(user_id=alice.user.id, **where)
    assert not is_valid(world, "alice", 3)
    problem(robot.get(f"{MEMBERS}/alice"), 404, "member.missing")
    body = {"member": "alice", "public_key": key(3), "user": alice.uid}
    assert robot.post(MEMBERS, body).status_code == 404


def test_a_narrowed_key_is_narrow_at_once(world: cast.World, robot: Bearer) -> None:
    assert robot.get(f"{MEMBERS}/bob").status_code == 200
    bound = limits.checked(solutions=["other"])
    with cast.in_scope(world):
        ApiKey.objects.update(solutions=list(bound.solutions))
    problem(robot.get(f"{MEMBERS}/bob"), 403, "limits.outside")
    problem(robot.send("DELETE", f"{MEMBERS}/bob"), 403, "limits.outside")
    with cast.in_scope(world):
        ApiKey.objects.update(solutions=[], contexts=[CIRCLE], permissions=["members:get"])
    assert robot.get(f"{MEMBERS}/bob").status_code == 200
    problem(robot.send("DELETE", f"{MEMBERS}/bob"), 403, "forbidden")
