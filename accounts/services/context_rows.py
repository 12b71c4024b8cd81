"""The rows of a context that is being changed: locked in one round trip, written in the next.

Whoever enters a context holds the lock of its row until the transaction ends, so positions rise,
counts are right, and what is read of its members is what there is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet, Subquery

from accounts import context_limits
from accounts.context_errors import ContextDisabled, ContextMissing
from accounts.models import Context, ContextMember, ContextShare
from accounts.services import context_fields, context_tallies
from identity.actor import Actor
from identity.scoping import current, inserts, prepared, statements

_LIVING: Final = Q(ended_at__isnull=True)
_COLUMNS: Final = (
    *("id", "member_id", "public_key", "acl", "is_staff", "user_id", "proven_at"),
    *("position", "created_at"),
)
# SQLite has one writer at a time, who holds the lock from the beginning.
_LOCK: Final = (
    "SELECT id FROM accounts_context WHERE scope_id = %s AND public_id = %s FOR NO KEY UPDATE"
)
_ADVANCE: Final = (
    "UPDATE accounts_context SET last_position = %s, last_joined_at = %s,"
    " member_count = member_count + %s WHERE scope_id = %s AND id = %s"
)
_COUNT: Final = (
    "UPDATE accounts_context SET member_count = member_count + %s WHERE scope_id = %s AND id = %s"
)
_END: Final = (
    "UPDATE accounts_contextmember SET ended_at = %s, ended_reason = %s"
    " WHERE scope_id = %s AND id = %s AND ended_at IS NULL"
)


@dataclass(frozen=True, slots=True)
class Living:
    """A living member as it was read under the lock."""

    id: UUID
    member_id: str
    public_key: str
    acl: str
    is_staff: bool
    user_id: UUID | None
    proven_at: datetime | None
    position: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Entered:
    """A context whose row is locked, and the members who were asked for.

    `by_id` has the user id; `by_key` has the key and is somebody else.
    """

    scope_id: UUID
    id: UUID
    public_id: str
    status: str
    last_position: int
    last_joined_at: datetime | None
    by_id: Living | None
    by_key: Living | None

    def require_active(self) -> None:
        """Refuse a context that is disabled. Raises `ContextDisabled`."""
        if self.status != Context.Status.ACTIVE:
            raise ContextDisabled

    def not_before(self, now: datetime) -> datetime:
        """The time of joining for who joins now: never before somebody in front of it."""
        return now if self.last_joined_at is None else max(now, self.last_joined_at)


def _in_context(context: Any) -> "QuerySet[ContextMember]":
    return ContextMember.objects.filter(
        _LIVING, context=Subquery(Context.objects.filter(public_id=context).values("id"))
    )


_CONTEXT: Final = prepared.prepare(
    lambda context: Context.objects.filter(public_id=context).values_list(
        "id", "status", "last_position", "last_joined_at", "solution__public_id"
    ),
    "context",
)
_BY_ID: Final = prepared.prepare(
    lambda context, member: _in_context(context).filter(member_id=member).values_list(*_COLUMNS),
    "context",
    "member",
)
_BY_KEY: Final = prepared.prepare(
    lambda context, key: _in_context(context).filter(public_key=key).values_list(*_COLUMNS),
    "context",
    "key",
)
_BY_USER: Final = prepared.prepare(
    lambda context, user: ContextMember.objects.filter(
        _LIVING, context=context, user=user
    ).values_list("id")[:1],
    "context",
    "user",
)


def enter(context_id: str, member_id: str, public_key: str, *, by: Actor) -> Entered:
    """Lock a context for the transaction, and read who has this user id or this key in it.

    An empty id or key is nobody's. Raises `ContextMissing`, `OutsideLimits`.
    """
    if not context_fields.is_storable(context_id):
        raise ContextMissing
    scope_id = current.required_scope()
    found: dict[str, list[tuple[Any, ...]]] = {}

    def hear(name: str) -> Callable[[list[tuple[Any, ...]]], None]:
        return lambda rows: found.__setitem__(name, rows)

    if connection.vendor == "postgresql":
        statements.ahead(_LOCK, [scope_id, context_id], tell=hear("lock"))
    # Each of these sees what was committed before the lock was given.
    if public_key:
        _BY_KEY.ahead(hear("key"), context=context_id, key=public_key)
    if member_id and context_fields.is_storable(member_id):
        _BY_ID.ahead(hear("id"), context=context_id, member=member_id)
    row = _CONTEXT.one(context=context_id)
    if row is None:
        raise ContextMissing
    context_limits.require_context(context_id, lambda: {row[4], *_borrowers(row[0])}, by=by)
    by_id, by_key = _living(found.get("id")), _living(found.get("key"))
    is_other = by_key is not None and by_key.member_id != member_id
    return Entered(
        scope_id=scope_id,
        id=row[0],
        public_id=context_id,
        status=row[1],
        last_position=row[2],
        last_joined_at=row[3],
        by_id=by_id,
        by_key=by_key if is_other else None,
    )


def has_account(entered: Entered, user_id: UUID) -> bool:
    """Whether an account is a living member of the context."""
    return _BY_USER.one(context=entered.id, user=user_id) is not None


def insert_later(entered: Entered, row: ContextMember, *, is_more: bool) -> None:
    """Write a member at the next position, with the transaction's next statement."""
    at = connection.ops.adapt_datetimefield_value(row.created_at)
    place = [_uuid(entered.scope_id), _uuid(entered.id)]
    statements.later(_ADVANCE, [row.position, at, int(is_more), *place])
    context_tallies.add_later(entered.id, row.position)
    inserts.insert_later(row)


def end_later(entered: Entered, living: Living, reason: str, *, at: datetime) -> None:
    """End a membership and its place in the tallies; `count_later` is for the context's count."""
    moment = connection.ops.adapt_datetimefield_value(at)
    values = [moment, str(reason), _uuid(entered.scope_id), _uuid(living.id)]
    statements.later(_END, values, then=_require_one)
    context_tallies.take_later(entered.id, living.position)


def count_later(entered: Entered, change: int) -> None:
    """Change how many members the context has, with the transaction's next statement."""
    statements.later(_COUNT, [change, _uuid(entered.scope_id), _uuid(entered.id)])


def update(living: Living, changes: Mapping[str, Any]) -> None:
    """Write fields of a living member."""
    _require_one(ContextMember.objects.filter(_LIVING, id=living.id).update(**changes))


def _borrowers(context_id: UUID) -> list[str]:
    shares = ContextShare.objects.filter(context_id=context_id)
    return list(shares.values_list("solution__public_id", flat=True))


def _living(rows: list[tuple[Any, ...]] | None) -> Living | None:
    return Living(*rows[0]) if rows else None


def _require_one(changed: int) -> None:
    if changed != 1:
        raise RuntimeError("a member of a locked context is gone")


def _uuid(value: UUID) -> Any:
    return value if connection.vendor == "postgresql" else value.hex
