"""Where a part of a list of members begins, and how many are behind that: never by counting all.

Positions rise in a context, and tallies say how many living members stand in each stretch of
them; so a count, and a place behind so many members, are read from some dozens of rows.
"""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Subquery

from accounts.context_errors import ContextMissing, NoMatchForLastId
from accounts.models import Context, ContextMember, ContextTally
from accounts.queries import context_rows
from identity.limits import Limits
from identity.scoping import current, doors, prepared, statements

HIGHEST: Final = 2**62
"""Behind every position."""
_LOW, _HIGH = ContextTally.SIZES
_CONTEXT: Final = prepared.prepare(
    lambda context: Context.objects.filter(public_id=context).values_list(
        "id", "solution__public_id", "member_count"
    ),
    "context",
)
_POSITION: Final = prepared.prepare(
    lambda context, member: ContextMember.objects.filter(
        context=Subquery(Context.objects.filter(public_id=context).values("id")),
        member_id=member,
        ended_at__isnull=True,
    ).values_list("position"),
    "context",
    "member",
)
_MEMBERS: Final = (
    "FROM accounts_contextmember WHERE scope_id = %s AND context_id = %s AND ended_at IS NULL"
)
_TALLIES: Final = (
    "FROM accounts_contexttally WHERE scope_id = %s AND context_id = %s AND level = {}"
)
_SUM: Final = f"(SELECT CAST(COALESCE(SUM(members), 0) AS bigint) {_TALLIES}"
# All stretches above, those above in the same large one, and members above in the same small one.
_ABOVE: Final = (
    f"SELECT {_SUM.format(1)} AND bucket > %s)"
    f" + {_SUM.format(0)} AND bucket > %s AND bucket < %s)"
    f" + (SELECT COUNT(*) {_MEMBERS} AND position > %s AND position < %s)"
)
_BUCKETS: Final = f"SELECT bucket, members {_TALLIES} AND bucket >= %s AND bucket < %s"
_POSITIONS: Final = f"SELECT position {_MEMBERS} AND position >= %s AND position < %s"


@dataclass(slots=True)
class Facts:
    """What a list needs to know of its context; filled when the answer has come."""

    context_id: str
    limits: Limits | None
    rows: list[tuple[Any, ...]] | None = None

    @property
    def row_id(self) -> UUID:
        """The id of the context's row. Raises what `require` raises."""
        found: UUID = self.require()[0]
        return found

    @property
    def members(self) -> int:
        """How many living members there are."""
        found: int = self.require()[2]
        return found

    def require(self) -> tuple[Any, ...]:
        """The context's row. Raises `ContextMissing`, `OutsideLimits`."""
        if not self.rows:
            raise ContextMissing
        row = self.rows[0]
        context_rows.require(self.context_id, row[0], row[1], limits=self.limits)
        return row


def ask(context_id: str, *, limits: Limits | None) -> Facts:
    """Ask for a context in one round trip with the next statement."""
    facts = Facts(context_id, limits)
    if not doors.is_storable(context_id):
        raise ContextMissing

    def hear(rows: list[tuple[Any, ...]]) -> None:
        facts.rows = rows

    _CONTEXT.ahead(hear, context=context_id)
    return facts


def facts_of(context_id: str, *, limits: Limits | None) -> Facts:
    """The facts of a context, at once. Raises `ContextMissing`, `OutsideLimits`."""
    if not doors.is_storable(context_id):
        raise ContextMissing
    facts = Facts(context_id, limits, _CONTEXT.rows(context=context_id))
    facts.require()
    return facts


def behind(context_id: str, last: str, *, limits: Limits | None) -> tuple[Facts, int]:
    """The context, and the position of the member behind whom a list goes on.

    `last` is `<context id>-<member id>`, or the member id alone. Raises `NoMatchForLastId`,
    `ContextMissing`, `OutsideLimits`.
    """
    if not doors.is_storable(last):
        raise NoMatchForLastId
    facts = ask(context_id, limits=limits)
    prefix = f"{context_id}-"
    names = [last.removeprefix(prefix), last] if last.startswith(prefix) else [last]
    found = _POSITION.rows(context=context_id, member=names[0])
    facts.require()
    for name in names[1:]:
        found = found or _POSITION.rows(context=context_id, member=name)
    if not found:
        raise NoMatchForLastId
    return facts, found[0][0]


def ask_above(facts: Facts, position: int, count: list[int]) -> None:
    """Ask how many members stand above a position, with the next statement, into `count`."""
    place = _place(facts)
    low, high = position // _LOW, position // _HIGH
    within = (high + 1) * (_HIGH // _LOW)
    values = [*place, high, *place, low, within, *place, position, (low + 1) * _LOW]
    statements.ahead(_ABOVE, values, tell=lambda rows: count.append(rows[0][0]))


def passing(facts: Facts, skip: int, *, is_descending: bool) -> int:
    """The position behind which a list begins that passes over so many members."""
    if skip >= facts.members:
        return 0 if is_descending else HIGHEST
    high, skip = _stretch(facts, 1, 0, HIGHEST, skip, is_descending=is_descending)
    share = _HIGH // _LOW
    low, skip = _stretch(
        facts, 0, high * share, (high + 1) * share, skip, is_descending=is_descending
    )
    begins, ends = low * _LOW, (low + 1) * _LOW
    if not skip:
        return ends if is_descending else begins - 1
    direction = "DESC" if is_descending else "ASC"
    found = statements.rows(
        f"{_POSITIONS} ORDER BY position {direction} LIMIT {_LOW}", [*_place(facts), begins, ends]
    )
    passed = found[:skip]
    if not passed:
        return ends if is_descending else begins - 1
    last: int = passed[-1][0]
    return last


def _stretch(
    facts: Facts, level: int, least: int, beyond: int, skip: int, *, is_descending: bool
) -> tuple[int, int]:
    """The stretch of a level in which the list begins, and how many to pass over in it."""
    direction = "DESC" if is_descending else "ASC"
    sql = f"{_BUCKETS.format(level)} ORDER BY bucket {direction}"
    bucket = least
    for bucket, members in statements.rows(sql, [*_place(facts), least, beyond]):  # noqa: B007
        if members > skip:
            break
        skip -= members
    return bucket, skip


def _place(facts: Facts) -> list[Any]:
    ids = (current.required_scope(), facts.row_id)
    return [each if connection.vendor == "postgresql" else each.hex for each in ids]
