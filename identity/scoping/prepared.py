"""Querysets compiled to SQL once per process, for the hot reads in `queries.py`.

Building and compiling a query costs the ORM about 300 µs; binding a compiled one costs a few.
Usage, at module level:

    _DEVICE = prepared.prepare(
        lambda device: Device.objects.filter(id=device).values_list("name", "status"), "device"
    )
    _DEVICE.one(device=device_id)      # ("phone", "active") or None

The scope is always a slot and is taken from the state in force when the query runs.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from django.core.exceptions import MultipleObjectsReturned
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import ExpressionList
from django.db.models.lookups import Lookup
from django.db.models.sql.compiler import SQLCompiler
from django.db.models.sql.query import Query
from django.utils.tree import Node

from identity.crypto.remembered import Remembered
from identity.scoping import current, foresight, statements
from identity.scoping.foresight import Question
from identity.scoping.manager import SCOPE_SLOT

M = TypeVar("M", bound=models.Model)
T = TypeVar("T")
_SCOPE_FIELD: Final = models.UUIDField()


class SlotTypeError(TypeError):
    """A slot stands where nothing tells the type of its value."""


class _Slot(models.Expression):
    """A place for a value; it takes the type of what it is compared with."""

    def __init__(self, name: str, field: "models.Field[Any, Any] | None" = None) -> None:
        super().__init__(output_field=field)
        self.name = name
        self.field_of_value = field

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        """Django's hook: one parameter, to be bound later."""
        del compiler, connection
        if self.field_of_value is None:
            raise SlotTypeError(
                f"compare slot {self.name!r} with a column, or name its field in prepare()"
            )
        return "%s", (_Bound(self.name, self.field_of_value),)


@dataclass(frozen=True, slots=True)
class _Bound:
    name: str
    field: "models.Field[Any, Any]"


