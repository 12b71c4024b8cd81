"""Reads about solutions and contexts: one by one, whole lists, and parts in programs' own way.

What there is for one solution, or for keys limited to some, is read as two lists, its own contexts
and those that it borrows, each by an index of its own; `accounts.services.contexts.MOST` bounds
what is counted.
"""

from collections.abc import Sequence
from typing import Any, Final

from django.db.models import F, QuerySet, Value

from accounts.context_errors import ContextMissing, NoMatchForLastId, OutsideLimits, SolutionMissing
from accounts.models import Context, ContextShare, Solution
from accounts.queries import bounded_reads, context_rows, list_filters
from accounts.queries.context_rows import ContextRow, Part, SolutionRow
from accounts.queries.list_filters import Column, Filter
from identity.limits import Limits
from identity.paging import After, Window
from identity.scoping import doors, keyset, prepared

_MOST_KNOWN: Final = 1000
"""Borrowed contexts that are asked for by their ids."""
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
    is_storable = doors.is_storable(solution_id)
    found = rows.values_list(*context_rows.SOLUTION_COLUMNS).first() if is_storable else None
    if found is None:
        raise SolutionMissing
    if limits is not None and not limits.allow_solution(solution_id):
        raise OutsideLimits
    return SolutionRow(*found)


def solutions(*, limits: Limits | None) -> Sequence[SolutionRow]:
    """All solutions within the limits, in the order of their making."""
    rows = context_rows.allowed_solutions(limits).order_by("created_at", "id")
    return [SolutionRow(*row) for row in rows.values_list(*context_rows.SOLUTION_COLUMNS)]


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
    is_storable = doors.is_storable(context_id)
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
    found: list[Context] = []
    for rows in _lists(solution_id, limits):
        found += keyset.behind(rows.select_related("solution"), after)
    found.sort(key=lambda row: (row.created_at, row.id), reverse=after.is_descending)
    shown = found[: after.limit]
    is_end = len(found) <= after.limit
    following = None if is_end else keyset.cursor_of(shown[-1].created_at, shown[-1].id)
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
    lists = _lists(solution_id, limits)
    if filter is not None:
        condition = list_filters.condition(filter, _COLUMNS)
        lists = [rows.filter(condition) for rows in lists]
    if after is not None:
        found = context_rows.allowed_contexts(limits).filter(public_id=after)
        places = found.values_list("created_at", "id")
        last = places.first() if doors.is_storable(after) else None
        if last is None:
            raise NoMatchForLastId
        place = _place(*last)
        lists = [
            keyset.beyond(rows, *place, key=keyset.BY_TIME, is_descending=is_descending)
            for rows in lists
        ]
        skip = 0
    with bounded_reads.of(is_bounded=filter is not None):
        shown = _part(lists, skip, limit, is_descending=is_descending)
        return Part(_rows(shown), sum(rows.count() for rows in lists))


def _place(created_at: Any, row_id: Any) -> tuple[Any, Any]:
    return keyset.BY_TIME.value(created_at), Value(row_id, keyset.ID)


def _lists(solution_id: str, limits: Limits | None) -> "list[QuerySet[Context]]":
    """The contexts as one list or two that have nothing in common. Raises as `solution`."""
    if solution_id:
        solution(solution_id, limits=limits)
    bound = None if limits is None else limits.bound_solutions
    names = {solution_id} if solution_id else bound
    rows = context_rows.allowed_contexts(limits)
    if names is None:
        return [rows]
    if limits is not None and limits.bound_contexts is None:
        # What a solution within the limits has or borrows is within them, too.
        rows = Context.objects.all()
    solutions = list(Solution.objects.filter(public_id__in=names).values_list("id", flat=True))
    own = rows.filter(solution_id__in=solutions)
    shares = ContextShare.objects.filter(solution_id__in=solutions)
    borrowed: Any = shares.values_list("context_id", flat=True)
    known = list(borrowed[: _MOST_KNOWN + 1])
    if not known:
        return [own]
    # Told which these are, the database looks for them and not through all that there are.
    if len(known) <= _MOST_KNOWN:
        borrowed = known
    return [own, rows.filter(id__in=borrowed).exclude(solution_id__in=solutions)]


def _part(
    lists: "Sequence[QuerySet[Context]]", skip: int, limit: int, *, is_descending: bool
) -> list[tuple[Any, ...]]:
    """The rows of a part of all lists together."""
    sign = "-" if is_descending else ""
    order = (f"{sign}created_at", f"{sign}id")
    columns = ("id", *context_rows.CONTEXT_COLUMNS)
    first, *others = [rows.order_by() for rows in lists]
    if not others:
        return list(first.order_by(*order).values_list(*columns)[skip : skip + limit])
    places = [rows.values_list("created_at", "id") for rows in (first, *others)]
    merged = places[0].union(*places[1:], all=True).order_by(*order)[skip : skip + limit]
    wanted = [row_id for _, row_id in merged]
    found = Context.objects.filter(id__in=wanted).values_list(*columns)
    return sorted(found, key=lambda row: wanted.index(row[0]))


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
