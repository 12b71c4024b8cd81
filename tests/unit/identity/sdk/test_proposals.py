"""Proposals: nobody votes on what was not verified."""

import base64
from typing import Any
from uuid import UUID

import pytest

from identity import sdk
from identity.crypto import (
    cbor,
    cose_device,
    cose_sign1,
    ecdsa_p256,
    evidence,
    strict_json,
)
from tests.unit.identity.sdk.memory_server import NOW, VECTORS, Server

VECTOR = VECTORS["proposal"]
PROPOSER = VECTORS["keys"]["device"]["device_signature_pubkey"]
ID = VECTOR["proposal_id"]


def told(**changes: Any) -> dict[str, Any]:
    """A proposal as the server tells it, from the vectors."""
    return {
        "id": ID,
        "tenant": VECTOR["tenant"],
        "state": "pending",
        "action": "add",
        "resource": "/users/invite",
        "request_sign1": base64.b64encode(bytes.fromhex(VECTOR["request_sign1"])).decode(),
        "policy_id": VECTOR["policy_id"],
        "policy_version": VECTOR["policy_version"],
        "review_expression": VECTOR["review"],
        "expires_at": VECTOR["expires_at"],
        "proposal_hash": VECTOR["proposal_hash"],
        "proposer_signature_pubkey": PROPOSER,
    } | changes


def with_request(sign1: bytes, **changes: Any) -> dict[str, Any]:
    """The same proposal over another request, with the hash that belongs to it."""
    digest = evidence.proposal_hash(
        scope=UUID(VECTOR["tenant"]),
        proposal=UUID(ID),
        request_sign1=sign1,
        policy=UUID(VECTOR["policy_id"]),
        policy_version=VECTOR["policy_version"],
        review_expression=VECTOR["review"],
        expires_at=VECTOR["expires_at"],
    )
    encoded = base64.b64encode(sign1).decode()
    return told(request_sign1=encoded, proposal_hash=digest.hex(), **changes)


def signed(payload: dict[str, Any], key: ecdsa_p256.PrivateKey, session: sdk.Session) -> bytes:
    return cose_device.seal_request(
        strict_json.encode(payload),
        device=session.device,
        signing_key=key,
        recipient=session.server.encryption,
        now=NOW,
    ).sign1


def serving(server: Server, proposal: dict[str, Any]) -> None:
    def answer(payload: dict[str, Any]) -> dict[str, Any]:
        if payload["action"] == "get":
            return {"status": "success", "details": proposal}
        return {"status": "success", "details": payload}

    server.answer = answer


def test_reads_verifies_and_approves(server: Server, client: sdk.Client) -> None:
    serving(server, told())
    proposal = client.proposals.read(ID)
    assert (proposal.state, proposal.hash) == ("pending", VECTOR["proposal_hash"])
    verified = client.proposals.verify(proposal)
    assert verified.request["resource"] == "/users/invite"
    assert verified.request["details"]["uid"]
    assert str(verified.device) == VECTORS["keys"]["device"]["uuid"]

    client.proposals.approve(verified)
    vote = server.received[-1]
    assert (vote["action"], vote["resource"]) == ("approve", f"/proposals/{ID}")
    assert vote["details"] == {"proposal_hash": VECTOR["proposal_hash"]}
    assert vote["idempotency_key"]


def test_rejects_with_a_reason_retracts_and_cancels(server: Server, client: sdk.Client) -> None:
    serving(server, told())
    verified = client.proposals.verify(client.proposals.read(ID))
    client.proposals.reject(verified, "not today")
    client.proposals.retract(ID)
    client.proposals.cancel(UUID(ID))
    acts = server.received[1:]
    assert [act["action"] for act in acts] == ["reject", "retract", "cancel"]
    assert {act["resource"] for act in acts} == {f"/proposals/{ID}"}
    assert acts[0]["details"] == {
        "proposal_hash": VECTOR["proposal_hash"],
        "reason": "not today",
    }
    assert len({act["idempotency_key"] for act in acts}) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"tenant": VECTOR["policy_id"]},
        {"policy_id": VECTOR["tenant"]},
        {"policy_version": VECTOR["policy_version"] + 1},
        {"review_expression": VECTOR["review"].replace("2", "1")},
        {"expires_at": VECTOR["expires_at"] + 1},
        {"proposal_hash": "00" * 32},
        {"request_sign1": base64.b64encode(bytes.fromhex(VECTOR["approval_sign1"])).decode()},
    ],
    ids=lambda change: next(iter(change)),
)
def test_finds_every_field_that_does_not_fit_the_hash(
    server: Server, client: sdk.Client, change: dict[str, Any]
) -> None:
    serving(server, told(**change))
    with pytest.raises(sdk.NotGenuine, match="hash"):
        client.proposals.verify(client.proposals.read(ID))


def test_finds_a_proposal_under_another_id(server: Server, client: sdk.Client) -> None:
    serving(server, told())
    with pytest.raises(sdk.NotGenuine, match="hash"):
        client.proposals.verify(client.proposals.read(VECTOR["tenant"]))


def test_finds_a_request_that_the_server_wrote_itself(
    server: Server, client: sdk.Client, session: sdk.Session
) -> None:
    payload = {"action": "add", "resource": "/users/invite", "details": {"uid": "charlie"}}
    forged = signed(payload, ecdsa_p256.generate(), session)
    serving(server, with_request(forged))
    with pytest.raises(sdk.NotGenuine, match="not signed"):
        client.proposals.verify(client.proposals.read(ID))


