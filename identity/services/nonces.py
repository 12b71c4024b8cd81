"""Nonces of signed requests: each is accepted once."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection

from identity.crypto.errors import EnvelopeReplayed
from identity.scoping import current

_REMEMBER: Final = (
    "INSERT INTO identity_seennonce (scope_id, device_id, nonce, expires_at)"
    " VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
)


def remember(*, device_id: UUID, nonce: bytes, expires_at: datetime) -> None:
    """Take a device's nonce in the scope in force; the unique constraint is the replay check.

    `expires_at` is when the message could not be accepted any more. Commits with the caller's
    transaction, or at once outside one: a replay check belongs outside, before the command, so
    that a refused command can't be sent twice. Raises EnvelopeReplayed, NoScopeError.
    """
    scope_id = current.required_scope()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_REMEMBER, (scope_id, device_id, nonce, expires_at))
        else:
            expiry = connection.ops.adapt_datetimefield_value(expires_at)
            cursor.execute(_REMEMBER, (scope_id.hex, device_id.hex, nonce, expiry))
        if cursor.rowcount != 1:
            raise EnvelopeReplayed
