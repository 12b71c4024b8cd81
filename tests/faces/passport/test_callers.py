"""Who calls: a session bound to scope, user and channel, or a developer's word; never two at once.

`eth_accounts` stands for every method that is an account's.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import User
from accounts.queries import managed_keys
from identity.crypto import base64url
from identity.models import AuditEvent, DeveloperKey
from identity.services import developer_keys
from sessions_app.models import Session
from sessions_app.services import sessions, tokens
from tests import cast
from tests.faces.passport import client as clients
from tests.faces.passport import people
from tests.faces.passport.client import Answer, Client, Developer
from tests.faces.passport.people import Person
from tests.faces.v1.apps import App

METHOD = "eth_accounts"


@pytest.fixture
def world(world: cast.World) -> cast.World:
    people.welcome(world)
    return world


@pytest.fixture
def alice(world: cast.World) -> Person:
    return people.registered(world)


@pytest.fixture
def developer(world: cast.World) -> Developer:
    developer = Developer()
    developer_keys.add(
        name="Ours", public_key=developer.spki, by=world.system, now=datetime.now(UTC)
    )
    return developer


def vouched(client: Client, developer: Developer, name: str = "dora") -> None:
    """A user who came by the developer's word."""
    sealed = client.seal_json({"username": name})
    credential = {"KeySignature": client.seal_json(developer.assertion(sealed))}
    params = {"encrypted_user": sealed, "encrypted_credential": credential}
    assert client.call("delegatedRegistration", params).result


def with_proof(client: Client, proof: dict[str, str], **more: Any) -> Answer:
    return replace(client, proof=proof).call(METHOD, **more)


def refused(answer: Answer, data: str = "unauthenticated") -> None:
    message = "The request could not be decrypted" if "decrypt" in data else "Unauthorized"
    assert (answer.message, answer.error["data"]) == (message, data)


def address_of(world: cast.World, name: str) -> str:
    with cast.in_scope(world):
        found = managed_keys.of_user(User.objects.get(username=name).id)
        assert found is not None
        return found.address


@pytest.mark.parametrize("method", ["eth_accounts", "eth_requestAccounts"])
def test_a_session_tells_the_account(world: cast.World, alice: Person, method: str) -> None:
    client = replace(alice.client, proof=alice.enter())
    assert client.call(method).result == [address_of(world, "alice")]
    assert client.call(method, []).result == [address_of(world, "alice")]


def test_a_session_is_replayed_as_long_as_it_lives(alice: Person, world: cast.World) -> None:
    client = replace(alice.client, proof=alice.enter())
    body = {"jsonrpc": "2.0", "id": 1, "method": METHOD}
    headers = {**client.headers, **client.proof}
    for _ in range(3):
        _, _, raw = clients.exchange(None, json.dumps(body).encode(), headers)
        assert "result" in json.loads(raw)
    with cast.in_scope(world):
        ends = Session.objects.get().expires_at
    refused(client.call(METHOD, now=ends + timedelta(seconds=1)))


def test_nobody_is_told_nothing(client: Client) -> None:
    refused(client.call(METHOD))


def test_an_ended_session_is_refused_at_once(world: cast.World, alice: Person) -> None:
    proof = alice.enter()
    with cast.in_scope(world):
        session_id = Session.objects.get().id
    sessions.end(session_id=session_id, reason="staff", by=world.system, now=datetime.now(UTC))
    refused(with_proof(alice.client, proof))


def test_a_disabled_user_is_refused_at_once(world: cast.World, alice: Person) -> None:
    proof = alice.enter()
    with cast.in_scope(world):
        User.objects.filter(username="alice").update(status="disabled")
    refused(with_proof(alice.client, proof))


def test_a_session_that_a_new_seed_ended_is_refused(alice: Person) -> None:
    proof = alice.enter()
    newer = alice.enter(regenerate_seed=True)
    refused(with_proof(alice.client, proof))
    assert with_proof(alice.client, newer).result


def test_a_token_is_bound_to_its_channel(alice: Person, world: cast.World) -> None:
    token = alice.client.open(alice.enter()["x-encrypted-session"])
    thief = Client(world)
    refused(with_proof(thief, {"x-encrypted-session": thief.seal(token)}))


def test_a_session_says_nothing_in_another_scope(alice: Person, world: cast.World) -> None:
    proof = alice.enter()
    token = alice.client.open(proof["x-encrypted-session"])
    other = Client(cast.world(), key=alice.client.key)
    refused(with_proof(other, {"x-encrypted-session": other.seal(token)}))
    swapped = with_proof(alice.client, proof, x_scope_id=str(other.world.scope.id))
    refused(swapped, "decryption.failed")


def test_a_header_of_another_user_is_refused(alice: Person) -> None:
    proof = alice.enter()
    bob = alice.client.seal_json({"username": "bob"})
    refused(with_proof(alice.client, proof | {"x-encrypted-user": bob}))
    for sealed in (alice.client.seal(b"null"), alice.client.seal_json({"username": "ALICE"})):
        assert with_proof(alice.client, proof | {"x-encrypted-user": sealed}).result


def forged(alice: Person, **claims: Any) -> str:
    head, body, signature = alice.client.open(alice.enter()["x-encrypted-session"]).split(b".")
    said = json.loads(base64url.decode(body.decode())) | claims
    text = b".".join([head, base64url.encode(json.dumps(said).encode()).encode(), signature])
    return alice.client.seal(text)


