"""Joining and signing in by passkey, as the published client asks for it."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from accounts.models import Passkey, Profile, User
from accounts.queries import managed_keys
from identity.crypto import base64url
from identity.models import AuditEvent
from identity.services import scopes
from sessions_app.models import Session
from tests import cast
from tests.authenticator import Authenticator
from tests.faces.passport import people
from tests.faces.passport.client import Answer, Client
from tests.faces.passport.people import Person


@pytest.fixture
def world(world: cast.World) -> cast.World:
    people.welcome(world)
    return world


@pytest.fixture
def alice(world: cast.World) -> Person:
    return people.registered(world)


def change(world: cast.World, **changes: Any) -> None:
    with cast.in_scope(world):
        scopes.change_settings(changes=changes, by=world.system, now=datetime.now(UTC))


def told(answer: Answer) -> tuple[int, str]:
    return answer.error["code"], answer.error["data"]


def payload(sealed: str, client: Client) -> dict[str, Any]:
    parts = client.open(sealed).decode().split(".")
    claims: dict[str, Any] = json.loads(base64url.decode(parts[1]))
    return claims


def test_a_creation_challenge_has_what_signers_ask_for(client: Client, world: cast.World) -> None:
    _, options, _ = Person(client, "Zoë").begin("initiateRegistration")
    assert options["rp"] == {"id": "localhost", "name": world.scope.name}
    assert (options["user"]["name"], options["user"]["displayName"]) == ("Zoë", "Zoë")
    assert [each["alg"] for each in options["pubKeyCredParams"]][:1] == [-7]
    assert (options["timeout"], options["attestation"]) == (60000, "none")
    assert options["extensions"] == {"credProps": True}
    for text in (options["challenge"], options["user"]["id"]):
        assert len(base64url.decode(text)) == 32
        assert "=" not in text


def test_a_request_challenge_names_the_passkeys_of_the_user(alice: Person) -> None:
    _, options, _ = alice.begin("initiateAuthentication", regenerate_seed=False)
    assert (options["rpId"], options["userVerification"]) == ("localhost", "required")
    ids = [each["id"] for each in options["allowCredentials"]]
    assert ids == [base64url.encode(alice.device.credentials[0].id)]


def test_registers_a_user_with_a_passkey_and_an_account(client: Client, world: cast.World) -> None:
    answer = Person(client, "Zoë").register().result
    assert set(answer) == {"account_id", "identifier_hash"}
    assert len(answer["identifier_hash"]) == 66
    with cast.in_scope(world):
        user = User.objects.get(public_id=UUID(answer["account_id"]))
        assert (user.username, user.status) == ("Zoë", "active")
        assert Passkey.objects.get(user=user).was_verified
        assert Profile.objects.get(user=user).source == "passkey"
        assert managed_keys.of_user(user.id) is not None


def test_a_taken_name_is_told_before_a_passkey_is_made(world: cast.World, alice: Person) -> None:
    for name in ("alice", "ALICE", "\uff41lice"):
        client = Client(world)
        params = {"encrypted_user": client.seal_json({"username": name})}
        error = client.call("initiateRegistration", params).error
        assert "Duplicate registration" in error["message"]
        assert error["data"] == "registration.duplicate"


def test_a_name_that_was_taken_meanwhile_is_told_too(world: cast.World) -> None:
    early, late = (Person(Client(world)) for _ in range(2))
    challenge_id, options, sealed = early.begin("initiateRegistration")
    late.register()
    given = early.device.create(options)
    answer = early.complete("completeRegistration", challenge_id, given, sealed)
    assert told(answer) == (-32000, "registration.duplicate")


def test_nobody_joins_where_the_scope_is_closed(world: cast.World) -> None:
    change(world, passkey_sign_up=False)
    client = Client(world)
    params = {"encrypted_user": client.seal_json({"username": "alice"})}
    error = client.call("initiateRegistration", params).error
    assert (error["code"], error["data"]) == (4100, "sign-in.by-invitation-only")


def test_signs_in_with_a_token_that_tells_the_account(world: cast.World, alice: Person) -> None:
    sealed = alice.authenticate().result["encrypted_jwt"]
    base64.b64decode(sealed, validate=True)
    claims = payload(sealed, alice.client)
    assert claims["permissions"] == "full"
    with cast.in_scope(world):
        session = Session.objects.get()
        assert (session.method, session.user.username) == ("passkey", "alice")
        key = managed_keys.of_user(session.user_id)
        assert key is not None
        assert claims["public_key"] == key.public_key.hex()
        assert len(claims["public_key"]) == 66
        assert claims["sid"] == str(session.id)
        assert claims["exp"] == int(session.expires_at.timestamp())


def test_nobody_of_a_name_is_told_in_the_words_that_clients_know(client: Client) -> None:
    params = {"encrypted_user": client.seal_json({"username": "nobody"}), "regenerate_seed": False}
    error = client.call("initiateAuthentication", params).error
    assert "Account credential lookup yielded no results" in error["message"]
    assert (error["code"], error["data"]) == (-32000, "account.unknown")


def test_nobody_of_a_name_is_like_anybody_where_the_scope_is_closed(
    world: cast.World, alice: Person
) -> None:
    change(world, passkey_sign_up=False)
    shapes = []
    for name in ("alice", "nobody"):
        _, options, _ = Person(Client(world), name).begin("initiateAuthentication")
        [allowed] = options.pop("allowCredentials")
        shapes.append((sorted(options), sorted(allowed)))
    assert shapes[0] == shapes[1]
    stranger = Person(Client(world), "nobody", alice.device)
    challenge_id, options, sealed = stranger.begin("initiateAuthentication")
    given = alice.device.get(options, alice.device.credentials[0])
    answer = stranger.complete("completeAuthentication", challenge_id, given, sealed)
    assert told(answer) == (4100, "sign-in.refused")


def test_a_new_seed_ends_older_sessions_of_this_face(world: cast.World, alice: Person) -> None:
    old = alice.enter()
    with cast.in_scope(world):
        row = Session.objects.get()
        other = Session.objects.get(id=row.id)
        other.pk, other.audience = None, "https://elsewhere.test"
        other.id = UUID(int=7)
        other.save(force_insert=True)
    alice.enter(regenerate_seed=True)
    with cast.in_scope(world):
        row.refresh_from_db()
        assert row.status == "ended"
        assert Session.objects.filter(status="active").count() == 2
        event = AuditEvent.objects.get(name="session.ended")
        assert event.subject_id == str(row.id)
    assert old["x-encrypted-session"]


def test_a_new_seed_ends_nothing_before_the_passkey_is_proven(
    world: cast.World, alice: Person
) -> None:
    alice.enter()
    stranger = Person(Client(world), "alice", Authenticator())
    challenge_id, options, sealed = stranger.begin("initiateAuthentication", regenerate_seed=True)
    other = people.registered(world, "mallory").device
    given = other.get(options, other.credentials[0])
    answer = stranger.complete("completeAuthentication", challenge_id, given, sealed)
    assert told(answer) == (4100, "sign-in.refused")
    with cast.in_scope(world):
        assert Session.objects.filter(status="active").count() == 1


def test_a_sign_in_without_a_new_seed_ends_nothing(world: cast.World, alice: Person) -> None:
    alice.enter()
    alice.enter()
    with cast.in_scope(world):
        assert Session.objects.filter(status="active").count() == 2


def test_refuses_another_user_at_the_second_call(world: cast.World, alice: Person) -> None:
    challenge_id, options, _ = alice.begin("initiateAuthentication")
    given = alice.device.get(options)
    bob = alice.client.seal_json({"username": "bob"})
    answer = alice.complete("completeAuthentication", challenge_id, given, bob)
    assert told(answer) == (4100, "challenge.refused")
    challenge_id, options, _ = Person(alice.client, "carol").begin("initiateRegistration")
    given = alice.device.create(options)
    answer = alice.complete("completeRegistration", challenge_id, given, bob)
    assert told(answer) == (4100, "challenge.refused")


@pytest.mark.parametrize("method", ["initiateRegistration", "initiateAuthentication"])
def test_refuses_a_header_that_names_somebody_else(
    world: cast.World, alice: Person, method: str
) -> None:
    client = alice.client
    params = {"encrypted_user": client.seal_json({"username": "alice"})}
    other = client.seal_json({"username": "bob"})
    assert told(client.call(method, params, x_encrypted_user=other)) == (4100, "unauthenticated")


def test_takes_a_header_that_names_the_same_or_is_not_there(alice: Person) -> None:
    params = {"encrypted_user": alice.client.seal_json(alice.user)}
    for header in (alice.client.seal_json({"username": "alice"}), None):
        answer = alice.client.call("initiateAuthentication", params, x_encrypted_user=header)
        assert answer.result["challenge_id"]


def test_a_challenge_is_good_for_a_minute(alice: Person) -> None:
    challenge_id, options, sealed = alice.begin("initiateAuthentication")
    params = {
        "challenge_id": challenge_id,
        "encrypted_assertion": alice.client.seal_json(alice.device.get(options)),
        "encrypted_user": sealed,
    }
    late = datetime.now(UTC) + timedelta(seconds=61)
    answer = alice.client.call("completeAuthentication", params, now=late)
    assert told(answer) == (4100, "challenge.refused")


@pytest.mark.parametrize("challenge", ["", "x", 7, None, "0190a1b2-0000-7000-8000-000000000000"])
def test_refuses_a_challenge_that_was_never_given_out(alice: Person, challenge: Any) -> None:
    _, options, sealed = alice.begin("initiateAuthentication")
    answer = alice.complete("completeAuthentication", challenge, alice.device.get(options), sealed)
    assert answer.error["code"] in {-32602, 4100}


@pytest.mark.parametrize("value", ["yes", 1, None, []])
def test_a_wish_is_true_or_false(alice: Person, value: Any) -> None:
    params = {"encrypted_user": alice.client.seal_json(alice.user), "regenerate_seed": value}
    assert alice.client.call("initiateAuthentication", params).error["code"] == -32602


@pytest.mark.parametrize("shown", ["x" * 201, "a\u202eb"])
def test_a_name_that_cannot_be_shown_is_refused_before_a_passkey_is_made(
    client: Client, shown: str
) -> None:
    user = {"username": "zoe", "userDisplayName": shown}
    params = {"encrypted_user": client.seal_json(user)}
    assert client.call("initiateRegistration", params).error["code"] == -32602


def test_a_disabled_user_does_not_sign_in(world: cast.World, alice: Person) -> None:
    with cast.in_scope(world):
        User.objects.filter(username="alice").update(status="disabled")
    assert told(alice.authenticate()) == (4100, "sign-in.refused")
