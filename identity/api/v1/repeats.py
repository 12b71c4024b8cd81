"""Requests that carry an idempotency key: done once, answered alike for 24 hours."""

import base64
import hashlib

import orjson
from django.db import transaction
from django.utils.crypto import salted_hmac

from identity.api.v1 import replies
from identity.api.v1.route import Asked, Reply, Route
from identity.services import idempotency
from identity.web.lane import Answer


def once(key: str, found: Route, asked: Asked) -> Reply:
    """The answer of the first time, or do it now: the claim commits with the command.

    A refusal undoes the claim, so the same key may be tried again. Raises IdempotencyConflict for
    a key that was used for another request.
    """
    if found.is_alone:
        return _once_apart(key, found, asked)
    subject = asked.caller.subject
    with transaction.atomic():
        stored = idempotency.begin(
            device_id=subject, key=key, request_digest=_digest(asked), now=asked.now
        )
        if stored is not None:
            return _read(stored)
        reply = found.run(asked)
        idempotency.finish(device_id=subject, key=key, outcome=_kept(replies.encoded(reply)))
    return reply


def _once_apart(key: str, found: Route, asked: Asked) -> Reply:
    """The same for what commits by itself: such requests are harmless when they are repeated."""
    subject, digest = asked.caller.subject, _digest(asked)
    with transaction.atomic():
        stored = idempotency.begin(device_id=subject, key=key, request_digest=digest, now=asked.now)
        transaction.set_rollback(True)
    if stored is not None:
        return _read(stored)
    reply = found.run(asked)
    with transaction.atomic():
        claimed = idempotency.begin(
            device_id=subject, key=key, request_digest=digest, now=asked.now
        )
        if claimed is None:
            idempotency.finish(device_id=subject, key=key, outcome=_kept(replies.encoded(reply)))
    return reply


def _digest(asked: Asked) -> str:
    sent = asked.sent
    parts = [sent.method, sent.path, sent.query, sent.headers.get("if-match", "")]
    body = hashlib.sha256(sent.body or b"").hexdigest()
    # Keyed: a body may hold a password, which a digest of its own would let somebody guess.
    text = "\n".join([*parts, body])
    return salted_hmac("identity.api.v1.repeats", text, algorithm="sha256").hexdigest()


def _kept(answer: Answer) -> bytes:
    return orjson.dumps(
        {
            "status": answer.status,
            "headers": dict(answer.headers),
            "body": base64.b64encode(answer.body).decode(),
        }
    )


def _read(stored: bytes) -> Reply:
    kept = orjson.loads(stored)
    headers = {**kept["headers"], "Idempotency-Replayed": "true"}
    return Reply(base64.b64decode(kept["body"]), status=kept["status"], headers=headers)
