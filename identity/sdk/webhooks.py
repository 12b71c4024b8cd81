"""Incoming webhooks: is this delivery the server's, and is it fresh?"""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from identity.crypto import webhook_signature
from identity.crypto.errors import KeyInvalid, SignatureInvalid
from identity.sdk.errors import NotGenuine

TOLERANCE: Final = 300
"""Seconds that a delivery may be old, or early by this clock."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A verified event. The same `id` may come again: at least once is the promise."""

    id: str
    timestamp: int
    """When it was sent, in seconds since the epoch."""
    content: Any = field(repr=False)


def verify_delivery(
    headers: Mapping[str, str],
    body: bytes,
    keys: Iterable[str],
    *,
    now: float | None = None,
    tolerance: int = TOLERANCE,
) -> Delivery:
    """Check a delivery by Standard Webhooks (`v1a`, Ed25519) and read it.

    `headers` and `body` exactly as they came; `keys` as the server shows them (`whpk_…`), several
    while they are rotated. Raises NotGenuine; answer such a request with 401 and do nothing.
    """
    named = {name.lower(): value for name, value in headers.items()}
    try:
        message_id, sent_at = named["webhook-id"], int(named["webhook-timestamp"])
        content = webhook_signature.signed_content(message_id, sent_at, body)
        _require_one_of(keys, named["webhook-signature"], content)
    except (KeyError, ValueError, KeyInvalid, SignatureInvalid) as error:
        raise NotGenuine("The delivery is not signed by the server.") from error
    if abs((time.time() if now is None else now) - sent_at) > tolerance:
        raise NotGenuine("The delivery is too old, or a clock is wrong.")
    try:
        return Delivery(message_id, sent_at, json.loads(body))
    except ValueError as error:
        raise NotGenuine("The delivery is no JSON.") from error


def _require_one_of(keys: Iterable[str], signature: str, content: bytes) -> None:
    for key in keys:
        try:
            webhook_signature.verify(webhook_signature.parse_public(key), signature, content)
        except SignatureInvalid:
            continue
        return
    raise SignatureInvalid
