"""How many living members stand in each stretch of positions, kept in step with every change.

Whoever calls this holds the lock on the context's row, so that nobody else counts at the time.
"""

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Count, F

from accounts.models import Context, ContextMember, ContextTally
from identity import ids
from identity.scoping import current, statements

# Both levels at once. Places without a row yet get one.
_ADD: Final = (
    "INSERT INTO accounts_contexttally AS tally"
    " (id, scope_id, context_id, level, bucket, members)"
    " VALUES (%s, %s, %s, 0, %s, 1), (%s, %s, %s, 1, %s, 1)"
    " ON CONFLICT (scope_id, context_id, level, bucket)"
    " DO UPDATE SET members = tally.members + 1"
)
_TAKE: Final = (
    "UPDATE accounts_contexttally SET members = members - 1"
    " WHERE scope_id = %s AND context_id = %s"
    " AND (level = 0 AND bucket = %s OR level = 1 AND bucket = %s)"
)
# Else a member who is replaced again and again would leave rows behind for ever.
_SWEEP: Final = (
    "DELETE FROM accounts_contexttally WHERE scope_id = %s AND context_id = %s AND members = 0"
    " AND (level = 0 AND bucket = %s OR level = 1 AND bucket = %s)"
)


def add_later(context_id: UUID, position: int) -> None:
    """Count a new living member at this position, with the transaction's next statement."""
    lower, upper = _buckets(position)
    place = [_uuid(current.required_scope()), _uuid(context_id)]
    values = [_uuid(ids.new()), *place, lower, _uuid(ids.new()), *place, upper]
    statements.later(_ADD, values)


def take_later(context_id: UUID, position: int) -> None:
    """Count a living member at this position no more, with the transaction's next statement."""
    place = [_uuid(current.required_scope()), _uuid(context_id), *_buckets(position)]
    statements.later(_TAKE, place, then=_require_both)
    statements.later(_SWEEP, place)


def rebuild(context_id: UUID) -> int:
    """Count all living members of a context anew, and say how many there are.

    For tools that write members by other ways; needs a transaction.
    """
    living = ContextMember.objects.filter(context_id=context_id, ended_at__isnull=True)
    Context.objects.select_for_update().get(id=context_id)
    ContextTally.objects.filter(context_id=context_id).delete()
    ContextTally.objects.bulk_create(_counted(living, context_id), batch_size=1000)
    total = living.count()
    Context.objects.filter(id=context_id).update(member_count=total)
    return total


def _counted(living: Any, context_id: UUID) -> Iterator[ContextTally]:
    for level, size in enumerate(ContextTally.SIZES):
        buckets = living.values(bucket=F("position") / size).annotate(members=Count("id"))
        for bucket, members in buckets.order_by("bucket").values_list("bucket", "members"):
            yield ContextTally(
                scope_id=current.required_scope(),
                context_id=context_id,
                level=level,
                bucket=bucket,
                members=members,
            )


def _require_both(changed: int) -> None:
    if changed != len(ContextTally.SIZES):
        raise RuntimeError("the tallies of a context do not count a member that it has")


def _buckets(position: int) -> tuple[int, ...]:
    return tuple(position // size for size in ContextTally.SIZES)


def _uuid(value: UUID) -> Any:
    return value if connection.vendor == "postgresql" else value.hex
