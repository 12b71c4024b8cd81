"""Signatures of webhooks as Standard Webhooks 1.0 has them: `v1a`, Ed25519 over id, time and body.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Final

from identity.crypto import ed25519
from identity.crypto.errors import KeyInvalid, SignatureInvalid

PUBLIC_PREFIX: Final = "whpk_"
SCHEME: Final = "v1a"
MOST_SIGNATURES: Final = 16


def public_text(key: ed25519.PublicKey) -> str:
    """The public key as receivers are given it: `whpk_` and base64 of 32 bytes."""
    return PUBLIC_PREFIX + base64.b64encode(key.raw).decode()


def parse_public(text: str) -> ed25519.PublicKey:
    """Read what `public_text` wrote. Raises KeyInvalid."""
    if not text.startswith(PUBLIC_PREFIX):
        raise KeyInvalid("A public key of webhooks begins with whpk_.")
    try:
        raw = base64.b64decode(text.removeprefix(PUBLIC_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise KeyInvalid("A public key of webhooks is base64 after whpk_.") from None
    return ed25519.parse_public(raw)


def signed_content(message_id: str, timestamp: int, body: bytes) -> bytes:
    """The bytes that are signed: id, seconds since the epoch and body, with dots between them.

    Raises ValueError for an id with a dot, which would make two messages into one text.
    """
    if not message_id or "." in message_id:
        raise ValueError("the id of a webhook message has no dot")
    return f"{message_id}.{timestamp}.".encode() + body


def sign(
    keys: Sequence[ed25519.PrivateKey], message_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """The three headers of a message. While keys are rotated there are several signatures."""
    content = signed_content(message_id, timestamp, body)
    signatures = [base64.b64encode(ed25519.sign(key, content)).decode() for key in keys]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"{SCHEME},{signature}" for signature in signatures),
    }


def verify(key: ed25519.PublicKey, header: str, content: bytes) -> None:
    """Check that one of the header's `v1a` signatures is this key's. Raises SignatureInvalid.

    Signatures of other schemes are passed over, as the specification asks.
    """
    for part in header.split(" ")[:MOST_SIGNATURES]:
        scheme, _, encoded = part.partition(",")
        if scheme != SCHEME:
            continue
        try:
            ed25519.verify(key, base64.b64decode(encoded, validate=True), content)
        except (SignatureInvalid, ValueError):
            continue
        return
    raise SignatureInvalid
