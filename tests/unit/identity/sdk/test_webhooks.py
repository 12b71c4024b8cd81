"""Incoming webhooks: only the server's own and fresh ones are read."""

import json

import pytest

from identity import sdk
from identity.crypto import ed25519, webhook_signature

KEY = ed25519.generate()
PUBLIC = webhook_signature.public_text(KEY.public)
NOW = 1_767_225_600
BODY = json.dumps({"type": "user.invited"}).encode()
HEADERS = {
    name.title(): value for name, value in webhook_signature.sign([KEY], "0198", NOW, BODY).items()
}


def test_reads_a_delivery_of_the_server() -> None:
    delivery = sdk.verify_delivery(HEADERS, BODY, [PUBLIC], now=NOW + 299)
    assert (delivery.id, delivery.timestamp) == ("0198", NOW)
    assert delivery.content == {"type": "user.invited"}


def test_believes_either_key_while_they_are_rotated() -> None:
    other = webhook_signature.public_text(ed25519.generate().public)
    assert sdk.verify_delivery(HEADERS, BODY, [other, PUBLIC], now=NOW).id == "0198"


@pytest.mark.parametrize(
    ("headers", "body", "keys", "now"),
    [
        ({}, BODY, [PUBLIC], NOW),
        (HEADERS, BODY + b" ", [PUBLIC], NOW),
        (HEADERS, BODY, [], NOW),
        (HEADERS, BODY, ["whpk_AAAA"], NOW),
        (HEADERS, BODY, [webhook_signature.public_text(ed25519.generate().public)], NOW),
        (HEADERS | {"Webhook-Id": "0199"}, BODY, [PUBLIC], NOW),
        (HEADERS | {"Webhook-Timestamp": str(NOW + 1)}, BODY, [PUBLIC], NOW),
        (HEADERS | {"Webhook-Timestamp": "now"}, BODY, [PUBLIC], NOW),
        (HEADERS | {"Webhook-Signature": "v1,AAAA"}, BODY, [PUBLIC], NOW),
        (HEADERS, BODY, [PUBLIC], NOW + 301),
        (HEADERS, BODY, [PUBLIC], NOW - 301),
    ],
)
def test_refuses_everything_else(
    headers: dict[str, str], body: bytes, keys: list[str], now: int
) -> None:
    with pytest.raises(sdk.NotGenuine):
        sdk.verify_delivery(headers, body, keys, now=now)
