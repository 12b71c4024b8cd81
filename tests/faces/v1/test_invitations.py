"""Invitations over `/v1`: issued, seen, revoked; and accepted with JSON alone."""

import base64
import hashlib
import json
import time
from typing import Any

import httpx
import pytest

from identity.crypto import ecdsa_p256, rsa
from identity.sdk.keys import DeviceKeys
from tests import cast
from tests.faces.v1.client import Signed, problem


def issued(alice: Signed, email: str = "bob@example.test") -> dict[str, Any]:
    answer = alice.post("/invitations", {"email": email})
    assert answer.status_code == 201, answer.text
    offer: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{alice.prefix}/invitations/{offer['id']}"
    return offer


def test_refuses_an_address_of_another_user_before_review(alice: Signed) -> None:
    offer = issued(alice)
    refused = alice.post("/invitations", {"email": "BOB@example.test"})
    problem(refused, 409, "name.taken")
    assert "POST /v1/users/{id}/invitations" in refused.json()["detail"]
    assert alice.get("/proposals").json()["items"] == []
    again = alice.post(f"/users/{offer['user']}/invitations", {})
    assert again.status_code in {201, 202}, again.text


@pytest.mark.parametrize("email", ["x@[127.0.0.1]", "x@[IPv6:::1]"])
def test_refuses_addresses_at_a_number(alice: Signed, email: str) -> None:
    problem(alice.post("/invitations", {"email": email}), 400, "invalid")


def openly(alice: Signed, path: str, body: dict[str, Any]) -> httpx.Response:
    """Nobody in particular asks."""
    return alice.http.post(f"{alice.prefix}/invitations/{path}", json=body)


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def acceptance(alice: Signed, offer: dict[str, Any], keys: DeviceKeys) -> dict[str, Any]:
    """Both steps up to what is sent in the second one."""
    secret = offer["invite_string"]
    pair = {"signature_key": keys.signature_pubkey, "encryption_key": keys.encryption_pubkey}
    given = openly(alice, "challenge", {"invite_string": secret, **pair}).json()["challenge"]
    opened = rsa.decrypt(keys.encryption, base64.b64decode(given))
    scope = openly(alice, "lookup", {"invite_string": secret}).json()["scope"]
    said = {
        "type": "ecs-accept/1",
        "audience": scope,
        "subject": hashlib.sha256(secret.encode()).hexdigest(),
        "device_name": "a phone",
        **pair,
        "challenge": text(opened),
        "issued_at": int(time.time()),
    }
    statement = json.dumps(said).encode()
    once = ecdsa_p256.parse_private(offer["one_time_private_key"])
    return {
        "invite_string": secret,
        "statement": text(statement),
        "one_time_signature": text(ecdsa_p256.sign(once, statement)),
        "signature": text(ecdsa_p256.sign(keys.signature, statement)),
    }


def test_issues_shows_and_revokes(alice: Signed) -> None:
    offer = issued(alice)
    path = f"/invitations/{offer['id']}"
    shown = alice.get(path).json()
    assert (shown["state"], shown["user"]) == ("open", offer["user"])
    assert "invite_string" not in shown
    assert alice.get("/invitations?state=open").json()["items"] == [shown]
    assert alice.send("DELETE", path).json() == {"id": offer["id"], "state": "revoked"}
    assert alice.get("/invitations?state=open").json()["items"] == []


def test_invites_the_same_person_once_more(alice: Signed) -> None:
    offer = issued(alice)
    answer = alice.post(f"/users/{offer['user']}/invitations", {"life_minutes": 60})
    assert (answer.status_code, answer.json()["user"]) == (201, offer["user"]), answer.text
    assert answer.json()["id"] != offer["id"]


def test_a_repeated_request_shows_the_secret_to_its_sender_again(alice: Signed) -> None:
    key = {"Idempotency-Key": "once"}
    first = alice.post("/invitations", {"email": "bob@example.test"}, headers=key)
    again = alice.post("/invitations", {"email": "bob@example.test"}, headers=key)
    assert again.json() == first.json()


def test_tells_the_holder_what_it_is_about(alice: Signed, world: cast.World) -> None:
    offer = issued(alice)
    told = openly(alice, "lookup", {"invite_string": offer["invite_string"]}).json()
    assert told["scope"] == str(world.scope.id)
    assert told["server_signature_key"] == world.server.signatures[0].hex
    wrong = {
        "unknown": openly(alice, "lookup", {"invite_string": "inv_x"}),
        "empty": openly(alice, "lookup", {"invite_string": ""}),
    }
    alice.send("DELETE", f"/invitations/{offer['id']}")
    wrong["revoked"] = openly(alice, "lookup", {"invite_string": offer["invite_string"]})
    bodies = {problem(each, 401, "invitation.not-valid")["title"] for each in wrong.values()}
    assert len(bodies) == 1


def test_accepts_with_json_alone(alice: Signed) -> None:
    offer, keys = issued(alice), DeviceKeys.generate()
    given = acceptance(alice, offer, keys)
    answer = openly(alice, "accept", given)
    assert answer.status_code == 201, answer.text
    device = answer.json()["device"]
    assert answer.json()["user"] == offer["user"]
    bob = Signed(device, keys.signature, alice.prefix, alice.http)
    assert bob.get("/me").json()["user"]["id"] == offer["user"]
    # The same again has the same answer: the first one may have been lost.
    assert openly(alice, "accept", given).json() == answer.json()


def test_accepts_nothing_without_both_keys(alice: Signed) -> None:
    offer, keys = issued(alice), DeviceKeys.generate()
    given = acceptance(alice, offer, keys)
    other = text(ecdsa_p256.sign(ecdsa_p256.generate(), b"x"))
    answer = openly(alice, "accept", given | {"one_time_signature": other})
    problem(answer, 401, "invitation.not-valid")
    answer = openly(alice, "accept", given | {"signature": other})
    problem(answer, 400, "device.proof-invalid")
    assert alice.get(f"/invitations/{offer['id']}").json()["state"] == "open"
