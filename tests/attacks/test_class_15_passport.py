"""Class 15 of the known attacks: credentials and objects of another tenant, at the face `passport`.

Seen as CVE-2025-14777 and CVE-2026-4628 in Keycloak, CVE-2026-55670 in Zitadel. Every method of an
account is asked in one scope with the best credential of another; the table says who may call
what, and a method that is not in it fails here.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import KeySignature, Lambda, ManagedKey
from identity.api.passport.methods import METHODS
from identity.api.passport.route import Who
from identity.services import developer_keys
from tests import cast
from tests.faces.passport import people
from tests.faces.passport.client import Client, Developer

pytestmark = pytest.mark.django_db(transaction=True)

OF_ACCOUNTS = {
    "createLambda",
    "eth_accounts",
    "eth_requestAccounts",
    "eth_signTransaction",
    "eth_signTypedData_v4",
    "listLambda",
    "personal_sign",
}
TABLE = {
    Who.NOBODY_YET: {"createScope", "updateScope"},
    Who.ACCOUNT: OF_ACCOUNTS,
    Who.ANYBODY: {
        "completeAuthentication",
        "completeRegistration",
        "delegateRegistration",
        "delegatedRegistration",
        "eth_addEthereumChain",
        "eth_switchEthereumChain",
        "executeLambda",
        "initiateAuthentication",
        "initiateRegistration",
        "wallet_addEthereumChain",
        "wallet_switchEthereumChain",
    },
}
every_account_method = pytest.mark.parametrize("method", sorted(OF_ACCOUNTS))


def test_the_table_says_who_may_call_what() -> None:
    told = {who: {name for name, one in METHODS.items() if one.who is who} for who in Who}
    assert told == TABLE


def tenant() -> cast.World:
    world = cast.world()
    people.welcome(world)
    return world


def by_session(world: cast.World, key: bytes) -> Client:
    person = people.registered(world)
    client = replace(person.client, key=key)
    person.client = client
    return replace(client, proof=person.enter())


def by_word(world: cast.World, key: bytes) -> Client:
    developer, client = Developer(), Client(world, key=key)
    developer_keys.add(
        name="Ours", public_key=developer.spki, by=world.system, now=datetime.now(UTC)
    )
    sealed = client.seal_json({"username": "alice"})
    credential = {"KeySignature": client.seal_json(developer.assertion(sealed))}
    params = {"encrypted_user": sealed, "encrypted_credential": credential}
    assert client.call("delegatedRegistration", params).result
    return replace(client, proof=developer.vouch(client, "alice"))


@every_account_method
@pytest.mark.parametrize("proof", [by_session, by_word])
def test_a_credential_of_one_scope_is_none_in_another(
    method: str, proof: Callable[[cast.World, bytes], Client]
) -> None:
    """The same AES key on both sides, so that what is sealed opens: no wall but the scope's."""
    key = b"k" * 32
    theirs, ours = proof(tenant(), key), by_session(tenant(), key)
    moved = replace(ours, proof=theirs.proof)
    answer = moved.call(method, params_of(method))
    assert (answer.error["code"], answer.error["data"]) == (4100, "unauthenticated")
    for world in (theirs.world, ours.world):
        with cast.in_scope(world):
            assert ManagedKey.objects.count() == 1
            assert not KeySignature.objects.exists()
            assert not Lambda.objects.exists()


@every_account_method
def test_nobody_calls_a_method_of_an_account_without_a_proof(method: str) -> None:
    client = Client(tenant())
    for user in (client.seal(b"null"), client.seal_json({"username": "alice"})):
        answer = client.call(method, params_of(method), x_encrypted_user=user)
        assert (answer.error["code"], answer.error["data"]) == (4100, "unauthenticated")


def params_of(method: str) -> Any:
    return {} if method.endswith("Lambda") else []
