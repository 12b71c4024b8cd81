"""Rows by statements that are compiled once for each model, for what is written very often.

As `row.save(force_insert=True)` and `row.save(update_fields=…)`, without signals and without asking
whether parents are saved; the ORM's way costs some 400 µs before anything is sent.
"""

import functools
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, models

from identity.scoping import current, statements
from identity.scoping.owned import ScopeOwned

_UNLESS_THERE: Final = " ON CONFLICT DO NOTHING"
IsTaken = Callable[[Any], bool]
# What PostgreSQL's driver takes as it is: asking Django's fields costs more than the insertion.
_TAKEN: Final[Mapping[type[models.Field[Any, Any]], IsTaken]] = {
    models.UUIDField: lambda value: value is None or type(value) is UUID,
    models.CharField: lambda value: value is None or type(value) is str,
    models.TextField: lambda value: value is None or type(value) is str,
    models.DateTimeField: lambda value: (
        value is None or (type(value) is datetime and value.tzinfo is not None)
    ),
}


def insert(row: ScopeOwned) -> None:
    """Insert a row of the scope in force.

    Raises ForeignScopeError and NoScopeError as `save` does, and what the database refuses.
    """
    statements.count(*_written(row))


def insert_later(row: ScopeOwned) -> None:
    """As `insert`, at the latest with the transaction's next statement, which raises then."""
    statements.later(*_written(row))


def insert_unless_there(row: ScopeOwned) -> bool:
    """As `insert`, but where a unique constraint forbids it nothing happens; whether it was done.

    So it needs no savepoint, which costs two statements.
    """
    return statements.count(*_written(row, _UNLESS_THERE)) == 1


def insert_unless_there_later(row: ScopeOwned) -> None:
    """As `insert_unless_there`, at the latest with the transaction's next statement."""
    statements.later(*_written(row, _UNLESS_THERE))


def insert_or_later(row: ScopeOwned, refuse: Callable[[], None]) -> None:
    """As `insert_later`; `refuse` is called, to raise, where a unique constraint forbids it."""

    def told(inserted: int) -> None:
        if not inserted:
            refuse()

    statements.later(*_written(row, _UNLESS_THERE), then=told)


def _written(row: ScopeOwned, tail: str = "") -> tuple[str, list[Any]]:
    current.check_writable(row.scope_id)
    connection = connections[DEFAULT_DB_ALIAS]
    values = [
        value
        if is_taken is not None and is_taken(value := getattr(row, each.attname))
        else each.get_db_prep_save(each.pre_save(row, True), connection)
        for each, is_taken in _given(type(row), connection.vendor)
    ]
    row._state.adding = False  # noqa: SLF001 public by its documentation
    row._state.db = DEFAULT_DB_ALIAS  # noqa: SLF001
    return _statement(type(row), connection.vendor) + tail, values


def update_later(row: ScopeOwned, names: tuple[str, ...]) -> None:
    """Write these fields of a row of the scope in force, at the latest with the next statement.

    Raises ForeignScopeError and NoScopeError as `save` does; with the next statement, or with the
    commit, RuntimeError for a row that is gone, and what the database refuses.
    """

    def require_one(changed: int) -> None:
        if not changed:
            raise RuntimeError(f"{type(row).__name__} {row.pk} is gone")

    statements.later(*_changed(row, names), then=require_one)


def update_held_later(row: ScopeOwned, names: tuple[str, ...]) -> None:
    """As `update_later`, for a row that this transaction keeps locked: it can't be gone.

    Nobody has to be asked before the commit then, which travels with it.
    """
    statements.later(*_changed(row, names))


def bound(model: type[ScopeOwned], **values: Any) -> list[Any]:
    """Values of these fields as the engine takes them in statements of one's own."""
    connection = connections[DEFAULT_DB_ALIAS]
    fields = _named(model, tuple(values))
    pairs = zip(fields, values.values(), strict=True)
    return [each.get_db_prep_save(value, connection) for each, value in pairs]


def _changed(row: ScopeOwned, names: tuple[str, ...]) -> tuple[str, list[Any]]:
    current.check_writable(row.scope_id)
    connection = connections[DEFAULT_DB_ALIAS]
    fields = _named(type(row), (*names, "scope", "id"))
    values = [each.get_db_prep_save(getattr(row, each.attname), connection) for each in fields]
    return _update(type(row), names, connection.vendor), values


@functools.cache
def _named(model: type[models.Model], names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(model._meta.get_field(name) for name in names)  # noqa: SLF001


@functools.cache
def _given(model: type[models.Model], vendor: str) -> tuple[tuple[Any, IsTaken | None], ...]:
    """The columns that are written: a number that the database gives is left to it.

    With each what tells of a value that the driver takes it as it is, where something does.
    """
    fields: Any = model._meta.concrete_fields  # noqa: SLF001 public by its documentation
    return tuple(
        (each, _is_taken(each) if vendor == "postgresql" else None)
        for each in fields
        if not (each.primary_key and each.db_returning)
    )


def _is_taken(field: Any) -> IsTaken | None:
    if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
        return None
    return _TAKEN.get(type(field.target_field if field.is_relation else field))


@functools.cache
def _update(model: type[models.Model], names: tuple[str, ...], vendor: str) -> str:
    del vendor  # Names are quoted as each engine does.
    quote = connections[DEFAULT_DB_ALIAS].ops.quote_name
    fields = _named(model, names)
    changes = ", ".join(f"{quote(each.column)} = %s" for each in fields)
    table = quote(model._meta.db_table)  # noqa: SLF001
    # Names come from the model; values are bound.
    return f"UPDATE {table} SET {changes} WHERE scope_id = %s AND id = %s"  # noqa: S608


@functools.cache
def _statement(model: type[models.Model], vendor: str) -> str:
    # Names are quoted as each engine does.
    quote = connections[DEFAULT_DB_ALIAS].ops.quote_name
    meta = model._meta  # noqa: SLF001 public by its documentation
    fields = [each for each, _ in _given(model, vendor)]
    if any(_takes_more(each) or each.db_returning for each in fields):
        raise TypeError(f"{model.__name__} has columns that take more than a value each")
    names = ", ".join(quote(each.column) for each in fields)
    places = ", ".join(["%s"] * len(fields))
    # Names come from the model; values are bound.
    return f"INSERT INTO {quote(meta.db_table)} ({names}) VALUES ({places})"  # noqa: S608


def _takes_more(field: Any) -> bool:
    # Bytes are one value to both engines; Django asks for the sake of another one.
    return hasattr(field, "get_placeholder") and not isinstance(field, models.BinaryField)
