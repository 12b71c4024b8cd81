"""Whose account a member of a context is: the one named, or the one that its key signs in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from accounts.context_errors import MemberTaken
from accounts.errors import UserInactive
from accounts.models import User
from accounts.services import context_fields, context_rows
from accounts.services.context_rows import Entered
from identity import errors
from identity.scoping import current, statements

_SIGNED_IN_BY: Final = (
    "SELECT user_id FROM accounts_wallet WHERE scope_id = %s AND address = %s AND NOT is_keyless"
)
_IS_MEMBER: Final = (
    "SELECT member.user_id FROM accounts_contextmember member JOIN accounts_context context"
    " ON context.scope_id = member.scope_id AND context.id = member.context_id"
    " WHERE context.scope_id = %s AND context.public_id = %s AND member.scope_id = %s"
    " AND member.member_id = %s AND member.ended_at IS NULL AND member.user_id IS NOT NULL"
)
_CONCERNED: Final = (
    "SELECT account.id, account.status = 'disabled'"  # noqa: S608 no value is in it
    " OR account.expires_at IS NOT NULL AND account.expires_at <= %s,"
    f" account.id IN ({_SIGNED_IN_BY})"
    " FROM accounts_user account WHERE account.scope_id = %s AND account.deleted_at IS NULL"
    f" AND account.id IN ({_SIGNED_IN_BY} UNION ALL {_IS_MEMBER}) ORDER BY account.id"
)
# Whoever deletes an account holds it first and its contexts then: here, too.
_HELD: Final = f"{_CONCERNED} FOR KEY SHARE OF account"


@dataclass(frozen=True, slots=True)
class _Account:
    id: UUID
    is_shut_out: bool
    has_key: bool


class Accounts:
    """The accounts that a member and its key concern, none of which is deleted meanwhile.

    Asked for before the context is entered, with the same round trip: the account whose user key it
    is, the one that the member is, and the one that is `named`. Raises `identity.errors.Missing`
    for a named one that is none.
    """

    def __init__(
        self, context_id: str, member_id: str, key: str, *, named: UUID | None, now: datetime
    ) -> None:
        self._found: dict[UUID, _Account] = {}
        self._named = named
        if named is not None:
            self._found[named] = _hold(named, now=now)
        if not context_fields.is_storable(context_id):
            return  # Whoever enters it is told.
        scope_id = current.required_scope()
        place = [scope_id, key, scope_id, scope_id, key, scope_id, context_id, scope_id, member_id]
        # Of several accounts only those are held that are in one order for everybody.
        is_held = named is None and connection.vendor == "postgresql"
        sql = _HELD if is_held else _CONCERNED
        statements.ahead(sql, statements.adapted(now, *place), tell=self._hear)

    def _hear(self, rows: list[tuple[Any, ...]]) -> None:
        for row_id, is_shut_out, has_key in rows:
            account = _Account(UUID(str(row_id)), bool(is_shut_out), bool(has_key))
            self._found[account.id] = account

    def of(self, entered: Entered, *, is_by_proof: bool) -> UUID | None:
        """The account that the member becomes or stays; None where nothing tells of one.

        Raises `MemberTaken` where the key signs in another account than the one that is named, the
        member is another one, or the account is another member of this context; and where another
        key comes by nothing but its proof, which does not tell that it is that account's.
        """
        by_key = next((each.id for each in self._found.values() if each.has_key), None)
        if self._named is not None and by_key not in {None, self._named}:
            raise MemberTaken("This key signs in another account.")
        earlier = None if entered.by_id is None else entered.by_id.user_id
        account = self._named or by_key
        if account is None and earlier is not None and is_by_proof:
            raise MemberTaken("This is no key of the account that the member is.")
        if account is None or account == earlier:
            return earlier
        if earlier is not None:
            raise MemberTaken
        if context_rows.has_account(entered, account):
            raise MemberTaken("This account is another member of this context already.")
        return account

    def require_not_shut_out(self, account: UUID | None) -> None:
        """Refuse who is disabled or expired. Raises `accounts.errors.UserInactive`."""
        found = None if account is None else self._found.get(account)
        if found is not None and found.is_shut_out:
            raise UserInactive


def _hold(user_id: UUID, *, now: datetime) -> _Account:
    """Keep an account from being deleted meanwhile: nothing of it must outlive it."""
    user = User.objects.select_for_update().filter(id=user_id).first()
    if user is None or user.deleted_at is not None:
        raise errors.Missing("There is no such user.")
    has_ended = user.expires_at is not None and user.expires_at <= now
    return _Account(user.id, user.status == User.Status.DISABLED or has_ended, has_key=False)
