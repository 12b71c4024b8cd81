"""How the database is emptied after a test that commits: quickly, and to the same end.

TRUNCATE of sixty tables makes files anew, and listeners of `post_migrate` write rows that no test
of ours reads: both took longer than most tests.
"""

from typing import Any

from django.core.management import call_command
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test import TransactionTestCase


def install() -> None:
    # Django's stubs know neither of the two as something that may be set.
    setattr(TransactionTestCase, "_fixture_teardown", _emptied)  # noqa: B010
    setattr(DatabaseOperations, "sql_flush", _deletions)  # noqa: B010


def _emptied(self: Any) -> None:
    for alias in self._databases_names(include_mirrors=False):
        call_command(
            "flush",
            verbosity=0,
            interactive=False,
            database=alias,
            reset_sequences=False,
            allow_cascade=False,
            inhibit_post_migrate=True,
        )


def _deletions(self: DatabaseOperations, style: Any, tables: Any, **_: Any) -> list[str]:
    # Foreign keys are checked at the end of the transaction, so that the order does not matter.
    return [f"DELETE FROM {self.quote_name(table)}" for table in tables]
