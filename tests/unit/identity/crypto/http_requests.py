"""Requests signed by RFC 9421 for tests, made without the code that verifies them."""

import base64
import hashlib
import json
from typing import Any
from urllib.parse import urlsplit

from identity.crypto import evidence
from tests.unit.identity.crypto import bundles

BODY = json.dumps(bundles.PAYLOAD["details"]).encode()
TARGET = "https://countersign.test/s/acme/v1/invitations"


def base(
    *,
    method: str = "POST",
    target: str = TARGET,
    body: bytes = BODY,
    device: str = bundles.DEVICES["maker"],
    at: int = bundles.CREATED,
    parameters: str = "",
) -> bytes:
    """The signature base of RFC 9421 §2.5."""
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    parts = {
        "@method": method,
        "@authority": urlsplit(target).netloc,
        "@target-uri": target,
        "content-digest": f"sha-256=:{digest}:",
    }
    listed = " ".join(f'"{name}"' for name in parts)
    said = f';created={at};nonce="n";keyid="{device}";alg="ecdsa-p256-sha256"'
    lines = [f'"{name}": {value}' for name, value in parts.items()]
    lines.append(f'"@signature-params": ({listed}){parameters or said}')
    return "\n".join(lines).encode()


def payload(
    signed: bytes,
    *,
    body: bytes = BODY,
    name: str = "maker",
    secret: int | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """What the server attests of it."""
    key = bundles.KEYS[name] if secret is None else secret
    said = {
        **bundles.PAYLOAD,
        "user": bundles.USERS[name],
        "device": bundles.DEVICES[name],
        "http": {
            "base": bundles.encoded(signed),
            "signature": bundles.encoded(bundles.signer(key)(signed)),
            "body": bundles.encoded(body),
        },
    }
    return {**said, **changes}


def statement(said: dict[str, Any], *, secret: int = bundles.SERVER) -> str:
    """The server's statement over it, as base64."""
    return bundles.attested(said, evidence.HTTP_REQUEST_TYPE, secret)


def bundle(said: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A good bundle whose request was signed as an HTTP message."""
    made = statement(payload(base()) if said is None else said)
    return bundles.sealed(bundles.bundle(request=made, **changes))
