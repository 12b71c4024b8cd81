"""How many requests of one process are at work at the same time, and stepping aside to wait.

Threads of one process share one interpreter lock: more than a few at work only take it from each
other. So there are more threads than turns, and whoever waits for something that takes no
interpreter (a password's hash, another's server) gives its turn to the next one meanwhile.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings


class Turns:
    """Lets `at_once` threads work at a time."""

    def __init__(self, at_once: int) -> None:
        self._free = threading.Semaphore(at_once)
        self._mine = threading.local()

    @contextmanager
    def working(self) -> Iterator[None]:
        """One turn for this thread; a thread that has one keeps it."""
        if self._is_mine():
            yield
            return
        self._take()
        try:
            yield
        finally:
            self._give()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Give the turn away for as long as this thread only waits."""
        if not self._is_mine():
            yield
            return
        self._give()
        try:
            yield
        finally:
            self._take()

    def _is_mine(self) -> bool:
        return getattr(self._mine, "turn", False)

    def _take(self) -> None:
        self._free.acquire()
        self._mine.turn = True

    def _give(self) -> None:
        self._mine.turn = False
        self._free.release()


TURNS = Turns(settings.WEB_THREADS)
