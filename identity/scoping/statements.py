"""Hot statements: on PostgreSQL they are prepared once and need no cursor, elsewhere they do.

    statements.rows("SELECT name FROM accounts_device WHERE id = %s", [device_id])
    statements.count("UPDATE accounts_device SET … WHERE id = %s", [device_id])
    statements.later("UPDATE accounts_device SET … WHERE id = %s", [device_id], then=require_one)

Values are what the engine's cursor would take; the statement follows the scope in force as every
other. Whoever looks on (a captured query, an execute wrapper) sees it run on a cursor.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

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
