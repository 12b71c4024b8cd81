"""Rows by statements that are compiled once for each model, for what is written very often.

As `row.save(force_insert=True)` and `row.save(update_fields=…)`, without signals and without asking
whether parents are saved; the ORM's way costs some 400 µs before anything is sent.
"""

import functools
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, models

from identity.scoping import current, statements
from identity.scoping.owned import ScopeOwned


def insert(row: ScopeOwned) -> None:
    """Insert a row of the scope in force.

    Raises ForeignScopeError and NoScopeError as `save` does, and what the database refuses.
    """
    statements.count(*_written(row))


def insert_later(row: ScopeOwned) -> None:
    """As `insert`, at the latest with the transaction's next statement, which raises then."""
    statements.later(*_written(row))


def _written(row: ScopeOwned) -> tuple[str, list[Any]]:
    current.check_writable(row.scope_id)
    connection = connections[DEFAULT_DB_ALIAS]
    fields = row._meta.concrete_fields  # noqa: SLF001 public by its documentation
    values = [each.get_db_prep_save(each.pre_save(row, True), connection) for each in fields]
    row._state.adding = False  # noqa: SLF001 public by its documentation
    row._state.db = DEFAULT_DB_ALIAS  # noqa: SLF001
    return _statement(type(row), connection.vendor), values


def update_later(row: ScopeOwned, names: tuple[str, ...]) -> None:
    """Write these fields of a row of the scope in force, at the latest with the next statement.

    Raises ForeignScopeError and NoScopeError as `save` does; with the next statement, or with the
    commit, RuntimeError for a row that is gone, and what the database refuses.
    """
    current.check_writable(row.scope_id)
    connection = connections[DEFAULT_DB_ALIAS]
    fields = [row._meta.get_field(name) for name in (*names, "scope", "id")]  # noqa: SLF001
    values = [
        each.get_db_prep_save(getattr(row, each.attname), connection)  # type: ignore[union-attr]
        for each in fields
    ]

    def require_one(changed: int) -> None:
        if not changed:
            raise RuntimeError(f"{type(row).__name__} {row.pk} is gone")

    statements.later(_update(type(row), names, connection.vendor), values, then=require_one)


@functools.cache
def _update(model: type[models.Model], names: tuple[str, ...], vendor: str) -> str:
    del vendor  # Names are quoted as each engine does.
    quote = connections[DEFAULT_DB_ALIAS].ops.quote_name
    fields: Any = [model._meta.get_field(name) for name in names]  # noqa: SLF001
    changes = ", ".join(f"{quote(each.column)} = %s" for each in fields)
    table = quote(model._meta.db_table)  # noqa: SLF001
    # Names come from the model; values are bound.
    return f"UPDATE {table} SET {changes} WHERE scope_id = %s AND id = %s"  # noqa: S608


@functools.cache
def _statement(model: type[models.Model], vendor: str) -> str:
    del vendor  # Names are quoted as each engine does.
    quote = connections[DEFAULT_DB_ALIAS].ops.quote_name
    meta = model._meta  # noqa: SLF001 public by its documentation
    fields: Any = meta.concrete_fields
    if any(_takes_more(each) or each.db_returning for each in fields):
        raise TypeError(f"{model.__name__} has columns that take more than a value each")
    names = ", ".join(quote(each.column) for each in fields)
    places = ", ".join(["%s"] * len(fields))
    # Names come from the model; values are bound.
    return f"INSERT INTO {quote(meta.db_table)} ({names}) VALUES ({places})"  # noqa: S608


def _takes_more(field: Any) -> bool:
    # Bytes are one value to both engines; Django asks for the sake of another one.
    return hasattr(field, "get_placeholder") and not isinstance(field, models.BinaryField)
