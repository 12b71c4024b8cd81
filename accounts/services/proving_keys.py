"""Keys that prove who somebody is, a wallet's or a passkey's, by words that sessions remember."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from identity.actor import Actor
from identity.errors import DomainError
from identity.scoping import current, statements

OnRemoved = Callable[..., object]

on_removed: list[OnRemoved] = []
"""Called as `hook(user_id, key, by=…, now=…)` in the transaction that removes a key, by rooms above
that end what whoever has it opened. They are added at start."""

WALLET: Final = "wallet"
PASSKEY: Final = "passkey"
_STANDS: Final = {
    WALLET: "SELECT 1 FROM accounts_wallet WHERE scope_id = %s AND user_id = %s AND address = %s"
    " AND NOT is_keyless",
    PASSKEY: "SELECT 1 FROM accounts_passkey WHERE scope_id = %s AND user_id = %s AND id = %s",
}


def of_wallet(address: str) -> str:
    """The word for a wallet or a user key, by its canonical address."""
    return f"{WALLET}:{address}"


def of_passkey(passkey_id: UUID) -> str:
    """The word for a passkey."""
    return f"{PASSKEY}:{passkey_id}"


def kind_of(key: str) -> str:
    """WALLET or PASSKEY."""
    return key.partition(":")[0]


def hold(key: str, user_id: UUID, *, refusal: type[DomainError]) -> None:
    """Go on only if the key still is this user's in the scope in force, and nobody removes it now.

    So whoever removes a key finds all that was begun with it before, and ends it. In a transaction;
    raises the refusal, at the latest with its next statement.
    """

    def require_one(found: int) -> None:
        if found != 1:
            raise refusal

    kind, _, name = key.partition(":")
    values: list[Any] = [current.required_scope(), user_id, UUID(name) if kind == PASSKEY else name]
    sql = _STANDS[kind]
    if connection.vendor == "postgresql":
        sql += " FOR SHARE"
    else:
        # SQLite has one writer at a time.
        values = [each.hex if isinstance(each, UUID) else each for each in values]
    statements.later(sql, values, then=require_one)


def removed(key: str, user_id: UUID, *, by: Actor, now: datetime) -> None:
    """Tell the rooms above, in the transaction that removed the key."""
    for hook in on_removed:
        hook(user_id, key, by=by, now=now)
