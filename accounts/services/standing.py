"""Whether a user may act or is there at this moment, held until the end of a transaction."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from identity.errors import DomainError
from identity.scoping import current, statements

_ACTIVE: Final = (
    "SELECT 1 FROM accounts_user WHERE scope_id = %s AND id = %s AND status = 'active'"
    " AND (expires_at IS NULL OR expires_at > %s)"
)
_ALONE: Final = "SELECT 1 FROM accounts_user WHERE scope_id = %s AND id = %s"
_ENABLED: Final = f"{_ALONE} AND status <> 'disabled'"
_THERE: Final = f"{_ALONE} AND deleted_at IS NULL"


def hold_active(user_id: UUID, *, refusal: type[DomainError], now: datetime) -> None:
    """Go on only if the user of the scope in force is active, and nobody changes that meanwhile.

    So whoever disables a user finds all that was begun before, and ends it. In a transaction;
    raises the refusal, at the latest with its next statement.
    """

    def require_one(found: int) -> None:
        if found != 1:
            raise refusal

    scope_id = current.required_scope()
    values: list[Any] = [scope_id, user_id, now]
    sql = _ACTIVE + " FOR SHARE"
    if connection.vendor != "postgresql":
        # SQLite has one writer at a time.
        sql = _ACTIVE
        values = [scope_id.hex, user_id.hex, connection.ops.adapt_datetimefield_value(now)]
    statements.later(sql, values, then=require_one)


def hold_enabled(user_id: UUID, refuse: Callable[[], None]) -> None:
    """Go on only if the user of the scope in force is not shut out, one transaction at a time.

    `refuse` is called, to raise, at the latest with the transaction's next statement.
    """
    _hold(_ENABLED, user_id, refuse)


def hold_there(user_id: UUID, refuse: Callable[[], None]) -> None:
    """As `hold_enabled`, for a user who was not deleted."""
    _hold(_THERE, user_id, refuse)


def _hold(sql: str, user_id: UUID, refuse: Callable[[], None]) -> None:
    def told(found: int) -> None:
        if not found:
            refuse()

    scope_id = current.required_scope()
    values: list[Any] = [scope_id, user_id]
    if connection.vendor == "postgresql":
        sql += " FOR NO KEY UPDATE"
    else:
        values = [each.hex for each in (scope_id, user_id)]
    statements.later(sql, values, then=told)
