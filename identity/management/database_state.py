"""Whether the database is there and has its tables; told in one sentence where it does not."""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from identity.scoping import current


class NotThere(Exception):
    """The database does not answer; the text says why."""


def missing_migrations() -> int:
    """How many migrations the database lacks. Raises NotThere."""
    try:
        with current.as_owner(why="looks for missing migrations"):
            executor = MigrationExecutor(connection)
            return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except DatabaseError as error:
        reason = str(error).strip().splitlines()[0]
        raise NotThere(f"The database does not answer: {reason}") from error


def advice() -> str:
    """What to do first, after a command failed at the database; "" where that is not the cause."""
    connection.close()
    try:
        missing = missing_migrations()
    except NotThere as reason:
        return f"{reason}. DATABASE_URL says where it is; without that it is in COUNTERSIGN_HOME."
    if not missing:
        return ""
    return (
        f"The database is not prepared ({missing} migrations are missing): "
        "run `manage.py migrate` first, or `make run`, which does that itself."
    )