def test_a_changed_token_is_refused(alice: Person) -> None:
    for claims in ({"exp": 2**40}, {"sub": "0190a1b2-0000-7000-8000-000000000000"}, {"x": 1}):
        refused(with_proof(alice.client, {"x-encrypted-session": forged(alice, **claims)}))
    for text in (b"", b"x", b"a.b.c", b"\xff" * 40):
        refused(with_proof(alice.client, {"x-encrypted-session": alice.client.seal(text)}))


def test_a_token_of_another_audience_is_refused(alice: Person, world: cast.World) -> None:
    """Tokens of the scope's own API are no tokens here, though the same key signs them."""
    alice.enter()
    with cast.in_scope(world):
        session = Session.objects.select_related("user").get()
        session.audience = tokens.issuer(world.scope.slug)
        Session.objects.filter(id=session.id).update(audience=session.audience)
        live = sessions.live(session, scope_slug=world.scope.slug)
        token = tokens.access(live, seconds=600, now=datetime.now(UTC))
    refused(with_proof(alice.client, {"x-encrypted-session": alice.client.seal(token.encode())}))


def test_a_token_of_this_face_says_nothing_to_others(alice: Person, world: cast.World) -> None:
    token = alice.client.open(alice.enter()["x-encrypted-session"]).decode()
    assert App(world, token=token).get("/me").status_code == 401


def test_a_developers_word_tells_the_account(
    client: Client, developer: Developer, world: cast.World
) -> None:
    vouched(client, developer)
    proof = developer.vouch(client, "dora")
    for _ in range(2):
        assert with_proof(client, proof).result == [address_of(world, "dora")]


def test_the_record_says_whose_word_made_a_user(
    client: Client, developer: Developer, world: cast.World
) -> None:
    vouched(client, developer)
    with cast.in_scope(world):
        event = AuditEvent.objects.get(name="user.joined")
        key = DeveloperKey.objects.get()
        assert (event.actor["kind"], event.actor["developer_key"]) == ("developer", str(key.id))


def test_a_developers_word_is_for_its_own_users_alone(
    client: Client, developer: Developer, world: cast.World, alice: Person
) -> None:
    world.member("bob")
    for name in ("alice", "bob@example.test"):
        refused(with_proof(client, developer.vouch(client, name)))


def test_the_holder_of_a_key_hears_of_nobody(client: Client, developer: Developer) -> None:
    answer = with_proof(client, developer.vouch(client, "nobody"))
    assert answer.message == "Account credential lookup yielded no results"
    refused(with_proof(client, Developer().vouch(client, "nobody")))


@pytest.mark.parametrize("status", ["disabled", "invited"])
def test_a_developers_word_wakes_nobody(
    client: Client, developer: Developer, world: cast.World, status: str
) -> None:
    vouched(client, developer)
    with cast.in_scope(world):
        User.objects.filter(username="dora").update(status=status)
    refused(with_proof(client, developer.vouch(client, "dora")))


def test_a_revoked_key_is_refused_at_once(
    client: Client, developer: Developer, world: cast.World
) -> None:
    vouched(client, developer)
    proof = developer.vouch(client, "dora")
    with cast.in_scope(world):
        key_id = DeveloperKey.objects.get().id
    developer_keys.revoke(key_id=key_id, by=world.system, now=datetime.now(UTC))
    refused(with_proof(client, proof))


Twist = Callable[[Client, Developer], dict[str, str]]


def _another_text(client: Client, developer: Developer) -> dict[str, str]:
    proof = developer.vouch(client, "dora")
    return proof | {"x-encrypted-user": client.seal_json({"username": "dora"})}


def _no_user(client: Client, developer: Developer) -> dict[str, str]:
    sealed = client.seal_json(developer.assertion(""))
    return {"x-encrypted-key-signature": sealed, "x-encrypted-user": ""}


def _null_user(client: Client, developer: Developer) -> dict[str, str]:
    sealed = client.seal(b"null")
    return {
        "x-encrypted-user": sealed,
        "x-encrypted-key-signature": client.seal_json(developer.assertion(sealed)),
    }


@pytest.mark.parametrize("twist", [_another_text, _no_user, _null_user])
def test_a_word_is_about_the_header_as_it_was_sent(
    client: Client, developer: Developer, twist: Twist
) -> None:
    vouched(client, developer)
    answer = with_proof(client, twist(client, developer))
    assert answer.error["data"] in {"unauthenticated", "decryption.failed"}


def test_another_scopes_key_says_nothing_here(developer: Developer, world: cast.World) -> None:
    client, other = Client(world), Client(cast.world())
    vouched(client, developer)
    refused(with_proof(other, developer.vouch(other, "dora")))


def test_exactly_one_proof_is_taken(client: Client, developer: Developer, alice: Person) -> None:
    vouched(alice.client, developer)
    word, session = developer.vouch(alice.client, "dora"), alice.enter()
    refused(with_proof(alice.client, word | session))
    both = {"x-session": session["x-encrypted-session"], **session}
    refused(with_proof(alice.client, both))


def test_a_passkeys_word_for_each_request_is_told_apart(client: Client) -> None:
    proof = {"x-encrypted-webauthn-signature": client.seal_json({})}
    assert with_proof(client, proof).error["data"] == "not-supported"


@pytest.mark.parametrize(
    "header", ["x-encrypted-session", "x-session", "x-encrypted-key-signature"]
)
@pytest.mark.parametrize("text", ["x", "AAAA", "A" * 400, "ä", "=" * 8])
def test_a_proof_that_does_not_open_is_told_so(client: Client, header: str, text: str) -> None:
    refused(with_proof(client, {header: text}), "decryption.failed")