@dataclass(frozen=True, slots=True)
class _Compiled:
    """SQL with its parameters in order: constants, slots, and SCOPE_SLOT for the scope."""

    sql: str
    parameters: tuple[Any, ...]
    compiler: SQLCompiler
    converters: Any

    def bind(self, connection: BaseDatabaseWrapper, values: dict[str, Any]) -> list[Any]:
        scope_id = current.required_scope()
        bound: list[Any] = []
        for parameter in self.parameters:
            if parameter is SCOPE_SLOT:
                bound.append(_SCOPE_FIELD.get_db_prep_value(scope_id, connection))
            elif isinstance(parameter, _Bound):
                value = values[parameter.name]
                bound.append(parameter.field.get_db_prep_value(value, connection))
            else:
                bound.append(parameter)
        return bound

    def converted(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        if not self.converters:
            return rows
        return [tuple(row) for row in self.compiler.apply_converters(rows, self.converters)]


class Prepared:
    """A query with slots. Safe to share between threads; made by `prepare`."""

    def __init__(
        self,
        build: Callable[..., models.QuerySet[Any, Any]],
        slots: dict[str, "models.Field[Any, Any] | None"],
    ) -> None:
        self._build = build
        self._slots = slots
        self._names = slots.keys()
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        """All rows, as tuples of the queryset's columns in Python's types.

        A model queryset gives its concrete columns in order. Raises NoScopeError unless one scope
        is in force, TypeError when the values are not those of the slots.
        """
        compiled, rows = self._asked(values)
        return compiled.converted(rows)

    def one(self, **values: Any) -> tuple[Any, ...] | None:
        """The only row, or None. Raises MultipleObjectsReturned, and what `rows` raises."""
        rows = self.rows(**values)
        if len(rows) > 1:
            raise MultipleObjectsReturned(f"{len(rows)} rows where one was expected")
        return rows[0] if rows else None

    def instance(self, model: type[M], **values: Any) -> M | None:
        """The only row of a queryset of this model as an instance of it, or None."""
        row = self.one(**values)
        return None if row is None else _instance(model, row)

    def instances(self, model: type[M], **values: Any) -> list[M]:
        """The rows of a queryset of this model as instances of it."""
        return [_instance(model, row) for row in self.rows(**values)]

    def instance_ahead(self, model: type[M], **values: Any) -> list[M]:
        """Ask for one row, which is in this list after the next statement, at the latest.

        Whoever asks sees to it that there is one: see `statements.ahead`.
        """
        found: list[M] = []
        self.ahead(lambda rows: found.extend(_instance(model, row) for row in rows), **values)
        return found

    def ahead(self, tell: Callable[[list[tuple[Any, ...]]], None], **values: Any) -> None:
        """Ask for the rows, which `tell` is told as by `statements.ahead`. Raises as `rows`."""
        compiled, bound = self._bound(values)
        statements.ahead(compiled.sql, bound, tell=lambda rows: tell(compiled.converted(rows)))

    def question(self, **values: Any) -> Question:
        """What `rows` will ask, for `foresight`. Raises as `rows`."""
        compiled, bound = self._bound(values)
        return Question(compiled.sql, bound, current.state())

    def _asked(self, values: dict[str, Any]) -> tuple[_Compiled, list[tuple[Any, ...]]]:
        """The query, and its rows as the driver gives them."""
        compiled, bound = self._bound(values)
        known = foresight.known(compiled.sql, bound)
        return compiled, statements.rows(compiled.sql, bound) if known is None else known

    def _bound(self, values: dict[str, Any]) -> tuple[_Compiled, list[Any]]:
        if values.keys() != self._names:
            raise TypeError(f"this query takes the values {sorted(self._names)}")
        connection = connections[DEFAULT_DB_ALIAS]
        compiled = self._compiled.get(connection.vendor) or self._compile(connection)
        return compiled, compiled.bind(connection, values)

    def _compile(self, connection: BaseDatabaseWrapper) -> _Compiled:
        # The converters keep hold of the connection they were compiled for: give them one of
        # their own that is never opened, or closed at once, rather than this thread's.
        apart = connections.create_connection(connection.alias)
        try:
            with current.as_template():
                slots = {name: _Slot(name, field) for name, field in self._slots.items()}
                query = self._build(**slots).query
                _type_slots(query)
                compiler = query.get_compiler(connection=apart)
                sql, parameters = compiler.as_sql()
                columns = [column for column, _, _ in compiler.select[: compiler.col_count]]
                converters = compiler.get_converters(columns)
        finally:
            apart.close()
        compiled = _Compiled(sql, tuple(parameters), compiler, converters)
        self._compiled[connection.vendor] = compiled
        return compiled


class Made(Generic[T]):
    """What is made of a query's rows; of the same rows the very same thing, not made again.

    The database is asked each time. `make` must depend on nothing but the rows, and what it gives
    is shared: nobody changes it.
    """

    def __init__(
        self, query: Prepared, make: Callable[[list[tuple[Any, ...]]], T], *, most: int
    ) -> None:
        self._query = query
        self._make = make
        self._known = Remembered[tuple[Any, ...], tuple[list[tuple[Any, ...]], T]](most)

    def question(self, **values: Any) -> Question:
        """What `of` will ask, for `foresight`."""
        return self._query.question(**values)

    def of(self, **values: Any) -> T:
        """What the rows for these values make. Raises what `Prepared.rows` raises."""
        compiled, rows = self._query._asked(values)  # noqa: SLF001 of this module
        key = (current.required_scope(), *values.values())
        known = self._known.get(key)
        if known is not None and known[0] == rows:
            return known[1]
        made = self._make(compiled.converted(rows))
        self._known.keep(key, (rows, made))
        return made


def prepare(
    build: Callable[..., models.QuerySet[Any, Any]],
    *slots: str,
    **typed: "models.Field[Any, Any]",
) -> Prepared:
    """A query that is built and compiled when first used.

    `build` is called with one keyword argument per slot and returns a queryset in which each slot
    stands as the right side of a comparison (or in a list after `__in`), from which it takes its
    type. A slot elsewhere is declared with its field: `prepare(build, floor=IntegerField())`.
    Neither the count of rows (`[:50]`) nor the SQL's shape can be a slot, None is not a value
    that anything equals, and `select_for_update()` is not supported.
    """
    return Prepared(build, {**dict.fromkeys(slots), **typed})


def _instance(model: type[M], row: tuple[Any, ...]) -> M:
    names = [field.attname for field in model._meta.concrete_fields]  # noqa: SLF001 public by its documentation
    return model.from_db(DEFAULT_DB_ALIAS, names, row)


def _type_slots(query: Query) -> None:
    for node in _nodes(query):
        if not isinstance(node, Lookup):
            continue
        for value in _right_sides(node):
            if isinstance(value, _Slot) and value.field_of_value is None:
                field = node.lhs.output_field
                value.field_of_value = getattr(field, "target_field", field)


def _right_sides(lookup: "Lookup[Any]") -> list[Any]:
    right: Any = lookup.rhs
    if isinstance(right, ExpressionList):
        return list(right.get_source_expressions())
    return list(right) if isinstance(right, list | tuple | set) else [right]


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    inner: list[Any] = []
    if isinstance(node, Query):
        inner = [node.where, *node.annotations.values(), *node.combined_queries]
    elif isinstance(node, Node):
        inner = list(node.children)
    elif isinstance(node, Lookup):
        inner = [node.lhs, *_right_sides(node)]
    elif hasattr(node, "get_source_expressions"):
        inner = node.get_source_expressions()
    for child in inner:
        yield from _nodes(child)
