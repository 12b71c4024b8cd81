"""Signing with the account: what clients send, however it is written, and what waits for others."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data

from accounts.models import KeySignature, User
from accounts.queries import managed_keys
from identity import ids
from identity.models import AuditEvent
from identity.services import developer_keys
from invitations.models import Policy, Proposal
from tests import acts, cast
from tests.faces.passport import people
from tests.faces.passport.client import ZERO, Answer, Client, Developer

OTHER = "0x" + "35" * 20
PAID = {"to": OTHER, "nonce": "0", "gas": "0x5208", "value": "0xDE0B6B3A7640000", "chainId": "0x1"}
MODERN = PAID | {"type": "0x2", "maxFeePerGas": "1000000000", "maxPriorityFeePerGas": "0x1"}
LISTED = PAID | {"type": "0x01", "gasPrice": "0x3b9aca00", "accessList": []}
LEGACY = PAID | {"type": "0x00", "gasPrice": "0x3b9aca00"}
TYPED: dict[str, Any] = {
    "types": {
        "EIP712Domain": [{"name": "name", "type": "string"}],
        "Mail": [{"name": "to", "type": "address"}, {"name": "text", "type": "string"}],
    },
    "primaryType": "Mail",
    "domain": {"name": "Post"},
    "message": {"to": OTHER, "text": "Grüße"},
}


@pytest.fixture
def world(world: cast.World) -> cast.World:
    people.welcome(world)
    return world


@pytest.fixture
def bob(world: cast.World) -> Client:
    """A client of somebody who is signed in."""
    person = people.registered(world, "bob")
    return replace(person.client, proof=person.enter())


@pytest.fixture
def address(world: cast.World, bob: Client) -> str:
    return address_of(world, "bob")


def address_of(world: cast.World, name: str) -> str:
    with cast.in_scope(world):
        found = managed_keys.of_user(User.objects.get(username=name).id)
        assert found is not None
        return found.address


def signer_of(message: bytes | str, signature: str) -> str:
    assert signature.startswith("0x")
    assert len(signature) == 132
    given = encode_defunct(message) if isinstance(message, bytes) else encode_defunct(text=message)
    return str(Account.recover_message(given, signature=signature))


def refused(answer: Answer) -> None:
    assert answer.error["code"] == -32602


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("0x68656c6c6f", b"hello"),
        ("0x", b""),
        ("hello", b"hello"),
        ("68656c6c6f", b"68656c6c6f"),
        ("Grüße ☃", "Grüße ☃".encode()),
        ("0xFFfe", b"\xff\xfe"),
    ],
)
def test_signs_bytes_and_texts(bob: Client, address: str, sent: str, meant: bytes) -> None:
    signature = bob.call("personal_sign", [sent, ZERO]).result
    assert signer_of(meant, signature) == address
    assert int(signature[-2:], 16) in {27, 28}


@pytest.mark.parametrize("spelt", [str, str.lower, lambda own: "0x" + own[2:].upper()])
def test_takes_the_accounts_address_and_what_stands_for_none(
    bob: Client, address: str, spelt: Callable[[str], str]
) -> None:
    for given in (spelt(address), ZERO, "0x00", "0x0", "0x"):
        assert signer_of("hi", bob.call("personal_sign", ["hi", given]).result) == address
        typed = bob.call("eth_signTypedData_v4", [given, TYPED])
        assert typed.result.startswith("0x")


def test_refuses_another_address(bob: Client) -> None:
    for method, params in (
        ("personal_sign", ["hi", OTHER]),
        ("eth_signTypedData_v4", [OTHER, TYPED]),
    ):
        error = bob.call(method, params).error
        assert (error["code"], error["data"]) == (4100, "forbidden")
    refused(bob.call("eth_signTransaction", [MODERN | {"from": OTHER}]))


def test_signs_typed_data_as_an_object_and_as_text(bob: Client, address: str) -> None:
    expected = encode_typed_data(full_message=TYPED)
    for payload in (TYPED, json.dumps(TYPED)):
        signature = bob.call("eth_signTypedData_v4", [address, payload]).result
        assert Account.recover_message(expected, signature=signature) == address


@pytest.mark.parametrize("transaction", [MODERN, LISTED, LEGACY], ids=["1559", "2930", "155"])
def test_signs_transactions_that_are_ready_to_be_sent(
    bob: Client, address: str, transaction: dict[str, Any]
) -> None:
    for given in (transaction, transaction | {"from": address}, transaction | {"from": None}):
        raw = bob.call("eth_signTransaction", [given]).result
        assert Account.recover_transaction(raw) == address


def test_refuses_parameters_that_mean_nothing(bob: Client) -> None:
    params: Any
    for params in ([], ["hi"], ["hi", ZERO, ZERO], [7, ZERO], ["hi", 7], ["hi", "me"], {"a": 1}):
        refused(bob.call("personal_sign", params))
    for params in (["0x1", ZERO], ["0xzz", ZERO], ["\ud800", ZERO]):
        assert bob.call("personal_sign", params).error["code"] in {-32602, -32700}
    for params in ([ZERO], [ZERO, 7], [ZERO, "{"], [ZERO, {}], [ZERO, TYPED | {"types": []}]):
        refused(bob.call("eth_signTypedData_v4", params))
    for params in ([], [MODERN, MODERN], ["0x"], [{}], [MODERN | {"nonce": None}]):
        refused(bob.call("eth_signTransaction", params))


@pytest.mark.parametrize(
    "more",
    [{"type": "0x3"}, {"blobVersionedHashes": []}, {"authorizationList": []}, {"chainId": "0x0"}],
    ids=lambda more: next(iter(more)),
)
def test_refuses_transactions_that_mean_more(bob: Client, more: dict[str, Any]) -> None:
    refused(bob.call("eth_signTransaction", [MODERN | more]))


def test_takes_what_viem_sends_along_of_a_contracts_call(bob: Client, address: str) -> None:
    along = {"abi": [{"type": "function"}], "functionName": "mint", "args": [1], "address": OTHER}
    raw = bob.call("eth_signTransaction", [MODERN | along | {"data": "0xa71bbebe"}]).result
    assert Account.recover_transaction(raw) == address


def test_a_developers_word_signs_and_the_record_names_its_key(world: cast.World) -> None:
    developer, client = Developer(), Client(world)
    key = developer_keys.add(
        name="Ours", public_key=developer.spki, by=world.system, now=datetime.now(UTC)
    )
    sealed = client.seal_json({"username": "dora"})
    credential = {"KeySignature": client.seal_json(developer.assertion(sealed))}
    params = {"encrypted_user": sealed, "encrypted_credential": credential}
    assert client.call("delegatedRegistration", params).result
    proven = replace(client, proof=developer.vouch(client, "dora"))
    signature = proven.call("personal_sign", ["hi", ZERO]).result
    assert signer_of("hi", signature) == address_of(world, "dora")
    with cast.in_scope(world):
        event = AuditEvent.objects.get(name="managed-key.signed")
        assert (event.actor["kind"], event.actor["developer_key"]) == ("developer", str(key.id))
        assert KeySignature.objects.get().vouched_by == key.id


def test_the_record_has_the_digest_and_the_session(world: cast.World, bob: Client) -> None:
    bob.call("personal_sign", ["hi", ZERO])
    with cast.in_scope(world):
        row = KeySignature.objects.get()
        event = AuditEvent.objects.get(name="managed-key.signed")
        assert event.facts["digest"] == row.digest
        assert event.actor["session"] == str(row.session_id)


def review(world: cast.World, expression: str = "") -> None:
    now = datetime.now(UTC)
    with cast.in_scope(world):
        Policy.objects.create(
            public_id=ids.new(),
            scope_id=world.scope.id,
            name="payments",
            resource="/managed-keys/**",
            action="add",
            expression=expression,
            decision_on_true="REVIEW",
            review_expression='{"all":[{"min":1,"role":"workspace-owner"}],"deny":1}',
            created_at=now,
            updated_at=now,
        )


def test_what_others_must_approve_is_fetched_by_asking_again(
    world: cast.World, bob: Client, address: str
) -> None:
    alice = world.member("alice", "super-admin", "workspace-owner")
    review(world, "details.value_wei > 5")
    waits = [bob.call("eth_signTransaction", [MODERN]).error for _ in range(2)]
    assert {error["code"] for error in waits} == {-32001}
    [proposal_id] = {error["data"] for error in waits}
    with cast.in_scope(world):
        proposal = Proposal.objects.get()
        assert str(proposal.id) == proposal_id
    acts.approve(alice, proposal.id)
    # Another spelling of the same transaction is the same question.
    for given in (MODERN, MODERN | {"nonce": "0x0", "from": address}):
        raw = bob.call("eth_signTransaction", [given]).result
        assert Account.recover_transaction(raw) == address
    assert bob.call("eth_signTransaction", [MODERN | {"nonce": "1"}]).error["code"] == -32001
    small = bob.call("eth_signTransaction", [MODERN | {"value": "5"}]).result
    assert Account.recover_transaction(small) == address


def test_what_a_policy_denies_is_not_signed(world: cast.World, bob: Client) -> None:
    review(world)
    with cast.in_scope(world):
        Policy.objects.filter(name="payments").update(decision_on_true="DENY", review_expression="")
    error = bob.call("personal_sign", ["hi", ZERO]).error
    assert (error["code"], error["data"]) == (4100, "policy.denied")
    with cast.in_scope(world):
        assert not KeySignature.objects.exists()


@pytest.mark.parametrize("method", ["personal_sign", "eth_signTypedData_v4", "eth_signTransaction"])
def test_nobody_signs_without_a_proof(client: Client, method: str) -> None:
    error = client.call(method, ["hi", ZERO]).error
    assert (error["code"], error["data"]) == (4100, "unauthenticated")