def test_holds_the_signer_against_one_that_the_caller_knows(
    server: Server, client: sdk.Client, session: sdk.Session
) -> None:
    payload = {"action": "add", "resource": "/users/invite", "details": {"uid": "charlie"}}
    liar = ecdsa_p256.generate()
    serving(server, with_request(signed(payload, liar, session), **named(liar)))
    proposal = client.proposals.read(ID)
    assert client.proposals.verify(proposal).request == payload
    with pytest.raises(sdk.NotGenuine):
        client.proposals.verify(proposal, expected_signer=ecdsa_p256.parse_public(PROPOSER))
    serving(server, told())
    verified = client.proposals.verify(
        client.proposals.read(ID), expected_signer=ecdsa_p256.parse_public(PROPOSER)
    )
    assert str(verified.device) == VECTORS["keys"]["device"]["uuid"]


def named(key: ecdsa_p256.PrivateKey) -> dict[str, str]:
    return {"proposer_signature_pubkey": key.public.hex}


@pytest.mark.parametrize("named_key", [None, "", 7, "00", "02" + "ff" * 32])
def test_a_request_whose_signer_nobody_names_is_not_genuine(
    server: Server, client: sdk.Client, named_key: Any
) -> None:
    serving(server, told(proposer_signature_pubkey=named_key))
    with pytest.raises(sdk.NotGenuine):
        client.proposals.verify(client.proposals.read(ID))


@pytest.mark.parametrize(
    "change", [{"action": "delete"}, {"resource": "/users"}, {"action": None}, {"resource": None}]
)
def test_finds_a_display_that_is_not_what_was_signed(
    server: Server, client: sdk.Client, change: dict[str, Any]
) -> None:
    serving(server, told(**change))
    with pytest.raises(sdk.NotGenuine, match="another action"):
        client.proposals.verify(client.proposals.read(ID))


def test_a_proposal_may_be_an_item_of_a_batch(
    server: Server, client: sdk.Client, session: sdk.Session
) -> None:
    items = [
        {"action": "add", "resource": "/groups", "details": {}},
        {"action": "add", "resource": "/users/invite", "details": {}},
    ]
    sign1 = signed({"atomicBatch": items}, session.keys.signature, session)
    serving(server, with_request(sign1))
    verified = client.proposals.verify(client.proposals.read(ID))
    assert verified.request == {"atomicBatch": items}


def attested(payload: bytes, key: ecdsa_p256.PrivateKey, typ: str) -> bytes:
    return evidence.attest(
        payload, typ, lambda message: ecdsa_p256.sign(key, message), key.public.kid
    )


REQUEST = b'{"action":"add","resource":"/users/invite","details":{},"user":"alice"}'


def test_a_request_made_by_staff_is_attested_by_the_server(
    server: Server, client: sdk.Client
) -> None:
    sign1 = attested(REQUEST, server.signature, evidence.STAFF_REQUEST_TYPE)
    serving(server, with_request(sign1))
    proposal = client.proposals.read(ID)
    verified = client.proposals.verify(proposal)
    assert verified.device is None
    assert verified.request["user"] == "alice"
    with pytest.raises(sdk.NotGenuine):
        client.proposals.verify(proposal, expected_signer=ecdsa_p256.parse_public(PROPOSER))


def test_nobody_else_attests_and_nothing_else_is_attested(
    server: Server, client: sdk.Client
) -> None:
    good = attested(REQUEST, server.signature, evidence.STAFF_REQUEST_TYPE)
    header = cbor.encode(
        {1: -7, 2: [1], 4: server.signature.public.kid, 16: evidence.STAFF_REQUEST_TYPE}
    )
    signature = ecdsa_p256.sign(server.signature, cose_sign1.sig_structure(header, REQUEST))
    critical = cbor.encode(cbor.Tag(18, [header, {}, REQUEST, signature]))
    foreign = attested(REQUEST, ecdsa_p256.generate(), evidence.STAFF_REQUEST_TYPE)
    for sign1 in (
        foreign,
        critical,
        attested(REQUEST, server.signature, evidence.STAFF_VOTE_TYPE),
        attested(b"[]", server.signature, evidence.STAFF_REQUEST_TYPE),
        good[:-1] + bytes((good[-1] ^ 1,)),
        good.replace(b"/users/invite", b"/users/INVITE"),
        good.replace(b"\xa0", b"\xa1\x00\x00", 1),
        b"",
        b"\x80",
        b"\xd2\x80",
    ):
        serving(server, with_request(sign1))
        with pytest.raises(sdk.NotGenuine):
            client.proposals.verify(client.proposals.read(ID))


@pytest.mark.parametrize(
    "missing",
    [
        name
        for name in told()
        if name not in {"id", "action", "resource", "proposer_signature_pubkey"}
    ],
)
def test_a_proposal_that_cannot_be_read_is_no_answer(
    server: Server, client: sdk.Client, missing: str
) -> None:
    values: list[Any] = [None, [], "\u00e4"]
    for value in values:
        if missing in {"state", "review_expression", "proposal_hash"} and value == "\u00e4":
            continue
        serving(server, told(**{missing: value}))
        with pytest.raises(sdk.NoAnswer):
            client.proposals.read(ID)
    proposal = told()
    del proposal[missing]
    serving(server, proposal)
    with pytest.raises(sdk.NoAnswer):
        client.proposals.read(ID)


def test_takes_only_ids_into_the_address(client: sdk.Client) -> None:
    for wrong in ("", "../users", f"{ID}/x"):
        with pytest.raises(ValueError, match="UUID"):
            client.proposals.read(wrong)
