"""Filters of lists as programs write them, read into a small tree and made into a condition.

    {"$or": [{"#userId": {"$startsWith": "a"}}, {"#created": {"$gte": 1700000000000}}]}

`#name` is a column that the list knows; a name without `#` would be of a container's own data, of
which rows here have none. A value of another type than its column's is never met. Times are whole
milliseconds since the epoch, as programs see them.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q, TextField, Value
from django.db.models.functions import Left, Right, StrIndex
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    LessThan,
    LessThanOrEqual,
)

from accounts.context_errors import FilterInvalid
from identity.scoping import keyset

MOST_TESTS: Final = 64
MOST_DEPTH: Final = 6
MOST_VALUES: Final = 128
LONGEST_VALUE: Final = 1024
AND, OR, NOR = "$and", "$or", "$nor"
_LATEST: Final = int((keyset.LAST - keyset.EPOCH) / timedelta(milliseconds=1))
_MILLISECOND: Final = timedelta(milliseconds=1)
Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Column:
    """What a name in a filter means: an expression that is a text, or a time."""

    expression: Any
    is_time: bool = False


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison; `column` is None for what no row has."""

    column: str | None
    operator: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Several parts: all of them (`$and`), one of them (`$or`), or none (`$nor`)."""

    word: str
    parts: tuple["Group | Test", ...] = field(default=())


Filter = Group | Test


def parse(given: Any, *, known: Sequence[str]) -> Filter:
    """Read a filter; `known` are the names, without `#`, that there are. Raises FilterInvalid."""
    return _Reading(frozenset(known)).group(given, depth=0)


def condition(tree: Filter, columns: Mapping[str, Column]) -> Q:
    """The filter as a condition on rows that have these columns."""
    if isinstance(tree, Test):
        return _test(tree, columns)
    met = [condition(part, columns) for part in tree.parts]
    if tree.word == AND:
        return Q(*met) if met else EVERYTHING
    # Without a part, none is met.
    one = NOTHING
    for part in met:
        one |= part
    return ~one if tree.word == NOR else one


EVERYTHING: Final = ~Q(pk__in=[])
NOTHING: Final = Q(pk__in=[])


class _Reading:
    """One bounded reading."""

    def __init__(self, known: frozenset[str]) -> None:
        self.known = known
        self.left = MOST_TESTS

    def group(self, given: Any, *, depth: int) -> Filter:
        if not isinstance(given, Mapping):
            raise FilterInvalid("A filter is an object.")
        if depth >= MOST_DEPTH:
            raise FilterInvalid("The filter is nested too deeply.")
        words = [word for word in (AND, OR, NOR) if word in given]
        if not words:
            parts = (self.field(name, inner) for name, inner in given.items())
            return Group(AND, tuple(part for tests in parts for part in tests))
        if len(given) != 1 or not isinstance(given[words[0]], list):
            raise FilterInvalid(f"{words[0]} stands alone and has a list.")
        self.spend()
        inner_groups = given[words[0]]
        return Group(words[0], tuple(self.group(each, depth=depth + 1) for each in inner_groups))

    def field(self, name: str, given: Any) -> list[Test]:
        column = self.column(name)
        if not isinstance(given, Mapping):
            return [self.test(column, "$eq", given)]
        return [self.test(column, operator, value) for operator, value in given.items()]

    def column(self, name: str) -> str | None:
        if not name.startswith("#"):
            if not name or name.startswith("$"):
                raise FilterInvalid("A filter has an unknown word.")
            return None
        if name[1:] not in self.known:
            raise FilterInvalid(f"Filters are {', '.join(f'#{each}' for each in self.known)}.")
        return name[1:]

    def test(self, column: str | None, operator: str, value: Any) -> Test:
        if operator not in _OPERATORS:
            raise FilterInvalid("A filter has an unknown word.")
        values = value if operator in _LISTED else [value]
        if not isinstance(values, list) or len(values) > MOST_VALUES:
            raise FilterInvalid(f"{operator} has a list of at most {MOST_VALUES} values.")
        self.spend()
        if operator == "$exists" and not isinstance(value, bool):
            raise FilterInvalid("$exists is true or false.")
        if operator in _OF_TEXT and not isinstance(value, str):
            raise FilterInvalid(f"{operator} has a text.")
        return Test(column, operator, tuple(_scalar(each) for each in values))

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise FilterInvalid(f"A filter has at most {MOST_TESTS} parts.")


def _scalar(value: Any) -> Scalar:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str) and len(value) <= LONGEST_VALUE:
        return value
    raise FilterInvalid(f"Values are texts of at most {LONGEST_VALUE} characters, or numbers.")


def _test(test: Test, columns: Mapping[str, Column]) -> Q:
    if test.operator in _NEGATED:
        return ~_test(Test(test.column, _NEGATED[test.operator], test.values), columns)
    if test.operator == "$exists":
        return EVERYTHING if test.values[0] is (test.column is not None) else NOTHING
    met = NOTHING
    if test.column is None:
        return met
    column = columns[test.column]
    compare = _compare_time if column.is_time else _compare_text
    if test.operator == "$in" and not column.is_time:
        return Q(In(column.expression, [value for value in test.values if _is_storable(value)]))
    for value in test.values:
        met |= compare(column.expression, _ONE_OF.get(test.operator, test.operator), value)
    return met


def _is_storable(value: Scalar) -> bool:
    """Whether a value is a text that a row could hold."""
    return isinstance(value, str) and not any(
        sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in value
    )


def _compare_text(column: Any, operator: str, value: Scalar) -> Q:
    if not isinstance(value, str) or not _is_storable(value):
        return NOTHING
    given = Value(value, TextField())
    if operator == "$eq":
        return Q(Exact(column, given))
    if operator in _ORDERED:
        return Q(_ORDERED[operator](keyset.ByteOrder(column), given))
    if not value:
        return EVERYTHING
    if operator == "$contains":
        return Q(GreaterThan(StrIndex(column, given), 0))
    end = Left if operator == "$startsWith" else Right
    return Q(Exact(end(column, len(value)), given))


def _compare_time(column: Any, operator: str, value: Scalar) -> Q:
    """Programs see whole milliseconds; behind that a row's time has a fraction of one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or operator in _OF_TEXT:
        return NOTHING
    if math.isnan(value):
        return NOTHING
    number = max(-1, min(_LATEST, value))
    least, beyond = math.ceil(number), math.floor(number) + 1
    if operator == "$eq":
        begins, ends = _moment(least), _moment(beyond)
        return Q(GreaterThanOrEqual(column, begins), LessThan(column, ends))
    bound = _moment(beyond if operator in {"$gt", "$lte"} else least)
    if operator in {"$gt", "$gte"}:
        return Q(GreaterThanOrEqual(column, bound))
    return Q(LessThan(column, bound))


def _moment(milliseconds: int) -> datetime:
    return keyset.EPOCH + _MILLISECOND * milliseconds


_ORDERED: Final[Mapping[str, Callable[..., Any]]] = {
    "$gt": GreaterThan,
    "$gte": GreaterThanOrEqual,
    "$lt": LessThan,
    "$lte": LessThanOrEqual,
}
_NEGATED: Final = {"$ne": "$eq", "$nin": "$in"}
_ONE_OF: Final = {"$in": "$eq"}
_LISTED: Final = frozenset({"$in", "$nin"})
_OF_TEXT: Final = frozenset({"$startsWith", "$endsWith", "$contains"})
_OPERATORS: Final = frozenset({*_ORDERED, *_NEGATED, *_ONE_OF, *_OF_TEXT, "$eq", "$exists"})
