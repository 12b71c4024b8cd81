"""From an invitation to a session."""

import json
from typing import Any

import httpx
import pytest

from identity import sdk
from identity.crypto import cose, ecdsa_p256, rsa
from tests.unit.identity.sdk.memory_server import KEYS, NOW, URL, Server

DEVICE = KEYS["device"]["uuid"]


def accepted(**changes: Any) -> dict[str, Any]:
    details = {
        "device": {"device_uuid": DEVICE, "device_name": "laptop", "user_id": "alice"},
        "user_id": "alice",
    }
    return {"status": "success", "details": details | changes}


def authorize(
    server: Server,
    invitation: sdk.Invitation,
    keys: sdk.DeviceKeys,
    password: str = "",
    **more: Any,
) -> sdk.Session | sdk.Pending:
    return sdk.authorize(
        URL, invitation, keys, "laptop", password, http=server.http, clock=lambda: NOW, **more
    )


def test_sends_what_the_server_needs_and_no_private_key(
    server: Server, invitation: sdk.Invitation, keys: sdk.DeviceKeys
) -> None:
    server.answer = lambda _: accepted()
    session = authorize(server, invitation, keys)
    assert isinstance(session, sdk.Session)
    assert (session.user_id, str(session.device)) == ("alice", DEVICE)
    assert session.keys is keys
    assert session.server == invitation.server
    assert server.received == [
        {
            "action": "add",
            "resource": "/account-management/authorize",
            "details": {
                "invite_string": invitation.invite_string,
                "device_name": "laptop",
                "device_signature_pubkey": keys.signature_pubkey,
                "device_encryption_pubkey": keys.encryption_pubkey,
            },
        }
    ]
    inner = cose.open_inner(cose.read_outer(server.bodies[0]), server.encryption)
    assert inner.device == invitation.device
    cose.verify_signed_request(inner, invitation.one_time_key.public)


def test_sends_password_and_push_token_where_there_are_any(
    server: Server, invitation: sdk.Invitation, keys: sdk.DeviceKeys
) -> None:
    server.answer = lambda _: accepted()
    authorize(server, invitation, keys, "correct horse", push_token="token")
    details = server.received[0]["details"]
    assert (details["password"], details["push_token"]) == ("correct horse", "token")


def test_takes_the_servers_keys_from_the_verified_reply(
    server: Server, invitation: sdk.Invitation, keys: sdk.DeviceKeys
) -> None:
    new_signature, new_encryption = ecdsa_p256.generate(), rsa.generate()
    server.answer = lambda _: accepted(
        server_ecdsa_pubkey=new_signature.public.hex,
        server_rsa_pubkey=new_encryption.public.pem_base64,
    )
    session = authorize(server, invitation, keys)
    assert isinstance(session, sdk.Session)
    assert session.server.encryption == new_encryption.public
    assert [key.kid for key in session.server.signatures] == [
        new_signature.public.kid,
        server.signature.public.kid,
    ]


def test_the_session_makes_requests_of_the_new_device(
    server: Server, invitation: sdk.Invitation, keys: sdk.DeviceKeys
) -> None:
    server.answer = lambda _: accepted()
    session = authorize(server, invitation, keys)
    assert isinstance(session, sdk.Session)
    server.recipients[session.device] = keys.encryption.public
    server.signers[session.device] = keys.signature.public
    stored = sdk.Session.from_json(json.loads(json.dumps(session.to_json())))
    client = sdk.Client(URL, stored, http=server.http, clock=lambda: NOW)
    assert isinstance(client.request("get", "/me"), sdk.Done)


def test_pending_is_a_result_and_the_same_call_learns_the_outcome(
    server: Server, invitation: sdk.Invitation, keys: sdk.DeviceKeys
) -> None:
    server.answer = lambda _: {"status": "pending", "details": {"proposal_id": "p1"}}
    assert authorize(server, invitation, keys) == sdk.Pending("p1", {"proposal_id": "p1"})
    server.answer = lambda _: accepted()
    assert isinstance(authorize(server, invitation, keys), sdk.Session)
    assert server.received[0] == server.received[1]


def test_a_lost_reply_is_asked_for_again_with_the_same_keys(
    server: Server, invitation: sdk.Invitation, keys: sdk.DeviceKeys
) -> None:
    server.answer = lambda _: accepted()

    def meddle(body: bytes, response: httpx.Response) -> httpx.Response:
        del body
        if len(server.bodies) == 1:
            raise httpx.ReadError("lost")
        return response

    server.meddle = meddle
    assert isinstance(authorize(server, invitation, keys), sdk.Session)
    assert server.received[0] == server.received[1]
    assert server.bodies[0] != server.bodies[1]


@pytest.mark.parametrize("code", ["-11", "-12"])
def test_a_refusal_is_raised(
    server: Server, invitation: sdk.Invitation, keys: sdk.DeviceKeys, code: str
) -> None:
    server.answer = lambda _: {"status": "unauthorized", "error_code": code, "message": "no"}
    with pytest.raises(sdk.Refused) as refusal:
        authorize(server, invitation, keys, "wrong horse")
    assert refusal.value.error_code == code
    assert "horse" not in str(refusal.value)


@pytest.mark.parametrize(
    "details",
    [
        None,
        [],
        {},
        {"device": None},
        {"device": {}},
        {"device": {"device_uuid": "x"}},
        {"device": {"device_uuid": 5}},
        {"server_ecdsa_pubkey": "00", "server_rsa_pubkey": ""},
        {"server_ecdsa_pubkey": None, "server_rsa_pubkey": None},
    ],
)
def test_a_success_that_cannot_be_read_is_no_answer(
    server: Server, invitation: sdk.Invitation, keys: sdk.DeviceKeys, details: Any
) -> None:
    reply = accepted(**details) if details else {"status": "success", "details": details}
    server.answer = lambda _: reply
    with pytest.raises(sdk.NoAnswer):
        authorize(server, invitation, keys)


def test_another_server_cannot_take_the_invitation_over(
    server: Server, invitation: sdk.Invitation, keys: sdk.DeviceKeys
) -> None:
    server.answer = lambda _: accepted()
    server.signature = ecdsa_p256.generate()
    with pytest.raises(sdk.NoAnswer):
        authorize(server, invitation, keys)
