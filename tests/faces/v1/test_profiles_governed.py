"""PATCH /v1/users/{user}/profile where a policy asks for a second person."""

from typing import Any

import pytest

from accounts.models import Profile
from accounts.services import profile_editing, profiles
from accounts.services.profile_editing import Changes
from identity.scoping import current
from invitations.models import Proposal
from tests import acts, cast, circles
from tests.faces.v1.client import problem
from tests.faces.v1.test_proposals import Person, person

SAID = {"full_name": "Bob Brown", "metadata": {"status": {"date_range": [1, 2]}}}


@pytest.fixture
def world(transactional_db: None) -> cast.World:
    return cast.world(governance=True)


@pytest.fixture
def ann(world: cast.World) -> Person:
    return person(world, "alice", "super-admin")


@pytest.fixture
def carol(world: cast.World) -> Person:
    return person(world, "carol", "workspace-owner")


@pytest.fixture
def bob(world: cast.World, ann: Person, carol: Person) -> Person:
    made = person(world, "bob")
    with current.in_scope(world.scope.id):
        profiles.ensure(user_id=made.member.user.id, by=world.system, now=acts.now())
    return made


def proposed(ann: Person, bob: Person) -> dict[str, Any]:
    answer = ann.send("PATCH", f"/users/{bob.member.uid}/profile", SAID)
    assert answer.status_code == 202, answer.text
    shown: dict[str, Any] = ann.get(f"/proposals/{answer.json()['proposal']['id']}").json()
    return shown


def name_of(bob: Person) -> str:
    name: str = bob.get("/me/profile").json()["full_name"]
    return name


def test_waits_for_a_second_person(ann: Person, carol: Person, bob: Person) -> None:
    shown = proposed(ann, bob)
    (change,) = shown["changes"]
    assert change["command"] == "profile.edit"
    assert change["details"]["full_name"] == "Bob Brown"
    assert name_of(bob) != "Bob Brown"
    voted = carol.post(f"/proposals/{shown['id']}/votes", carol.ballot(shown, "approve"))
    assert voted.json()["state"] == "executed", voted.text
    told = bob.get("/me/profile").json()
    assert {name: told[name] for name in SAID} == SAID


def test_what_changed_meanwhile_is_not_overwritten(
    world: cast.World, ann: Person, carol: Person, bob: Person
) -> None:
    shown = proposed(ann, bob)
    with current.in_scope(world.scope.id):
        profile_editing.edit(
            user_id=bob.member.user.id,
            changes=Changes(full_name="Robert"),
            by=world.system,
            now=acts.now(),
        )
    carol.post(f"/proposals/{shown['id']}/votes", carol.ballot(shown, "approve"))
    with current.in_scope(world.scope.id):
        assert Proposal.objects.get().state != "executed"
        assert Profile.objects.get().full_name == "Robert"


def test_what_is_no_name_and_no_address_is_done_at_once(ann: Person, bob: Person) -> None:
    answer = ann.send("PATCH", f"/users/{bob.member.uid}/profile", {"locale": "de"})
    assert (answer.status_code, answer.json()["locale"]) == (200, "de")


def test_the_own_profile_waits_for_nobody(bob: Person) -> None:
    answer = bob.send("PATCH", "/me/profile", {"full_name": "Robert"})
    assert (answer.status_code, name_of(bob)) == (200, "Robert")


def test_a_program_can_propose_nothing(world: cast.World, bob: Person) -> None:
    program = circles.program(world, "users:edit")
    path = f"/users/{bob.member.uid}/profile"
    problem(program.send("PATCH", path, SAID), 403, "forbidden")
    assert program.send("PATCH", path, {"locale": "de"}).status_code == 200
    with current.in_scope(world.scope.id):
        assert not Proposal.objects.exists()


def test_asks_for_nothing_that_could_never_be_done(ann: Person, bob: Person) -> None:
    path = f"/users/{bob.member.uid}/profile"
    for body in ({"full_name": "x", "avatar": "my face"}, {"full_name": "x", "email": "none"}):
        problem(ann.send("PATCH", path, body), 400, "invalid")
