"""How the database is emptied after a test that commits: quickly, and to the same end.

TRUNCATE of sixty tables makes files anew, and listeners of `post_migrate` write rows that no test
of ours reads: both took longer than most tests. Only tables with rows are emptied, found by one
statement.
"""

from functools import cache
from typing import Any

from django.db import connections, transaction
from django.test import TransactionTestCase

from identity.scoping import current

# Written by migrations for the framework, which remembers the rows beyond a test.
KEPT = {"django_migrations", "django_content_type", "auth_permission"}


def install() -> None:
    # Django's stubs don't know that it may be set.
    setattr(TransactionTestCase, "_fixture_teardown", _emptied)  # noqa: B010
    # Without it each test opens a connection anew, and prepares every statement again.
    setattr(TransactionTestCase, "_should_reload_connections", lambda self: False)  # noqa: B010


def _emptied(self: Any) -> None:
    for alias in self._databases_names(include_mirrors=False):
        quoted = connections[alias].ops.quote_name
        with (
            current.as_owner(why="emptying the test database"),
            transaction.atomic(using=alias),
            connections[alias].cursor() as cursor,
        ):
            cursor.execute(_tables_with_rows(alias))
            # Foreign keys are checked at the end of the transaction, so the order does not matter.
            for (table,) in cursor.fetchall():
                cursor.execute(f"DELETE FROM {quoted(table)}")


@cache
def _tables_with_rows(alias: str) -> str:
    connection = connections[alias]
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {connection.ops.quote_name(table)})"
        for table in sorted(set(tables) - KEPT)
    )
