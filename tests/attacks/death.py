"""A process that dies right before a chosen statement, without waiting for a real kill."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

MOST_STATEMENTS = 300


class Killed(BaseException):
    """The process ends here; nothing in the house catches this."""


@contextmanager
def killed_at(number: int) -> Iterator[None]:
    """The process dies right before its statement of this number reaches the database."""
    seen = 0

    def die(execute: Any, sql: Any, parameters: Any, many: Any, context: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen == number:
            raise Killed
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(die):
        yield


def at_each_statement(act: Callable[[], Any], look: Callable[[], None]) -> tuple[Any, int]:
    """Try `act` until it survives, dying one statement later each time; `look` after each death.

    Returns what the last try gave and how many deaths there were.
    """
    for deaths in range(MOST_STATEMENTS):
        try:
            with killed_at(deaths + 1):
                return act(), deaths
        except Killed:
            look()
    raise AssertionError("it never ends")
