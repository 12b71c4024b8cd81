"""Class 21 of the known attacks: gaps in what a server checks of WebAuthn.

Seen as CVE-2026-28787 (the challenge came from the client), CVE-2026-8830 and CVE-2026-6856 in
Keycloak, YSA-2026-02 (a user without the credential). Each answer is signed correctly and wrong in
one thing; over `/v1` all of them are refused, and nobody is signed in.
"""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from accounts.models import Passkey, User
from identity.crypto import base64url
from sessions_app.models import Session
from tests import authenticator, cast
from tests.authenticator import AAGUID, Authenticator, Maker
from tests.faces.v1 import apps
from tests.faces.v1.apps import App
from tests.faces.v1.client import problem
from tests.faces.v1.test_passkeys import begin, choose, registered
from tests.faces.v1.test_sign_in import ALICE

pytestmark = pytest.mark.django_db(transaction=True)

BEGIN, COMPLETE = "/passkeys/authentication", "/passkeys/authentication/complete"


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def device() -> Authenticator:
    return Authenticator()


@pytest.fixture
def alice(world: cast.World, device: Authenticator) -> User:
    user = world.member("alice", "member").user
    apps.protect(world, user)
    assert registered(entered(world, ALICE), device).status_code == 201
    return user


def entered(world: cast.World, name: str) -> App:
    app = App(world)
    app.enter(app.by_password(name))
    return app


def sign_in(app: App, begun: dict[str, Any], answer: Any, **person: str) -> httpx.Response:
    body = {"challenge_id": begun["challenge_id"], "credential": answer, **person}
    return app.post(COMPLETE, body)


def refused(answer: httpx.Response, code: str = "sign-in.refused") -> None:
    problem(answer, 401, code)


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
    "no handle and no name": lambda device, options: device.get(options, handle=""),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=list(WRONG))
def test_refuses_an_answer_that_is_wrong_in_one_thing(world, alice, device, wrong) -> None:
    app, before = App(world), sessions(world)
    begun = begin(app, BEGIN, {})
    refused(sign_in(app, begun, wrong(device, begun["public_key"])))
    assert sessions(world) == before
    # Nor is the challenge good for another try.
    device.flags = authenticator.PRESENT | authenticator.VERIFIED
    refused(sign_in(app, begun, device.get(begun["public_key"])), "challenge.refused")
    begun = begin(app, BEGIN, {})
    assert sign_in(app, begun, device.get(begun["public_key"])).status_code == 200


def sessions(world: cast.World) -> int:
    with cast.in_scope(world):
        return Session.objects.count()


def test_takes_no_challenge_that_the_client_made(world, alice, device) -> None:
    app = App(world)
    begun = begin(app, BEGIN, {})
    own = {**begun["public_key"], "challenge": base64url.encode(b"x" * 32)}
    refused(sign_in(app, begun, device.get(own)), "challenge.refused")


def test_takes_no_answer_twice(world, alice, device) -> None:
    app = App(world)
    begun = begin(app, BEGIN, {})
    answer = device.get(begun["public_key"])
    assert sign_in(app, begun, answer).status_code == 200
    refused(sign_in(app, begun, answer), "challenge.refused")
    refused(sign_in(app, begin(app, BEGIN, {}), answer), "challenge.refused")


def test_takes_no_challenge_of_another_scope(world, alice, device) -> None:
    other = cast.world(governance=False)
    begun = begin(App(other), BEGIN, {})
    answer = device.get(begun["public_key"])
    refused(sign_in(App(world), begun, answer), "challenge.refused")
    refused(sign_in(App(other), begun, answer))


def test_lets_nobody_in_under_the_name_of_another(world, alice, device) -> None:
    bob = world.member("bob", "member").user
    apps.protect(world, bob)
    app, name = App(world), "bob@example.test"
    begun = begin(app, BEGIN, {"username": name})
    answer = device.get(begun["public_key"], device.credentials[0])
    refused(sign_in(app, begun, answer, username=name))
    begun = begin(app, BEGIN, {"username": name})
    answer = device.get(begun["public_key"], device.credentials[0])
    refused(sign_in(app, begun, answer, username=ALICE), "challenge.refused")


def test_lets_nobody_in_with_a_credential_that_is_nobodys(world, alice) -> None:
    app, stranger = App(world), Authenticator()
    stranger.create({"rp": {"id": "localhost"}, "user": {"id": "AAAA"}, "challenge": "AAAA"})
    begun = begin(app, BEGIN, {"username": ALICE})
    answer = stranger.get(begun["public_key"], stranger.credentials[0])
    refused(sign_in(app, begun, answer, username=ALICE))


def test_a_copy_of_a_key_is_noticed(world, alice, device) -> None:
    app = App(world)
    for _ in range(2):
        begun = begin(app, BEGIN, {})
        assert sign_in(app, begun, device.get(begun["public_key"])).status_code == 200
    device.credentials[0].counter = 0
    begun = begin(app, BEGIN, {})
    refused(sign_in(app, begun, device.get(begun["public_key"])))
    with cast.in_scope(world):
        assert Passkey.objects.get().alarmed_at is not None


def test_nobody_claims_a_model_by_self_attestation(world, alice) -> None:
    maker = Maker()
    choose(world, passkey_aaguids=str(AAGUID), passkey_roots=maker.text)
    app = entered(world, ALICE)
    for device in (
        Authenticator(attestation="packed"),
        Authenticator(attestation="packed", maker=Maker()),
    ):
        problem(registered(app, device), 400, "passkey.refused")
    assert registered(app, Authenticator(maker=maker, attestation="packed")).status_code == 201


def test_nobody_adds_the_credential_of_another(world, alice, device) -> None:
    bob = world.member("bob", "member").user
    apps.protect(world, bob)
    app = entered(world, "bob@example.test")
    begun = begin(app, "/passkeys/registration", {})
    answer = device.attest(device.credentials[0], begun["public_key"])
    body = {"challenge_id": begun["challenge_id"], "credential": answer}
    problem(app.post("/passkeys", body), 409, "passkey.taken")
