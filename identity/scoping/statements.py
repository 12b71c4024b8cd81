"""Hot statements: on PostgreSQL they are prepared once and need no cursor, elsewhere they do.

    statements.rows("SELECT name FROM accounts_device WHERE id = %s", [device_id])
    statements.count("UPDATE accounts_device SET … WHERE id = %s", [device_id])
    statements.later("UPDATE accounts_device SET … WHERE id = %s", [device_id], then=require_one)

Values are what the engine's cursor would take; the statement follows the scope in force as every
other. Whoever looks on (a captured query, an execute wrapper) sees it run on a cursor.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections

MOST_VALUES: Final = 64
Rows = list[tuple[Any, ...]]


def rows(sql: str, values: Sequence[Any]) -> Rows:
    """The rows of a statement that gives rows. Raises Django's database errors."""
    return _run(sql, values)[0]


def count(sql: str, values: Sequence[Any]) -> int:
    """How many rows a statement gave or changed. Raises Django's database errors."""
    return _run(sql, values)[1]


def later(sql: str, values: Sequence[Any], *, then: Callable[[int], None] | None = None) -> None:
    """Change rows in the transaction that is going on, at the latest with its next statement.

    On PostgreSQL several of them and the next one are one round trip, in this order; elsewhere each
    is done at once. `then` is told how many rows were changed, and may refuse or change more: it
    speaks where the next statement is sent, or the transaction is committed.
    """
    connection: Any = connections[DEFAULT_DB_ALIAS]
    if connection.vendor == "postgresql" and len(values) <= MOST_VALUES:
        straight = connection.later()
        if straight is not None:
            connection.validate_no_broken_transaction()
            with connection.wrap_database_errors:
                straight.later(sql, values, then)
            return
    changed = count(sql, values)
    if then is not None:
        then(changed)


def ahead(sql: str, values: Sequence[Any], *, tell: Callable[[Rows], None]) -> None:
    """Ask something whose answer is wanted soon, at the latest with the next statement.

    On PostgreSQL both are one round trip, elsewhere it is asked at once. `tell` may refuse; by then
    the next statement was done, so that must be no change that commits itself and matters. Whoever
    asks also sees to it that it is answered (`catch_up`) or `dropped` before the thread does
    something else.
    """
    connection: Any = connections[DEFAULT_DB_ALIAS]
    if connection.vendor == "postgresql" and len(values) <= MOST_VALUES:
        straight = connection.straight()
        if straight is not None:
            connection.validate_no_broken_transaction()
            with connection.wrap_database_errors:
                straight.ahead(sql, values, tell)
            return
    tell(rows(sql, values))


def adapted(*values: Any) -> list[Any]:
    """Ids and times as the engine's driver takes them, and everything else as it is."""
    connection: Any = connections[DEFAULT_DB_ALIAS]
    if connection.vendor == "postgresql":
        return list(values)
    return [_adapted(connection, value) for value in values]


def catch_up() -> None:
    """Do now what was held back. Raises Django's database errors, and what follows."""
    connection: Any = connections[DEFAULT_DB_ALIAS]
    if connection.vendor == "postgresql":
        with connection.wrap_database_errors:
            connection.catch_up()


def drop() -> None:
    """Do nothing of what was held back: a refusal came first."""
    connection: Any = connections[DEFAULT_DB_ALIAS]
    if connection.vendor == "postgresql":
        connection.drop_held_back()


def commit_without_waiting() -> None:
    """The transaction's commit does not wait for the disk: for what nobody misses after a crash.

    Should the database's machine fail in that moment, the transaction may be lost as a whole.
    """
    if connections[DEFAULT_DB_ALIAS].vendor == "postgresql":
        later("SET LOCAL synchronous_commit TO off", [])


def _adapted(connection: Any, value: Any) -> Any:
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value


def _run(sql: str, values: Sequence[Any]) -> tuple[Rows, int]:
    connection: Any = connections[DEFAULT_DB_ALIAS]
    if connection.vendor == "postgresql" and len(values) <= MOST_VALUES:
        straight = connection.straight()
        if straight is not None:
            connection.validate_no_broken_transaction()
            with connection.wrap_database_errors:
                answer: tuple[Rows, int] = straight.run(sql, values)
            return answer
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        if cursor.description is None:
            return [], cursor.rowcount
        found = cursor.fetchall()
        return found, len(found)
