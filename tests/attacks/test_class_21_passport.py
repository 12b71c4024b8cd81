"""Class 21 of the known attacks: gaps in what a server checks of WebAuthn, at the face `passport`.

Seen as CVE-2026-28787 (the challenge came from the client), CVE-2026-8830 and CVE-2026-6856 in
Keycloak, YSA-2026-02 (a user without the credential). Each answer is signed correctly and wrong in
one thing. Nobody is signed in by it, nobody is made, and the challenge is spent.
"""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from identity.crypto import base64url
from sessions_app.models import Session
from tests import authenticator, cast
from tests.authenticator import Authenticator
from tests.faces.passport import people
from tests.faces.passport.client import Answer, Client
from tests.faces.passport.people import Person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    world = cast.world()
    people.welcome(world)
    return world


@pytest.fixture
def alice(world: cast.World) -> Person:
    return people.registered(world)


def sessions(world: cast.World) -> int:
    with cast.in_scope(world):
        return Session.objects.count()


def data(answer: Answer) -> str:
    return str(answer.error["data"])


def flagged(flags: int) -> Callable[[Authenticator, Any], Any]:
    def answer(device: Authenticator, options: Any) -> Any:
        device.flags = flags
        return device.get(options)

    return answer


WRONG: dict[str, Callable[[Authenticator, Any], Any]] = {
    "origin": lambda device, options: device.get(options, origin="https://evil.example"),
    "origin's port": lambda device, options: device.get(options, origin="http://localhost:1"),
    "frame": lambda device, options: device.get(options, crossOrigin=True),
    "kind": lambda device, options: device.get(options, type="webauthn.create"),
    "relying party": lambda device, options: device.get({**options, "rpId": "evil.example"}),
    "absent": flagged(authenticator.VERIFIED),
    "unknown to the authenticator": flagged(authenticator.PRESENT),
    "handle of another": lambda device, options: device.get(options, handle="AAAA"),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=list(WRONG))
def test_refuses_an_assertion_that_is_wrong_in_one_thing(world, alice, wrong) -> None:
    challenge_id, options, sealed = alice.begin("initiateAuthentication")
    answer = alice.complete(
        "completeAuthentication", challenge_id, wrong(alice.device, options), sealed
    )
    assert (answer.error["code"], data(answer)) == (4100, "sign-in.refused")
    assert sessions(world) == 0
    # Nor is the challenge good for another try.
    alice.device.flags = authenticator.PRESENT | authenticator.VERIFIED
    given = alice.device.get(options)
    again = alice.complete("completeAuthentication", challenge_id, given, sealed)
    assert data(again) == "challenge.refused"
    assert alice.authenticate().result


WRONG_MAKING: dict[str, dict[str, Any]] = {
    "origin": {"origin": "https://evil.example"},
    "frame": {"crossOrigin": True},
    "kind": {"type": "webauthn.get"},
}


@pytest.mark.parametrize("said", WRONG_MAKING.values(), ids=list(WRONG_MAKING))
def test_refuses_a_passkey_that_was_made_wrongly(world, said) -> None:
    person = Person(Client(world))
    challenge_id, options, sealed = person.begin("initiateRegistration")
    given = person.device.create(options, **said)
    answer = person.complete("completeRegistration", challenge_id, given, sealed)
    assert data(answer) == "passkey.refused"
    elsewhere = {**options, "rp": {**options["rp"], "id": "evil.example"}}
    challenge_id, _, sealed = person.begin("initiateRegistration")
    given = person.device.create(elsewhere)
    assert "error" in person.complete("completeRegistration", challenge_id, given, sealed).body
    with cast.in_scope(world):
        assert not User.objects.exists()


def test_takes_no_challenge_that_the_client_made(world, alice) -> None:
    challenge_id, options, sealed = alice.begin("initiateAuthentication")
    own = {**options, "challenge": base64url.encode(b"x" * 32)}
    given = alice.device.get(own)
    answer = alice.complete("completeAuthentication", challenge_id, given, sealed)
    assert data(answer) == "challenge.refused"


def test_takes_no_answer_twice(world, alice) -> None:
    challenge_id, options, sealed = alice.begin("initiateAuthentication")
    given = alice.device.get(options)
    assert alice.complete("completeAuthentication", challenge_id, given, sealed).result
    again = alice.complete("completeAuthentication", challenge_id, given, sealed)
    assert data(again) == "challenge.refused"
    other, _, sealed = alice.begin("initiateAuthentication")
    assert data(alice.complete("completeAuthentication", other, given, sealed)) == (
        "challenge.refused"
    )
    assert sessions(world) == 1


def test_takes_no_challenge_of_another_kind(world, alice) -> None:
    person = Person(Client(world), "bob")
    challenge_id, options, sealed = person.begin("initiateRegistration")
    as_request = {**options, "rpId": options["rp"]["id"], "allowCredentials": []}
    given = alice.device.get(as_request, alice.device.credentials[0])
    answer = person.complete("completeAuthentication", challenge_id, given, sealed)
    assert data(answer) == "challenge.refused"


def test_takes_no_challenge_of_another_person(world, alice) -> None:
    bob = people.registered(world, "bob")
    challenge_id, options, _ = bob.begin("initiateAuthentication")
    given = alice.device.get({**options, "allowCredentials": []})
    answer = alice.complete(
        "completeAuthentication", challenge_id, given, alice.client.seal_json(alice.user)
    )
    assert data(answer) == "challenge.refused"


def test_one_persons_passkey_is_no_proof_for_another(world, alice) -> None:
    bob = people.registered(world, "bob")
    challenge_id, options, sealed = bob.begin("initiateAuthentication")
    given = alice.device.get(options, alice.device.credentials[0])
    answer = bob.complete("completeAuthentication", challenge_id, given, sealed)
    assert data(answer) == "sign-in.refused"
    assert sessions(world) == 0


def test_takes_no_challenge_of_another_scope(world, alice) -> None:
    other = cast.world()
    people.welcome(other)
    twin = Person(Client(other), "alice", alice.device)
    twin.register()
    challenge_id, options, _ = twin.begin("initiateAuthentication")
    given = alice.device.get(options, alice.device.credentials[0])
    answer = alice.complete(
        "completeAuthentication", challenge_id, given, alice.client.seal_json(alice.user)
    )
    assert data(answer) == "challenge.refused"


def test_a_copy_of_an_authenticator_is_noticed(world, alice) -> None:
    alice.authenticate()
    alice.device.credentials[0].counter = 0
    assert data(alice.authenticate()) == "sign-in.refused"


def test_another_channel_carries_no_answer_over(world, alice) -> None:
    """What was sealed under one key opens under no other, whoever sends it."""
    challenge_id, options, sealed = alice.begin("initiateAuthentication")
    params = {
        "challenge_id": challenge_id,
        "encrypted_assertion": alice.client.seal_json(alice.device.get(options)),
        "encrypted_user": sealed,
    }
    thief = Client(world)
    assert data(thief.call("completeAuthentication", params)) == "decryption.failed"
    assert sessions(world) == 0
