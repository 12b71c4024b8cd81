"""The lane in which passwords are hashed: few at once, a short queue, then a refusal.

A hash takes some 20 ms of a whole core and 19 MiB. Without a lane a storm of sign-ins would take
every core and every server thread from everything else. So who waits here steps aside
(`identity.services.turns`), and hashes are made by a thread that yields to all others.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from accounts import errors
from identity import niceness
from identity.services.turns import TURNS

T = TypeVar("T")


class Lane:
    """Lets `at_once` callers through at a time while `waiting` others wait `patience` seconds."""

    def __init__(self, *, at_once: int, waiting: int, patience: float) -> None:
        self._turns = threading.BoundedSemaphore(at_once)
        self._places = threading.BoundedSemaphore(at_once + waiting)
        self._patience = patience
        self._pace = 0.0
        self.most = at_once + waiting
        self._hashing = ThreadPoolExecutor(
            at_once, thread_name_prefix="hash-lane", initializer=niceness.yield_to_others
        )

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One turn in the lane.

        Raises `accounts.errors.Busy` with `retry_after` in seconds when the queue is full or the
        turn does not come in time.
        """
        if not self._places.acquire(blocking=False):
            raise errors.Busy(retry_after=1)
        try:
            with TURNS.aside():
                is_taken = self._turns.acquire(timeout=self._patience)
            if not is_taken:
                raise errors.Busy(retry_after=1)
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self._places.release()

    def hashed(self, act: Callable[[], T]) -> T:
        """What a hash gives. How long it took is remembered: a stopwatch, not a time of day."""
        start = time.perf_counter()
        with TURNS.aside():
            made = self._hashing.submit(act).result()
        took = time.perf_counter() - start
        self._pace = took if not self._pace else 0.8 * self._pace + 0.2 * took
        return made

    def has_pace(self) -> bool:
        """Whether a hash was timed in this process."""
        return self._pace > 0

    def idle(self) -> None:
        """Take as long as a hash takes here, without its work."""
        with TURNS.aside():
            time.sleep(self._pace)


LANE = Lane(at_once=1, waiting=8, patience=2.0)
"""One hash at a time in each process: the server runs one process on each core."""
