"""Windows of a list behind a cursor, read by index: no OFFSET, no count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, QuerySet, Value
from django.db.models.lookups import GreaterThanOrEqual, LessThan
from django.db.models.sql.compiler import SQLCompiler

from identity import errors, paging
from identity.paging import MOST_ROWS, After

M = TypeVar("M", bound=models.Model)

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST: Final = datetime(9999, 1, 1, tzinfo=UTC)
NO_ID: Final = UUID(int=0)
LAST_ID: Final = UUID(int=2**128 - 1)
HIGHEST: Final = "\U0010ffff"
"""Behind every other sign: ends the range of texts that begin in one way."""
MICROSECOND: Final = timedelta(microseconds=1)


class ByteOrder(models.Func):
    """A text column compared byte by byte, as its index does it, whatever the database's locale.

    Ranges in this order may be read by index behind row-level security; LIKE may not.
    """

    template = "%(expressions)s"
    arity = 1

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, Sequence[Any]]:
        """The collation that compares bytes; SQLite does it anyway."""
        return self.as_sql(compiler, connection, template='%(expressions)s COLLATE "C"', **context)


class Beyond(models.Func):
    """`(column, id) < (place, id of the place)`: one comparison of rows, answered by one index."""

    arity = 4
    output_field = models.BooleanField()
    conditional = True
    signs: Final = {True: "<", False: ">"}

    def __init__(self, *expressions: Any, is_descending: bool) -> None:
        super().__init__(*expressions, sign=self.signs[is_descending])

    def as_sql(  # type: ignore[override]
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, tuple[Any, ...]]:
        """Django's hook."""
        del connection, context
        parts = [compiler.compile(one) for one in self.get_source_expressions()]
        column, row_id, place, place_id = (sql for sql, _ in parts)
        parameters = [parameter for _, given in parts for parameter in given]
        return f"({column}, {row_id}) {self.extra['sign']} ({place}, {place_id})", tuple(parameters)


@dataclass(frozen=True, slots=True)
class Key:
    """What a list is sorted by, beside the id: a time, or a text in the order of its bytes."""

    column: str = "created_at"
    is_text: bool = False

    @property
    def expression(self) -> Any:
        """The column as its index has it."""
        return ByteOrder(F(self.column)) if self.is_text else F(self.column)

    def value(self, place: Any) -> Any:
        """A place in a statement that is not prepared."""
        field: models.Field[Any, Any] = models.TextField() if self.is_text else DATE
        return Value(place, field)


DATE: Final = models.DateTimeField()
ID: Final = models.UUIDField()
BY_TIME: Final = Key()


def place_of(after: After, key: Key = BY_TIME) -> tuple[Any, UUID]:
    """The place behind which rows are asked for. Raises `CursorInvalid`."""
    if not after.after:
        return _beginning(key, is_descending=after.is_descending)
    if key.is_text:
        return paging.position(after.after, tuple[str, UUID])
    micros, row_id = paging.position(after.after, tuple[int, UUID])
    return moment(micros), row_id


def moment(microseconds: int) -> datetime:
    """The time so long after the epoch, from a cursor. Raises `CursorInvalid`."""
    try:
        return EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        raise paging.CursorInvalid from None


def cursor_of(place: Any, row_id: Any) -> str:
    """The cursor of a row that stands at this place."""
    if isinstance(place, datetime):
        return paging.cursor((place - EPOCH) // MICROSECOND, row_id)
    return paging.cursor(place, row_id)


def behind(rows: QuerySet[M], after: After, key: Key = BY_TIME) -> QuerySet[M]:
    """The rows behind the cursor in order, one more than asked for. Raises `Invalid`."""
    require_bounds(after)
    place, row_id = place_of(after, key)
    ordered = beyond(
        rows, key.value(place), Value(row_id, ID), key=key, is_descending=after.is_descending
    )
    return ordered[: after.limit + 1]


def beyond(
    rows: QuerySet[M], place: Any, row_id: Any, *, key: Key, is_descending: bool
) -> QuerySet[M]:
    """The rows behind a place in order; `place` and `row_id` are expressions or slots."""
    column = key.expression
    direction = column.desc() if is_descending else column.asc()
    return rows.filter(
        Beyond(key.expression, F("id"), place, row_id, is_descending=is_descending)
    ).order_by(direction, "-id" if is_descending else "id")


def window(rows: QuerySet[M], after: After, key: Key = BY_TIME) -> tuple[list[M], str | None]:
    """The asked-for rows of a list and the cursor of the next ones. Raises `Invalid`."""
    found = list(behind(rows, after, key))
    if len(found) <= after.limit:
        return found, None
    shown = found[: after.limit]
    return shown, cursor_of(getattr(shown[-1], key.column), shown[-1].pk)


def beginning_with(rows: QuerySet[M], column: str, text: str) -> QuerySet[M]:
    """Rows whose text begins in one way, as a range that an index in the order of bytes has."""
    ordered = ByteOrder(F(column))
    return rows.filter(GreaterThanOrEqual(ordered, text), LessThan(ordered, text + HIGHEST))


def require_bounds(after: After) -> None:
    """Refuse a window that is too large."""
    if not 1 <= after.limit <= MOST_ROWS:
        raise errors.Invalid(f"limit is 1 to {MOST_ROWS}.")


def _beginning(key: Key, *, is_descending: bool) -> tuple[Any, UUID]:
    if key.is_text:
        return (HIGHEST, LAST_ID) if is_descending else ("", NO_ID)
    return (LAST, LAST_ID) if is_descending else (EPOCH, NO_ID)
