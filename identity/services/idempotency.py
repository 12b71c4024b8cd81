"""Commands that a client may repeat under one key: done once, answered alike for 24 hours.

The claim is a row of the command's own transaction. So it commits with the command or not at all:
a crash in between leaves nothing, and a repeat at the same time waits for the first to end.
"""

import hmac
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection

from identity.errors import IdempotencyConflict, Invalid
from identity.models import IdempotencyRecord
from identity.scoping import current
from identity.services import resealing, sealing

KEPT: Final = timedelta(hours=24)
LONGEST_KEY: Final = 128
_PURPOSE: Final = "idempotency.outcome"
# A record that has run out is claimed anew, as if it had been purged on time.
_CLAIM: Final = (
    "INSERT INTO identity_idempotencyrecord"
    " (scope_id, device_id, key, request_digest, sealed_outcome, created_at, expires_at)"
    " VALUES (%s, %s, %s, %s, NULL, %s, %s)"
    " ON CONFLICT (scope_id, device_id, key) DO UPDATE SET"
    " request_digest = excluded.request_digest, sealed_outcome = NULL,"
    " created_at = excluded.created_at, expires_at = excluded.expires_at"
    " WHERE identity_idempotencyrecord.expires_at <= excluded.created_at"
)


def begin(*, device_id: UUID, key: str, request_digest: str, now: datetime) -> bytes | None:
    """Claim a key for the command that the caller's transaction is about to do.

    `request_digest` is 64 hexadecimal digits over what was asked for. Returns None when the
    command is to be done (then call `finish` before the transaction ends), or the outcome of the
    first time. While another transaction holds the same claim this waits for its end. Raises
    IdempotencyConflict when the key was used for another request, Invalid for a key of another
    length than 1 to 128 characters, RuntimeError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a claim is made in the transaction of the command")
    if not 1 <= len(key) <= LONGEST_KEY or "\x00" in key:
        raise Invalid("An idempotency key has 1 to 128 characters, none of them NUL.")
    if _claim(device_id, key, request_digest, now):
        return None
    record = IdempotencyRecord.objects.get(device_id=device_id, key=key)
    if not hmac.compare_digest(record.request_digest, request_digest):
        raise IdempotencyConflict
    if record.sealed_outcome is None:
        raise IdempotencyConflict("This idempotency key is in use by this very request.")
    return sealing.unseal(
        bytes(record.sealed_outcome), purpose=_PURPOSE, subject=_subject(device_id, key)
    )


def finish(*, device_id: UUID, key: str, outcome: bytes) -> None:
    """Store the outcome of a claimed command, sealed, in the same transaction.

    Raises RuntimeError when there is no open claim.
    """
    sealed = sealing.seal(outcome, purpose=_PURPOSE, subject=_subject(device_id, key))
    open_claim = IdempotencyRecord.objects.filter(
        device_id=device_id, key=key, sealed_outcome__isnull=True
    )
    if not open_claim.update(sealed_outcome=sealed):
        raise RuntimeError("this idempotency key was not claimed in this transaction")


def _claim(device_id: UUID, key: str, request_digest: str, now: datetime) -> bool:
    scope_id = current.required_scope()
    values: tuple[Any, ...] = (scope_id, device_id, key, request_digest, now, now + KEPT)
    if connection.vendor != "postgresql":
        adapted = connection.ops.adapt_datetimefield_value
        values = (
            scope_id.hex,
            device_id.hex,
            key,
            request_digest,
            adapted(now),
            adapted(now + KEPT),
        )
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, values)
        return bool(cursor.rowcount == 1)


def _subject(device_id: UUID, key: str) -> str:
    return f"{current.required_scope()}/{device_id}/{key}"


SEALED: Final = resealing.Column(
    IdempotencyRecord,
    "sealed_outcome",
    purpose=lambda _: _PURPOSE,
    subject=lambda row: _subject(row.device_id, row.key),
)
