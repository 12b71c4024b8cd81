"""Signed proofs that were accepted: each once, until it could not be accepted any more."""

from datetime import datetime
from typing import Any, Final

from django.db import connection

from identity.scoping import current, statements
from sessions_app.errors import SignInRefused
from sessions_app.models import SpentToken

_SPEND: Final = (
    "INSERT INTO sessions_app_spenttoken (scope_id, digest, expires_at)"
    " VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
)


def spend(digest: bytes, *, expires_at: datetime) -> None:
    """Take a proof in the scope in force; the unique constraint is the replay check.

    Commits with the caller's transaction, or at once outside one: it belongs outside, before the
    session, so that a refused proof can't be sent twice. Raises SignInRefused.
    """
    scope_id = current.required_scope()
    values: list[Any] = [scope_id, digest.hex(), expires_at]
    if connection.vendor != "postgresql":
        expiry = connection.ops.adapt_datetimefield_value(expires_at)
        values = [scope_id.hex, digest.hex(), expiry]
    if statements.count(_SPEND, values) != 1:
        raise SignInRefused


def forget(*, now: datetime) -> int:
    """Remove what could not be accepted any more from the scope in force; how many."""
    removed, _ = SpentToken.objects.filter(expires_at__lt=now).delete()
    return removed
