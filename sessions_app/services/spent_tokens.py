"""Signed proofs that were accepted: each once, until it could not be accepted any more."""

from datetime import datetime
from typing import Any, Final

from django.db import connection

from identity.errors import DomainError
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
    if statements.count(_SPEND, _values(digest, expires_at)) != 1:
        raise SignInRefused


def spend_later(digest: bytes, *, expires_at: datetime, refusal: type[DomainError]) -> None:
    """Take a proof in the transaction that is going on, or at once outside one.

    For proofs that are spent by `give_up` where the transaction is not to be. Raises the refusal,
    at the latest with the transaction's next statement, of any number at once for all but one.
    """

    def require_first(changed: int) -> None:
        if changed != 1:
            raise refusal

    statements.later(_SPEND, _values(digest, expires_at), then=require_first)


def give_up(digest: bytes, *, expires_at: datetime) -> None:
    """Spend a proof that was refused; not to be called in a transaction that is given up."""
    statements.count(_SPEND, _values(digest, expires_at))


def forget(*, now: datetime) -> int:
    """Remove what could not be accepted any more from the scope in force; how many."""
    removed, _ = SpentToken.objects.filter(expires_at__lt=now).delete()
    return removed


def _values(digest: bytes, expires_at: datetime) -> list[Any]:
    scope_id = current.required_scope()
    if connection.vendor == "postgresql":
        return [scope_id, digest.hex(), expires_at]
    expiry = connection.ops.adapt_datetimefield_value(expires_at)
    return [scope_id.hex, digest.hex(), expiry]
