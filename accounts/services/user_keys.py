"""User keys of an account beside its first one: each proven, each a way in, and let go again."""

from datetime import datetime
from typing import Final
from uuid import UUID

from accounts import errors
from accounts.models import Wallet
from accounts.queries import user_keys as queries
from accounts.queries.user_keys import UserKey
from accounts.services import sign_in_notices, wallets, ways_in, writing
from accounts.services.wallets import Key
from accounts.user_key_errors import TooManyUserKeys
from identity import errors as refusals
from identity.actor import Actor

MOST: Final = 20
"""User keys of one account."""
LONGEST_REASON: Final = 512


def add(*, user_id: UUID, key: Key, by: Actor, now: datetime) -> UserKey:
    """Bind a user key whose holder proved it just now; again is the same.

    It signs the account in from then on, and nobody else's in this scope, ever; its owner hears of
    it by mail. A key that the account had before may come back. Of two accounts at the same time
    one gets it. Raises `accounts.errors.WalletTaken`, TooManyUserKeys, `identity.errors.Missing`.
    """
    with writing.of(by):
        user = ways_in.lock(user_id)
        earlier = wallets.known(key.address)
        if earlier is not None and earlier.user_id != user_id:
            raise errors.WalletTaken
        if earlier is not None and not earlier.is_keyless:
            return queries.of_wallet(earlier)
        if len(queries.of(user_id)) >= MOST:
            raise TooManyUserKeys
        if earlier is None:
            row = wallets.insert(user, key, now=now)
        else:
            row = _opened_again(earlier, now=now)
        wallets.record_added(row, by=by, now=now)
        sign_in_notices.tell(user, sign_in_notices.USER_KEY_ADDED, now=now)
    return queries.of_wallet(row)


def remove(*, user_id: UUID, key_id: UUID, by: Actor, now: datetime) -> None:
    """Let a user key go; never the last way in. Its owner hears of it by mail.

    Sessions that it began end, and its proofs are fresh no more. Contexts in which it is a member's
    know it on. Raises `identity.errors.Missing`,
    `accounts.errors.LastWayIn`.
    """
    with writing.of(by):
        user = ways_in.lock(user_id)
        if all(row.id != key_id for row in queries.of(user_id)):
            raise refusals.Missing("You have no such key.")
        wallets.remove(user_id=user_id, wallet_id=key_id, by=by, now=now)
        sign_in_notices.tell(user, sign_in_notices.USER_KEY_REMOVED, now=now)


def take_away(*, user_id: UUID, key_id: UUID, reason: str, by: Actor, now: datetime) -> None:
    """Remove somebody's user key, also the last way in: it was lost, or somebody else has it.

    What it opened ends as in `remove`, and its owner hears of it. Raises `Missing`, `Invalid` for a
    reason that is too long.
    """
    if len(reason) > LONGEST_REASON:
        raise refusals.Invalid("This reason is too long.", field="reason")
    with writing.of(by):
        user = ways_in.lock(user_id)
        queries.one(user_id, key_id)
        wallets.take_away(user_id=user_id, wallet_id=key_id, reason=reason, by=by, now=now)
        sign_in_notices.tell(user, sign_in_notices.USER_KEY_REMOVED, now=now)


def _opened_again(row: Wallet, *, now: datetime) -> Wallet:
    """The row of a key that clients went on to know the account by while it opened nothing."""
    row.is_keyless = False
    row.added_at = now
    row.save(update_fields=["is_keyless", "added_at"])
    return row
