"""Class 32 of the known attacks: a signature that is bound to too little, at the face `passport`.

Seen as base/docs#1502 and the ERC-1271 replays of imtr.net's report: what was signed for one place,
chain or purpose is good for another, or an address is told and not proven. Here accounts sign for
their users, so what must not be mixed up are the three kinds of things that are signed, chains,
accounts, and words of developers and owners.
"""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_keys.datatypes import Signature

from identity.crypto.evm import Transaction, TypedData
from identity.services import developer_keys
from tests import cast
from tests.faces.passport import client as clients
from tests.faces.passport import people
from tests.faces.passport.client import ZERO, Client, Developer
from tests.faces.passport.test_signing import MODERN, TYPED

pytestmark = pytest.mark.django_db(transaction=True)

P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
HALF_OF_SECP256K1 = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


@pytest.fixture
def world() -> cast.World:
    world = cast.world()
    people.welcome(world)
    return world


@pytest.fixture
def alice(world: cast.World) -> Client:
    person = people.registered(world)
    return replace(person.client, proof=person.enter())


def address_of(client: Client) -> str:
    return str(client.call("eth_accounts").result[0])


def recovered(digest: bytes, signature: str) -> str:
    raw = bytes.fromhex(signature[2:])
    found = Signature(raw[:64] + bytes([raw[64] - 27])).recover_public_key_from_msg_hash(digest)
    return str(found.to_checksum_address())


@pytest.mark.parametrize("what", [Transaction.read(MODERN), TypedData.read(TYPED)])
def test_a_message_is_never_a_transaction_or_typed_data(alice: Client, what: Any) -> None:
    """Neither the bytes of another thing nor its digest, signed as a message, sign that thing."""
    own = address_of(alice)
    for data in (what.digest, b"\x19\x01" + what.digest):
        signature = alice.call("personal_sign", ["0x" + data.hex(), ZERO]).result
        assert recovered(what.digest, signature) != own
        assert Account.recover_message(encode_defunct(data), signature=signature) == own


def test_a_transaction_is_for_one_chain(alice: Client) -> None:
    legacy = {name: value for name, value in MODERN.items() if not name.startswith("max")}
    legacy |= {"type": "0x0", "gasPrice": "0x1"}
    for chain in (None, "0x0", 0):
        given = legacy | {"chainId": chain}
        assert alice.call("eth_signTransaction", [given]).error["code"] == -32602
    raw = alice.call("eth_signTransaction", [legacy]).result
    assert Account.recover_transaction(raw) == address_of(alice)


def test_a_signature_has_one_form(alice: Client) -> None:
    for number in range(8):
        signature = alice.call("personal_sign", [f"message {number}", ZERO]).result
        assert int(signature[66:130], 16) <= HALF_OF_SECP256K1
        assert signature[130:] in {"1b", "1c"}


def test_an_address_that_is_told_is_no_account(world: cast.World, alice: Client) -> None:
    bob = people.registered(world, "bob")
    other = address_of(replace(bob.client, proof=bob.enter()))
    for method, params in (
        ("personal_sign", ["hi", other]),
        ("eth_signTypedData_v4", [other, TYPED]),
        ("eth_signTransaction", [MODERN | {"from": other}]),
    ):
        assert "error" in alice.call(method, params).body


def test_the_same_name_in_two_scopes_is_two_accounts(alice: Client) -> None:
    other = cast.world()
    people.welcome(other)
    twin = people.registered(other)
    assert address_of(replace(twin.client, proof=twin.enter())) != address_of(alice)


def test_a_developers_word_is_for_one_scope(world: cast.World) -> None:
    """The same key is registered in two scopes, and the user is there in both."""
    developer, now = Developer(), datetime.now(UTC)
    other = cast.world()
    first, second = Client(world), Client(other, key=b"k" * 32)
    for each in (first, second):
        by = each.world.system
        developer_keys.add(name="Ours", public_key=developer.spki, by=by, now=now)
        sealed = each.seal_json({"username": "dora"})
        credential = {"KeySignature": each.seal_json(developer.assertion(sealed))}
        params = {"encrypted_user": sealed, "encrypted_credential": credential}
        assert each.call("delegatedRegistration", params).result
    word = developer.vouch(first, "dora")
    assert replace(first, proof=word).call("eth_accounts").result
    # What was sealed for the one scope's key does not open in the other.
    moved = replace(first, proof=word).call("eth_accounts", x_scope_id=str(other.scope.id))
    assert moved.error["data"] == "decryption.failed"


def test_another_form_of_an_owners_signature_makes_nothing_anew(settings: Any) -> None:
    """ECDSA has two signatures of one text for who has one: the text counts, not the signature."""
    settings.SCOPE_CREATION = "open"
    owner = Developer()
    text = clients.b64(json.dumps({"rp": {"id": "example.org"}}).encode())
    r, s = decode_dss_signature(base64.b64decode(owner.sign(text)))
    answers = []
    for each in (s, P256 - s):
        signature = clients.b64(encode_dss_signature(r, each))
        params = {"config": text, "signature": signature, "public_key": owner.spki}
        body = {"jsonrpc": "2.0", "id": 1, "method": "createScope", "params": params}
        _, _, raw = clients.exchange(None, json.dumps(body).encode(), {})
        answers.append(json.loads(raw))
    assert "result" in answers[0]
    assert answers[1]["error"]["data"] == "scope.configuration-used"
