"""POST /accounts/register."""

from typing import Any

import pytest

from accounts.models import RegistryMembership, User
from accounts.services import role_assignments
from identity import ids
from identity.models import AuditEvent
from identity.services import scopes
from invitations.models import Proposal
from invitations.services import policies
from tests import acts, cast
from tests.faces.guardian.client import (
    FORBIDDEN,
    UNAUTHORIZED,
    Answer,
    Client,
    envelope,
    registering,
)


def register(who: Client, body: Any = None, **more: Any) -> Answer:
    return who.post("/accounts/register", body or registering("bob") | more)


def demo(world: cast.World) -> Client:
    with cast.in_scope(world):
        scopes.change_settings(changes={"demo_mode": True}, by=world.system, now=acts.now())
    return Client(world)


def people(world: cast.World) -> set[str]:
    with cast.in_scope(world):
        return set(User.objects.values_list("username", flat=True))


def test_a_registry_registers_a_user(world, acme) -> None:
    answer = register(acme)
    assert answer.status == 201
    assert set(answer.json) == {
        *("id", "username", "role", "permissions", "permissionsGroup", "location"),
    }
    assert (answer.json["username"], answer.json["role"]) == ("bob", "USER")
    with cast.in_scope(world):
        made = RegistryMembership.objects.select_related("user").get(user__username="bob")
        assert str(made.user.public_id) == answer.json["id"]
        assert (made.did, made.user.status) == (None, "active")
        assert role_assignments.names_of(made.user_id) == ["onboarded-user"]
        acting = User.objects.get(username="acme")
        event = AuditEvent.objects.get(name="user.created", subject_id=str(made.user_id))
        assert event.actor_user == str(acting.public_id)


def test_the_new_user_signs_in(acme, world) -> None:
    register(acme)
    assert Client(world, "bob").sign_in().get("/accounts/session").json["username"] == "bob"


def test_asks_for_a_token_before_anything_else(nobody) -> None:
    for body in (registering("bob"), {}, {"username": 1}):
        assert register(nobody, body).json == UNAUTHORIZED
    assert nobody.ask("POST", "/accounts/register", None).json == UNAUTHORIZED


def test_asks_for_a_registry_before_the_body_is_judged(alice) -> None:
    for body in (registering("bob"), {"username": 1}):
        answer = register(alice, body)
        assert (answer.status, answer.json) == (403, FORBIDDEN)


def test_a_registry_makes_no_registries_of_its_own_accord(world, acme) -> None:
    for role in ("STANDARD_REGISTRY", "AUDITOR"):
        answer = register(acme, role=role)
        assert answer.status == 403
        assert "registries:create" in answer.message
    assert "bob" not in people(world)


def test_the_scopes_owner_lets_a_registry_make_registries(world, acme) -> None:
    with cast.in_scope(world):
        user = User.objects.get(username="acme")
        role_assignments.grant(user_id=user.id, role="super-admin", by=world.system, now=acts.now())
    assert register(acme, role="STANDARD_REGISTRY").json["role"] == "STANDARD_REGISTRY"


@pytest.mark.parametrize("name", ["alice", "ALICE", " alice "])
def test_a_name_that_is_taken_is_409(acme, alice, name) -> None:
    answer = register(acme, registering(name))
    expected = envelope(409, f"Username '{name}' is already taken", "Conflict")
    assert (answer.status, answer.json) == (409, expected)


@pytest.mark.parametrize("name", ["b\u200bob", "x" * 255, "b\nob"])
def test_a_name_that_cannot_be_shown_is_422(acme, name) -> None:
    assert register(acme, registering(name)).status == 422


@pytest.mark.parametrize("password", ["short", "x" * 1025, "1234567"])
def test_a_weak_password_is_422(world, acme, password) -> None:
    answer = register(acme, password=password, password_confirmation=password)
    assert answer.status == 422
    assert password not in answer.text
    assert "bob" not in people(world)


def test_two_passwords_are_422(acme) -> None:
    answer = register(acme, password_confirmation="anotherPassword1")
    expected = envelope(422, ["Passwords do not match"], "Unprocessable Entity")
    assert (answer.status, answer.json) == (422, expected)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"role": "WORKER"}, "role must be one of the following values: "),
        ({"role": "super-admin"}, "role must be one of the following values: "),
        ({"username": None}, "username should not be empty"),
        ({"is_staff": True}, "property is_staff should not exist"),
        ({"parent": "acme"}, "property parent should not exist"),
    ],
)
def test_a_body_that_does_not_fit_is_422(acme, more, message) -> None:
    answer = register(acme, **more)
    assert answer.status == 422
    assert answer.message[0].startswith(message)


def test_waits_where_a_policy_asks_for_consent(world, acme) -> None:
    owner = world.member("owner", "super-admin")
    with cast.in_scope(world):
        policies.create(
            public_id=ids.new(),
            fields={
                "name": "consent",
                "resource": "/onboardings",
                "action": "add",
                "description": "",
                "priority": 10,
                "expression": "true",
                "status": "active",
                "decision_on_true": "REVIEW",
                "review_expression": '{"all":[{"min":1,"role":"super-admin"}],"deny":1}',
            },
            by=world.system,
            now=acts.now(),
        )
    answer = register(acme)
    assert answer.status == 202
    with cast.in_scope(world):
        proposal = Proposal.objects.get()
    assert answer.json == {
        "statusCode": 202,
        "message": "This waits for approval.",
        "proposalId": str(proposal.id),
    }
    assert "bob" not in people(world)
    assert acts.approve(owner, proposal.id).state == "executed"
    assert Client(world, "bob").login().status == 200


def test_in_demo_mode_anybody_registers_anybody(world) -> None:
    guest = demo(world)
    assert register(guest, role="STANDARD_REGISTRY").status == 201
    assert register(guest, registering("carol")).status == 201
    assert people(world) == {"bob", "carol"}


def test_in_demo_mode_a_bad_token_is_still_a_bad_token(world) -> None:
    guest = demo(world)
    assert guest.post("/accounts/register", registering("bob"), token="x").json == UNAUTHORIZED


def test_demo_mode_is_off_unless_it_is_set() -> None:
    from identity.services.scope_settings import DEFAULTS, ScopeSettings, weakened

    assert DEFAULTS.demo_mode is False
    assert weakened(DEFAULTS, ScopeSettings(demo_mode=True)) == ["demo_mode"]
