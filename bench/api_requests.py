"""Signed requests to the API of our own: one device, a page of fifty users, an invitation."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from bench import people
from bench.requests import Builder, Case
from bench.tape import Sent


def device(town: people.Town, count: int) -> Case:
    """`GET /v1/devices/<id>`, of the caller's own device."""
    alice = people.sender(town, "api-reader", "workspace-auditor")
    path = f"/v1/devices/{alice.device}"
    sent = [_signed(town, alice, "GET", path) for _ in range(count)]
    return Case("GET /v1/devices/<id>", sent, goal=3.0)


def users(town: people.Town, count: int) -> Case:
    """Fifty users of the whole deployment's largest scope."""
    alice = people.sender(town, "api-lister", "workspace-auditor")
    sent = [_signed(town, alice, "GET", "/v1/users?limit=50") for _ in range(count)]
    return Case("GET /v1/users?limit=50", sent, goal=2.5)


def invitation(town: people.Town, count: int) -> Case:
    """`POST /v1/invitations` of a new person each."""
    alice = people.sender(town, "api-inviter", "super-admin")
    sent = []
    for number in range(count):
        body = json.dumps({"email": f"invited-{number}@example.test"}).encode()
        sent.append(_signed(town, alice, "POST", "/v1/invitations", body))
    return Case("POST /v1/invitations", sent, goal=None)


PLAN: Sequence[tuple[Builder, int]] = ((device, 640), (users, 400), (invitation, 220))


def _signed(
    town: people.Town, sender: people.Sender, method: str, path: str, body: bytes = b""
) -> Sent:
    """A request as its device signs it now; it is alive for five minutes."""
    from identity.crypto import http_signatures

    scoped = f"/s/{town.slug}{path}"
    asked = http_signatures.Request(method, f"http://127.0.0.1{scoped}", {}, body)
    headers = http_signatures.sign_request(
        asked,
        sender.keys.signature,
        key_id=str(sender.device),
        now=int(datetime.now(UTC).timestamp()),
    )
    # Whatever port the server gets, the name is the one that was signed.
    headers["Host"] = "127.0.0.1"
    if body:
        headers["Content-Type"] = "application/json"
    return Sent(path=scoped, body=body, method=method, headers=headers)
