"""Reads about solutions and contexts: one by one, whole lists, and parts in programs' own way."""

from collections.abc import Sequence
from typing import Any, Final

from django.db.models import F, QuerySet, Value

from accounts.context_errors import ContextMissing, NoMatchForLastId, OutsideLimits, SolutionMissing
from accounts.models import Context, ContextShare, Solution
from accounts.queries import bounded_reads, context_rows, list_filters
from accounts.queries.context_rows import ContextRow, Part, SolutionRow
from accounts.queries.list_filters import Column, Filter
from accounts.services import context_fields
from identity.limits import Limits
from identity.paging import After, Window
from identity.scoping import keyset, prepared

MOST_SOLUTIONS: Final = 10_000
"""Of a list that has no parts."""
FILTERS: Final = ("id", "name", "description", "solution", "scope", "created", "modified")
"""What filters of contexts may name."""
_COLUMNS: Final = {
    "id": Column(F("public_id")),
    "name": Column(F("name")),
    "description": Column(F("description")),
    "solution": Column(F("solution__public_id")),
    "scope": Column(F("visibility")),
    "created": Column(F("created_at"), is_time=True),
    "modified": Column(F("updated_at"), is_time=True),
}
_CONTEXT: Final = prepared.prepare(
    lambda context: Context.objects.filter(public_id=context).values_list(
        "id", *context_rows.CONTEXT_COLUMNS
    ),
    "context",
)


def solution(solution_id: str, *, limits: Limits | None) -> SolutionRow:
    """One solution. Raises `SolutionMissing`, `OutsideLimits`."""
    rows = Solution.objects.filter(public_id=solution_id)
    is_storable = context_fields.is_storable(solution_id)
    found = rows.values_list(*context_rows.SOLUTION_COLUMNS).first() if is_storable else None
    if found is None:
        raise SolutionMissing
    if limits is not None and not limits.allow_solution(solution_id):
        raise OutsideLimits
    return SolutionRow(*found)


def solutions(*, limits: Limits | None) -> Sequence[SolutionRow]:
    """All solutions within the limits, in the order of their making, at most 10 000."""
    rows = context_rows.allowed_solutions(limits).order_by("created_at", "id")
    found = rows.values_list(*context_rows.SOLUTION_COLUMNS)[:MOST_SOLUTIONS]
    return [SolutionRow(*row) for row in found]


def solutions_window(after: After, *, limits: Limits | None) -> Window[SolutionRow]:
    """The solutions within the limits behind a cursor. Raises `CursorInvalid`."""
    shown, following = keyset.window(context_rows.allowed_solutions(limits), after)
    rows = [
        SolutionRow(row.public_id, row.name, row.created_at, row.updated_at, row.version)
        for row in shown
    ]
    return Window(rows, following)


def context(context_id: str, *, limits: Limits | None) -> ContextRow:
    """One context. Raises `ContextMissing`, `OutsideLimits`."""
    is_storable = context_fields.is_storable(context_id)
    found = _CONTEXT.one(context=context_id) if is_storable else None
    if found is None:
        raise ContextMissing
    row_id, *values = found
    context_rows.require(context_id, row_id, values[1], limits=limits)
    return ContextRow(*(*values, tuple(context_rows.borrowers([row_id]).get(row_id, ()))))


def contexts_window(
    after: After, *, limits: Limits | None, solution_id: str = ""
) -> Window[ContextRow]:
    """The contexts within the limits behind a cursor; those of one solution if it is given.

    Raises `CursorInvalid`, `SolutionMissing`, `OutsideLimits`.
    """
    rows = _of_solution(solution_id, limits) if solution_id else _allowed(limits)
    shown, following = keyset.window(rows.select_related("solution"), after)
    return Window(_rows([_values(row) for row in shown]), following)


def contexts_page(
    *,
    limit: int,
    is_descending: bool,
    limits: Limits | None,
    skip: int = 0,
    after: str | None = None,
    filter: Filter | None = None,  # noqa: A002 the word for it
    solution_id: str = "",
) -> Part[ContextRow]:
    """A part of the contexts within the limits, its own and borrowed ones of one solution.

    In the order of their making. `after` is the id of the context behind which the list goes on;
    then nothing is skipped, and those before it are not counted. Raises `NoMatchForLastId`,
    `SolutionMissing`, `OutsideLimits`, `FilterTooCostly`.
    """
    rows = _of_solution(solution_id, limits) if solution_id else _allowed(limits)
    if filter is not None:
        rows = rows.filter(list_filters.condition(filter, _COLUMNS))
    if after is not None:
        found = _allowed(limits).filter(public_id=after).values_list("created_at", "id")
        last = found.first() if context_fields.is_storable(after) else None
        if last is None:
            raise NoMatchForLastId
        rows = keyset.beyond(rows, *_place(*last), key=keyset.BY_TIME, is_descending=is_descending)
        skip = 0
    sign = "-" if is_descending else ""
    ordered = rows.order_by(f"{sign}created_at", f"{sign}id")
    columns = ordered.values_list("id", *context_rows.CONTEXT_COLUMNS)
    with bounded_reads.of(is_bounded=filter is not None):
        return Part(_rows(list(columns[skip : skip + limit])), rows.count())


def _place(created_at: Any, row_id: Any) -> tuple[Any, Any]:
    return keyset.BY_TIME.value(created_at), Value(row_id, keyset.ID)


def _allowed(limits: Limits | None) -> "QuerySet[Context]":
    return context_rows.allowed_contexts(limits)


def _of_solution(solution_id: str, limits: Limits | None) -> "QuerySet[Context]":
    solution(solution_id, limits=limits)
    borrowed = ContextShare.objects.filter(solution__public_id=solution_id)
    rows = _allowed(limits)
    return rows.filter(solution__public_id=solution_id) | rows.filter(
        id__in=borrowed.values("context_id")
    )


def _values(row: Context) -> tuple[Any, ...]:
    return (
        row.id,
        row.public_id,
        row.solution.public_id,
        *(getattr(row, name) for name in context_rows.CONTEXT_COLUMNS[2:]),
    )


def _rows(found: Sequence[tuple[Any, ...]]) -> list[ContextRow]:
    shares = context_rows.borrowers(row[0] for row in found)
    return [ContextRow(*(*row[1:], tuple(shares.get(row[0], ())))) for row in found]
