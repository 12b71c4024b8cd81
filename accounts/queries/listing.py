"""One page of a list, within bounds."""

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar
from uuid import UUID

from django.db import models
from django.db.models import QuerySet

from identity import errors
from identity.paging import MOST_ROWS, After, Listed, Page, Window
from identity.scoping import keyset

M = TypeVar("M", bound=models.Model)
Row = TypeVar("Row")

MOST_OFFSET = 1_000_000
_SORTABLE = frozenset({"created_at", "updated_at"})
_AS_NAMED: Mapping[str, str] = MappingProxyType({})

Filter = Callable[[QuerySet[Any], Any], QuerySet[Any]]
"""Narrows a queryset by a value from outside; raises `identity.errors.Invalid`."""


def listed(
    rows: QuerySet[M],
    page: Page,
    *,
    filters: Mapping[str, Filter],
    read: Callable[[Sequence[M]], Sequence[Row]],
    columns: Mapping[str, str] = _AS_NAMED,
) -> Listed[Row]:
    """The page of these rows in the order it asks for, and how many rows there are in all.

    Rows are counted only when the page does not show the end. `columns` maps words of `sort_by`
    that are called otherwise in this table. Raises `identity.errors.Invalid` for
    bounds, orders and filters that there are not.
    """
    require_bounds(page)
    rows = narrowed(rows, page.filters, known=filters)
    direction = "-" if page.is_descending else ""
    column = columns.get(page.sort_by, page.sort_by)
    ordered = rows.order_by(f"{direction}{column}", f"{direction}id")
    shown = list(ordered[page.offset : page.offset + page.limit])
    return Listed(read(shown), _total(rows, page, len(shown)))


def windowed(
    rows: QuerySet[M],
    after: After,
    *,
    filters: Mapping[str, Filter],
    read: Callable[[Sequence[M]], Sequence[Row]],
    key: keyset.Key = keyset.BY_TIME,
) -> Window[Row]:
    """The rows behind a cursor. Raises `Invalid` for bounds and filters there are not."""
    shown, following = keyset.window(narrowed(rows, after.filters, known=filters), after, key)
    return Window(read(shown), following)


def narrowed(
    rows: QuerySet[M], wanted: Mapping[str, Any], *, known: Mapping[str, Filter]
) -> QuerySet[M]:
    """The rows that fit every filter. Raises `identity.errors.Invalid` for an unknown one."""
    for name, value in wanted.items():
        if name not in known:
            raise errors.Invalid(f"There is no filter {name!r} here.", known=sorted(known))
        rows = known[name](rows, value)
    return rows


def require_bounds(page: Page) -> None:
    """Refuse a page that is too large, too far or in an order that no index has."""
    if not 1 <= page.limit <= MOST_ROWS:
        raise errors.Invalid(f"limit is 1 to {MOST_ROWS}.")
    if not 0 <= page.offset <= MOST_OFFSET:
        raise errors.Invalid(f"offset is 0 to {MOST_OFFSET}.")
    if page.sort_by not in _SORTABLE:
        raise errors.Invalid("sort_by is created_at or updated_at.")


def by_text(column: str) -> Filter:
    """A filter for equal text."""
    return lambda rows, value: rows.filter(**{column: text(value)})


def by_word(column: str, words: Collection[str]) -> Filter:
    """A filter for one of these words."""

    def narrowed(rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if value not in words:
            raise errors.Invalid(f"This filter is one of: {', '.join(sorted(words))}.")
        return rows.filter(**{column: value})

    return narrowed


def by_id(column: str) -> Filter:
    """A filter for an id."""
    return lambda rows, value: rows.filter(**{column: identifier(value)})


def beginning(column: str) -> Filter:
    """A filter for texts that begin so, in the order of their bytes."""

    def fits(rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return keyset.beginning_with(rows, column, text(value))

    return fits


def text(value: Any) -> str:
    """A text that can be looked for. Raises `identity.errors.Invalid`."""
    if not isinstance(value, str) or len(value) > 512 or not _is_storable(value):
        raise errors.Invalid("This filter is a text.")
    return value


def identifier(value: Any) -> UUID:
    """An id from outside. Raises `identity.errors.Invalid`."""
    if isinstance(value, UUID):
        return value
    try:
        return UUID(text(value))
    except ValueError:
        raise errors.Invalid("This filter is an id.") from None


def _is_storable(value: str) -> bool:
    return not any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in value)


def _total(rows: QuerySet[M], page: Page, shown: int) -> int:
    # A page that is not full shows the end, unless it lies beyond it.
    if shown < page.limit and (shown or not page.offset):
        return page.offset + shown
    return rows.count()
