"""`delegatedRegistration`: the scope's developer says who the user is, and signs that."""

from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from accounts.models import Profile, User
from accounts.services import ways_in
from identity.models import DeveloperKey
from identity.services import developer_keys
from tests import cast
from tests.faces.passport.client import Client, Developer

METHOD = "delegatedRegistration"


@pytest.fixture
def developer(world: cast.World) -> Developer:
    return register_key(world, Developer())


def register_key(world: cast.World, developer: Developer) -> Developer:
    developer_keys.add(
        name="Ours", public_key=developer.spki, by=world.system, now=datetime.now(UTC)
    )
    return developer


def params(client: Client, developer: Developer, name: Any = "alice", **changed: str) -> Any:
    sealed = client.seal_json({"username": name})
    signed = client.seal_json(developer.assertion(sealed, **changed))
    return {"encrypted_user": sealed, "encrypted_credential": {"KeySignature": signed}}


@pytest.mark.parametrize("method", [METHOD, "delegateRegistration"])
def test_registers_a_user_without_a_way_in(
    client: Client, developer: Developer, world: cast.World, method: str
) -> None:
    told = client.call(method, params(client, developer, "Zoë ✓")).result
    assert set(told) == {"account_id", "identifier_hash"}
    assert len(told["identifier_hash"]) == 66
    with cast.in_scope(world):
        user = User.objects.get(public_id=told["account_id"])
        assert (user.username, user.status) == ("Zoë ✓", "active")
        assert Profile.objects.get(user=user).source == "developer"
        assert not ways_in.has_one(user.id)
        assert DeveloperKey.objects.get().last_used_at is not None


def test_a_second_registration_is_told_in_the_words_that_clients_know(
    client: Client, developer: Developer
) -> None:
    client.call(METHOD, params(client, developer))
    for name in ("alice", "ALICE", "\uff41lice"):
        error = client.call(METHOD, params(client, developer, name)).error
        assert "Duplicate registration" in error["message"]
        assert (error["code"], error["data"]) == (-32000, "registration.duplicate")


def test_somebody_who_was_here_before_is_not_taken_over(
    client: Client, developer: Developer, world: cast.World
) -> None:
    bob = world.member("bob")
    answer = client.call(METHOD, params(client, developer, bob.user.username))
    assert answer.error["data"] == "registration.duplicate"


def refused(client: Client, given: Any) -> None:
    error = client.call(METHOD, given).error
    assert (error["code"], error["message"]) == (4100, "Unauthorized")


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "webauthn"},
        {"algorithm": "SHA512"},
        {"clientData": "another text"},
        {"id": "AAAA"},
        {"id": Developer().spki},
        {"signature": "AAAA"},
        {"signature": "not base64"},
        {"signature": "A" * 4096},
    ],
    ids=lambda changed: "-".join(f"{name}:{text[:8]}" for name, text in changed.items()),
)
def test_refuses_a_changed_assertion(
    client: Client, developer: Developer, changed: dict[str, str]
) -> None:
    refused(client, params(client, developer, **changed))


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP256K1()),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=["unregistered", "another curve", "rsa"],
)
def test_refuses_a_key_that_is_not_registered(
    client: Client, developer: Developer, key: Any
) -> None:
    refused(client, params(client, Developer(key)))


def test_refuses_a_revoked_key(client: Client, developer: Developer, world: cast.World) -> None:
    with cast.in_scope(world):
        key_id = DeveloperKey.objects.get().id
    developer_keys.revoke(key_id=key_id, by=world.system, now=datetime.now(UTC))
    refused(client, params(client, developer))


def test_refuses_another_scopes_key(client: Client, developer: Developer) -> None:
    other = Client(cast.world())
    refused(other, params(other, developer))


def test_refuses_a_signature_over_another_cipher_text(client: Client, developer: Developer) -> None:
    given = params(client, developer)
    given["encrypted_user"] = client.seal_json({"username": "alice"})
    refused(client, given)


def test_refuses_a_signature_over_the_plain_text(client: Client, developer: Developer) -> None:
    sealed = client.seal_json({"username": "alice"})
    assertion = developer.assertion('{"username": "alice"}', clientData=sealed)
    given = {
        "encrypted_user": sealed,
        "encrypted_credential": {"KeySignature": client.seal_json(assertion)},
    }
    refused(client, given)


def test_an_unsigned_registration_of_old_clients_is_refused(client: Client) -> None:
    answer = client.call(METHOD, {"username": "alice"})
    assert answer.error["code"] == -32602


@pytest.mark.parametrize("name", ["", "x" * 255, 7, None, "a\nb", "a\0b"])
def test_refuses_a_name_that_is_none(client: Client, developer: Developer, name: Any) -> None:
    assert client.call(METHOD, params(client, developer, name)).error["code"] in {-32602, -32000}
