"""Class 30 of the known attacks, over the API of our own and the admin: what outlives its right.

Seen as GHSA-2vg6 (Better Auth) and CVE-2026-8922 (Keycloak). Answers kept for repeats, outcomes of
proposals, exports, webhooks and sessions, when their owner or the right to them has ended since.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from accounts.models import Device, User
from accounts.services import role_assignments
from identity import ids
from tests import acts, cast, staff
from tests.faces.v1.client import Signed, problem

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    return world.member("alice", "super-admin")


def withdrawn(world: cast.World, member: cast.Member) -> None:
    user_id = member.user.id
    with cast.in_scope(world):
        for role in ("workspace-maintainer", "support"):
            role_assignments.withdraw(user_id=user_id, role=role, by=world.system, now=acts.now())


def revoked(world: cast.World, member: cast.Member) -> None:
    with cast.in_scope(world):
        Device.objects.filter(id=member.device.id).update(
            status=Device.Status.REVOKED, revoked_at=acts.now()
        )


def disabled(world: cast.World, member: cast.Member) -> None:
    with cast.in_scope(world):
        User.objects.filter(id=member.user.id).update(status=User.Status.DISABLED)


ENDS: dict[str, tuple[Callable[[cast.World, cast.Member], None], tuple[int, str]]] = {
    "role withdrawn": (withdrawn, (403, "forbidden")),
    "device revoked": (revoked, (401, "unauthenticated")),
    "user disabled": (disabled, (401, "unauthenticated")),
}
every_end = pytest.mark.parametrize("end", ENDS)


def invited(bob: Signed, headers: dict[str, str]) -> Any:
    return bob.post("/invitations", {"email": "guest@example.test"}, headers=headers)


@every_end
def test_a_kept_answer_does_not_outlive_the_right_to_it(world: cast.World, end: str) -> None:
    # Without another owner nobody must agree: the answer holds the invitation's secrets.
    member = world.member("bob", "workspace-maintainer", "support")
    bob, key = Signed.of(member, world.scope.slug), {"Idempotency-Key": str(ids.new())}
    first = invited(bob, key)
    assert first.status_code == 201, first.text
    assert invited(bob, key).json() == first.json()
    switch, (status, code) = ENDS[end]
    switch(world, member)
    problem(invited(bob, key), status, code)


@pytest.mark.parametrize("end", ["device revoked", "user disabled"])
def test_an_outcome_does_not_outlive_its_proposer(
    world: cast.World, alice: cast.Member, end: str
) -> None:
    member = world.member("bob", "workspace-maintainer", "support")
    bob = Signed.of(member, world.scope.slug)
    waiting = bob.post("/groups", {"name": "treasury"})
    assert waiting.status_code == 202, waiting.text
    acts.approve(alice, UUID(waiting.json()["proposal"]["id"]))
    switch, (status, code) = ENDS[end]
    switch(world, member)
    path = waiting.json()["proposal"]["url"].removeprefix(bob.prefix)
    problem(bob.post(f"{path}/outcome"), status, code)


@every_end
def test_no_path_of_the_record_outlives_the_right_to_read_it(
    world: cast.World, alice: cast.Member, end: str
) -> None:
    member = world.member("bob", "workspace-maintainer", "support")
    bob = Signed.of(member, world.scope.slug)
    paths = ("/audit", "/audit/export", "/audit/head", "/audit/1", "/audit/1/inclusion")
    assert {bob.get(path).status_code for path in paths} == {200}
    switch, (status, code) = ENDS[end]
    switch(world, member)
    for path in paths:
        problem(bob.get(path), status, code)


def _dismiss(world: cast.World, user: User) -> None:
    User.objects.filter(id=user.id).update(is_staff=False)


def _disable(world: cast.World, user: User) -> None:
    User.objects.filter(id=user.id).update(status=User.Status.DISABLED)


def _new_password(world: cast.World, user: User) -> None:
    user.set_password("another horse battery")
    user.save(update_fields=["password"])


def _suspend_scope(world: cast.World, user: User) -> None:
    type(world.scope).objects.filter(id=world.scope.id).update(status="suspended")


@pytest.mark.parametrize("end", [_dismiss, _disable, _new_password, _suspend_scope])
def test_a_session_reads_and_does_nothing_more_over_v1(
    world: cast.World, end: Callable[[cast.World, User], None]
) -> None:
    user = staff.add(world, "dora", "super-admin")
    browser, prefix = Client(), f"/s/{world.scope.slug}/v1"
    staff.sign_in(browser, "dora", world.scope.slug)
    assert browser.get(f"{prefix}/me").status_code == 200
    with cast.in_scope(world):
        end(world, user)
    for path in ("/me", "/users", "/audit/export", "/proposals?mine=true", "/me/scopes"):
        assert browser.get(f"{prefix}{path}").status_code == 401, path
    answer = browser.post(f"{prefix}/groups", {"name": "x"}, content_type="application/json")
    assert answer.status_code == 401
