"""POST /accounts/login."""

from datetime import timedelta
from typing import Any

import pytest
from django_otp.oath import TOTP

from accounts.models import User
from accounts.services import one_time_passwords, users
from identity.actor import Actor, ActorKind
from sessions_app.models import Session
from tests import acts, cast
from tests.faces.guardian.client import PASSWORD, Client, envelope

WRONG = envelope(401, "Invalid username or password", "Unauthorized")


def test_gives_a_refresh_token_and_says_who_came(world, alice) -> None:
    answer = alice.login()
    assert answer.status == 200
    assert set(answer.json) == {"username", "did", "role", "refreshToken", "weakPassword"}
    told = {name: answer.json[name] for name in ("username", "did", "role", "weakPassword")}
    assert told == {"username": "alice", "did": None, "role": "USER", "weakPassword": False}
    assert answer.headers["Cache-Control"] == "no-store"


def test_says_what_a_registry_is(acme) -> None:
    assert acme.login().json["role"] == "STANDARD_REGISTRY"


def test_begins_a_session_of_this_face(world, alice) -> None:
    with cast.in_scope(world):
        session = Session.objects.get(user__username="alice")
    assert session.method == "password"
    assert session.audience.endswith(f"/s/{world.scope.slug}/registries")


def test_knows_a_name_in_any_spelling(alice) -> None:
    assert alice.login(username=" ALICE ").status == 200


@pytest.mark.parametrize("username", ["alice", "nobody", "a\ud800"[:1] + "x" * 1000, "ali\u200dce"])
def test_refuses_a_wrong_password_as_it_refuses_an_unknown_name(alice, username) -> None:
    answer = alice.login(username=username, password="wrongPassword1")
    assert (answer.status, answer.json) == (401, WRONG)


def test_refuses_whoever_was_shut_out_in_the_same_words(world, alice) -> None:
    with cast.in_scope(world):
        user = User.objects.get(username="alice")
        users.disable(user_id=user.id, by=world.system, now=acts.now())
    answer = alice.login()
    assert (answer.status, answer.json) == (401, WRONG)


def test_refuses_a_user_of_another_scope_in_the_same_words(alice) -> None:
    other = Client(cast.world(), "alice")
    assert (other.login().status, other.login().json) == (401, WRONG)


def test_somebody_who_came_another_way_is_a_user(world) -> None:
    carol = world.member("carol", "super-admin")
    with cast.in_scope(world):
        from accounts.services import passwords

        passwords.set_first(
            user_id=carol.user.id,
            verifier=passwords.make_verifier(PASSWORD),
            by=world.system,
            now=acts.now(),
        )
    signed = Client(world, "carol@example.test").sign_in()
    assert signed.login().json["role"] == "USER"
    # Whatever roles it has elsewhere.
    assert signed.get("/accounts").status == 403


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        (None, ["a JSON object is expected"]),
        ({}, ["username should not be empty", "password should not be empty"]),
        ({"username": "alice"}, ["password should not be empty"]),
        ({"username": "", "password": " "}, ["username should not be empty"]),
        ({"username": 1, "password": PASSWORD}, ["username must be a string"]),
        (
            {"username": "alice", "password": PASSWORD, "role": "USER"},
            ["property role should not exist"],
        ),
    ],
)
def test_says_what_is_wrong_with_a_body(nobody, body: Any, messages: list[str]) -> None:
    answer = nobody.post("/accounts/login", body)
    assert answer.status == 422
    assert answer.json["error"] == "Unprocessable Entity"
    assert answer.message[: len(messages)] == messages


def test_asks_for_a_one_time_password_where_there_is_one(world, alice) -> None:
    totp = generator(world, "alice")
    answer = alice.login()
    assert (answer.status, answer.json) == (200, {"success": False, "otprequired": True})
    code = f"{totp.token():06d}"
    told = alice.login(otp=code)
    assert told.status == 200
    assert told.json["refreshToken"]
    # It is good once.
    again = alice.login(otp=code)
    assert (again.status, again.message) == (401, "Invalid one-time password")


def test_a_wrong_password_hears_nothing_of_one_time_passwords(world, alice) -> None:
    totp = generator(world, "alice")
    answer = alice.login(password="wrongPassword1", otp=f"{totp.token():06d}")
    assert (answer.status, answer.json) == (401, WRONG)


def test_stops_after_ten_wrong_passwords(alice) -> None:
    for number in range(10):
        alice.address = f"198.51.{number}.1"
        assert alice.login(password="wrongPassword1").status == 401
    assert (alice.login().status, alice.login().json) == (401, WRONG)


def test_one_neighbourhood_has_thirty_tries_whoever_they_are_for(world) -> None:
    guest = Client(world)
    statuses = [guest.login(username=f"user{number}").status for number in range(31)]
    assert statuses == [401] * 30 + [429]
    last = guest.login(username="alice")
    assert last.json["statusCode"] == 429
    assert int(last.headers["Retry-After"]) > 0


def test_the_session_ends_with_the_scopes_days(world, alice) -> None:
    with cast.in_scope(world):
        session = Session.objects.get(user__username="alice")
    assert session.expires_at - session.created_at == timedelta(days=7)


def generator(world: cast.World, username: str) -> TOTP:
    """One-time passwords for somebody; the generator as its owner has it, one step on."""
    with cast.in_scope(world):
        user = User.objects.get(username=username)
        by = Actor(ActorKind.SESSION, world.scope.id, user_id=user.id, public_id=user.public_id)
        then = acts.now() - timedelta(seconds=60)
        one_time_passwords.begin(user_id=user.id, by=by, now=then)
        begun = one_time_passwords.begun(user_id=user.id, now=then)
        assert begun is not None
        totp = TOTP(begun.secret)
        totp.time = then.timestamp()
        code = f"{totp.token():06d}"
        one_time_passwords.confirm(user_id=user.id, code=code, by=by, now=then)
    totp.time = acts.now().timestamp()
    return totp
