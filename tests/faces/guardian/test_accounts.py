"""GET /accounts."""

from accounts.models import RegistryMembership, User
from accounts.services import users
from tests import acts, cast
from tests.faces.guardian import client
from tests.faces.guardian.client import FORBIDDEN, UNAUTHORIZED


def complete(world: cast.World, name: str, *, did: str, parent: str = "") -> None:
    """What an onboarding notes at its end."""
    with cast.in_scope(world):
        rows = RegistryMembership.objects.filter(user__username=name)
        above = User.objects.get(username=parent) if parent else None
        rows.update(did=did, topic_id="0.0.1", parent=above)


def test_lists_users_with_what_they_have(world, acme, alice) -> None:
    client.registered(world, username="bob")
    complete(world, "acme", did="did:example:acme")
    complete(world, "alice", did="did:example:alice", parent="acme")
    answer = acme.get("/accounts")
    assert (answer.status, answer.json) == (
        200,
        [
            {"username": "alice", "parent": "did:example:acme", "did": "did:example:alice"},
            {"username": "bob"},
        ],
    )


def test_is_for_registries_alone(nobody, alice) -> None:
    assert nobody.get("/accounts").json == UNAUTHORIZED
    assert alice.get("/accounts").json == FORBIDDEN


def test_knows_nobody_of_another_scope(world, acme) -> None:
    client.registered(cast.world(), username="stranger")
    assert acme.get("/accounts").json == []


def test_leaves_out_who_was_shut_out_and_who_came_another_way(world, acme, alice) -> None:
    world.member("carol")
    with cast.in_scope(world):
        user = User.objects.get(username="alice")
        users.disable(user_id=user.id, by=world.system, now=acts.now())
    assert acme.get("/accounts").json == []


def test_goes_on_behind_a_name(world, acme) -> None:
    for name in ("Carol", "alice", "bob"):
        client.registered(world, username=name)
    assert [each["username"] for each in acme.get("/accounts").json] == ["alice", "bob", "Carol"]
    rest = acme.get("/accounts", query="after=ALICE").json
    assert [each["username"] for each in rest] == ["bob", "Carol"]


def test_refuses_a_parameter_that_is_there_twice(acme) -> None:
    assert acme.get("/accounts", query="after=a&after=b").status == 400
