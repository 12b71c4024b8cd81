"""How many requests of one process are at work at the same time, and stepping aside to wait.

Threads of one process share one interpreter lock: more than a few at work only take it from each
other. So there are more threads than turns, and whoever waits for something that takes no
interpreter (a password's hash, another's server) gives its turn to the next one meanwhile.

A turn brings its database connection along: the database then has as many sessions of this process
as there are turns, each always busy and warm, and not one for each thread.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from identity.scoping import statements


class _Turn:
    """One place at work; `connection` waits here between two requests."""

    connection: BaseDatabaseWrapper | None = None


class Turns:
    """Lets `at_once` threads work at a time; with `carries` their connections change hands."""

    def __init__(self, at_once: int, *, carries: bool = False) -> None:
        self._free: SimpleQueue[_Turn] = SimpleQueue()
        for _ in range(at_once):
            self._free.put(_Turn())
        self._carries = carries
        self._mine = threading.local()

    def working(self) -> "Work":
        """One turn for this thread; a thread that has one keeps it."""
        return Work(self)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Give the turn away for as long as this thread only waits."""
        if self._turn() is None:
            yield
            return
        # What was held back is this thread's to answer for.
        statements.catch_up()
        self._give()
        try:
            yield
        finally:
            self._take()

    def begin(self) -> bool:
        """Take a turn; whether there was none before."""
        is_new = self._turn() is None
        if is_new:
            self._take()
        return is_new

    def end(self) -> None:
        """Give the turn away for good."""
        self._give()

    def _turn(self) -> _Turn | None:
        return getattr(self._mine, "turn", None)

    def _take(self) -> None:
        turn = self._free.get()
        self._mine.turn = turn
        # A thread that has a connection of its own, which an answer in parts may have left, uses
        # that and leaves the other where it is.
        if turn.connection is not None and own_connection() is None:
            connections[DEFAULT_DB_ALIAS] = turn.connection
            turn.connection = None

    def _give(self) -> None:
        turn = self._mine.turn
        self._mine.turn = None
        own = own_connection() if self._carries and turn.connection is None else None
        # A transaction stays with the thread that began it.
        if own is not None and not own.in_atomic_block:
            if not own.allow_thread_sharing:
                own.inc_thread_sharing()
            del connections[DEFAULT_DB_ALIAS]
            turn.connection = own
        self._free.put(turn)


class Work:
    """A `with` block at work. It stands around every request, and a generator costs more."""

    __slots__ = ("_is_new", "_turns")

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    def __enter__(self) -> None:
        self._is_new = self._turns.begin()

    def __exit__(self, *error: object) -> None:
        if self._is_new:
            self._turns.end()


def own_connection() -> BaseDatabaseWrapper | None:
    """The connection of this thread, if it has one already."""
    # `connections.all(initialized_only=True)` walks through the settings first.
    held: BaseDatabaseWrapper | None = getattr(connections._connections, DEFAULT_DB_ALIAS, None)  # type: ignore[attr-defined]  # noqa: SLF001
    return held


# A process that asks its own application beside other statements says no: tests and benchmarks.
TURNS = Turns(settings.WEB_THREADS, carries=getattr(settings, "WEB_CARRIES_CONNECTIONS", True))
