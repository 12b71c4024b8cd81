"""Nonces of signed requests: each is accepted once."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from identity.crypto.errors import EnvelopeReplayed
from identity.scoping import current, statements

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
    values: list[Any] = [scope_id, device_id, nonce, expires_at]
    if connection.vendor != "postgresql":
        expiry = connection.ops.adapt_datetimefield_value(expires_at)
        values = [scope_id.hex, device_id.hex, nonce, expiry]
    if statements.count(_REMEMBER, values) != 1:
        raise EnvelopeReplayed
