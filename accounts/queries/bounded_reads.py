"""Reads whose cost is for others to choose, and which end before they cost too much."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import OperationalError, connection, transaction

from accounts.context_errors import FilterTooCostly

LONGEST: Final = 2000
"""Milliseconds of one statement."""
_CANCELLED: Final = "57014"


@contextmanager
def of(*, is_bounded: bool = True) -> Iterator[None]:
    """Statements inside take two seconds each at most, on PostgreSQL. Raises FilterTooCostly."""
    if not is_bounded or connection.vendor != "postgresql":
        yield
        return
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {LONGEST}")
            yield
            cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") == _CANCELLED:
            raise FilterTooCostly from error
        raise
