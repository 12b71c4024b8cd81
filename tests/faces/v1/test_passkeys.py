"""Passkeys over `/v1`: made, used with and without a name, listed, renamed, removed."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from accounts.models import Passkey, User
from accounts.services import users
from identity.scoping import current
from identity.services import scopes
from sessions_app.models import Session, SignIn
from tests import authenticator, cast
from tests.authenticator import Authenticator
from tests.faces.v1 import apps
from tests.faces.v1.apps import App
from tests.faces.v1.client import problem
from tests.faces.v1.test_sign_in import ALICE, enrolled, present

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def alice(world: cast.World) -> User:
    user = world.member("alice", "member").user
    apps.protect(world, user)
    return user


@pytest.fixture
def app(world: cast.World, alice: User) -> App:
    app = App(world)
    app.enter(app.by_password(ALICE))
    return app


@pytest.fixture
def device() -> Authenticator:
    return Authenticator()


def choose(world: cast.World, **changes: Any) -> None:
    with current.in_scope(world.scope.id):
        scopes.change_settings(changes=changes, by=world.system, now=datetime.now(UTC))


def registered(app: App, device: Authenticator, name: str = "Phone") -> httpx.Response:
    begun = begin(app, "/passkeys/registration", {})
    answer = device.create(begun["public_key"])
    body = {"challenge_id": begun["challenge_id"], "credential": answer, "name": name}
    return app.post("/passkeys", body)


def begin(app: App, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = app.post(path, body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def signed_in(world: cast.World, device: Authenticator, **person: str) -> httpx.Response:
    app = App(world)
    begun = begin(app, "/passkeys/authentication", person)
    answer = device.get(begun["public_key"])
    body = {"challenge_id": begun["challenge_id"], "credential": answer, **person}
    return app.post("/passkeys/authentication/complete", body)


def test_a_passkey_signs_in_with_a_name_and_without(app, world, device, alice) -> None:
    made = registered(app, device)
    assert made.status_code == 201, made.text
    assert made.json()["name"] == "Phone"
    for person in ({}, {"username": ALICE}):
        visitor = App(world)
        told = visitor.enter(signed_in(world, device, **person))
        assert visitor.get("/me").json()["user"]["id"] == str(alice.public_id)
        with current.in_scope(world.scope.id):
            assert Session.objects.get(id=told["session"]).method == "passkey"
            assert SignIn.objects.filter(session_id=told["session"], method="passkey").exists()


def test_lists_renames_and_removes_ones_own(app, world, device) -> None:
    made = registered(app, device).json()
    path = f"/passkeys/{made['id']}"
    assert [row["id"] for row in app.get("/passkeys").json()["items"]] == [made["id"]]
    assert app.send("PUT", path, {"name": "Key ring"}).json()["name"] == "Key ring"
    assert app.send("DELETE", path).json() == {"id": made["id"]}
    assert app.get("/passkeys").json()["items"] == []
    problem(signed_in_anyhow(world, device), 401, "sign-in.refused")


def signed_in_anyhow(world: cast.World, device: Authenticator) -> httpx.Response:
    return signed_in(world, device)


def test_nobody_touches_the_passkeys_of_others(app, world, device) -> None:
    made = registered(app, device).json()
    bob = world.member("bob", "super-admin").user
    apps.protect(world, bob)
    other = App(world)
    other.enter(other.by_password("bob@example.test"))
    path = f"/passkeys/{made['id']}"
    problem(other.send("PUT", path, {"name": "mine"}), 404, "missing")
    problem(other.send("DELETE", path), 404, "missing")
    assert other.get("/passkeys").json()["items"] == []


DANGEROUS: list[Callable[[App, str], httpx.Response]] = [
    lambda app, path: app.post("/passkeys/registration", {}),
    lambda app, path: app.send("PUT", path, {"name": "x"}),
    lambda app, path: app.send("DELETE", path),
]


@pytest.mark.parametrize("act", DANGEROUS)
def test_asks_for_a_fresh_proof_which_a_passkey_is(app, world, device, act) -> None:
    path = f"/passkeys/{registered(app, device).json()['id']}"
    apps.left_alone(world)
    problem(act(app, path), 403, "session.step-up-needed")
    begun = begin(app, "/me/step-up/passkey", {})
    proof = {"challenge_id": begun["challenge_id"], "credential": device.get(begun["public_key"])}
    assert app.post("/me/step-up", {"passkey": proof}).status_code == 200
    problem(app.post("/me/step-up", {"passkey": proof}), 401, "challenge.refused")
    assert act(app, path).status_code == 200


def test_a_step_up_is_no_sign_in_and_good_for_one_session(app, world, device) -> None:
    registered(app, device)
    begun = begin(app, "/me/step-up/passkey", {})
    proof = {"challenge_id": begun["challenge_id"], "credential": device.get(begun["public_key"])}
    stranger = App(world)
    answer = stranger.post("/passkeys/authentication/complete", proof)
    problem(answer, 401, "challenge.refused")
    second = App(world)
    second.enter(second.by_password(ALICE))
    problem(second.post("/me/step-up", {"passkey": proof}), 401, "challenge.refused")
    assert app.post("/me/step-up", {"passkey": proof}).status_code == 200


def test_an_account_without_passkeys_is_told_so(app) -> None:
    problem(app.post("/me/step-up/passkey", {}), 404, "missing")


def test_a_known_person_needs_no_one_time_password(app, world, device, alice) -> None:
    registered(app, device)
    enrolled(world, alice)
    assert signed_in(world, device).json()["status"] == "signed-in"


def test_mere_presence_is_one_factor_alone(app, world, alice) -> None:
    choose(world, passkey_user_verification="discouraged")
    device = Authenticator(flags=authenticator.PRESENT)
    registered(app, device)
    assert signed_in(world, device).json()["status"] == "signed-in"
    generator = enrolled(world, alice)
    visitor = App(world)
    begun = begin(visitor, "/passkeys/authentication", {})
    answer = device.get(begun["public_key"])
    body = {"challenge_id": begun["challenge_id"], "credential": answer}
    due = visitor.post("/passkeys/authentication/complete", body).json()
    assert due["status"] == "second-factor"
    code = {"ticket": due["ticket"], "code": present(generator)}
    assert visitor.post("/sign-in/second-factor", code).json()["status"] == "signed-in"


def test_whoever_is_shut_out_stays_outside(app, world, device, alice) -> None:
    registered(app, device)
    with current.in_scope(world.scope.id):
        users.disable(user_id=alice.id, by=world.system, now=datetime.now(UTC))
    problem(signed_in(world, device), 401, "sign-in.refused")
    with current.in_scope(world.scope.id):
        assert SignIn.objects.filter(outcome="refused", method="passkey").count() == 1


def test_newcomers_join_where_the_scope_lets_them(world, device) -> None:
    app, person = App(world), {"username": "dora", "full_name": "Dora"}
    problem(app.post("/passkeys/joining", person), 403, "sign-in.by-invitation-only")
    choose(world, passkey_sign_up=True)
    app.enter(joined(app, device, person))
    assert app.get("/me").json()["user"]["username"] == "dora"
    problem(joined(App(world), Authenticator(), person), 409, "name.taken")
    assert signed_in(world, device, username="dora").status_code == 200


def joined(app: App, device: Authenticator, person: dict[str, str]) -> httpx.Response:
    begun = begin(app, "/passkeys/joining", person)
    answer = device.create(begun["public_key"])
    body = {"challenge_id": begun["challenge_id"], "credential": answer, **person}
    return app.post("/passkeys/joining/complete", body)


def test_refuses_what_is_no_answer_of_an_authenticator(app, world, device) -> None:
    begun = begin(app, "/passkeys/registration", {})
    body = {"challenge_id": begun["challenge_id"], "credential": {"id": 1, "response": []}}
    problem(app.post("/passkeys", body), 400, "passkey.refused")
    problem(app.post("/passkeys/authentication/complete", body), 401, "sign-in.refused")
    with current.in_scope(world.scope.id):
        assert not Passkey.objects.exists()
