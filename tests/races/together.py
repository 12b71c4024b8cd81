"""Starts the same work in several threads at the same moment and collects how each one ended."""

import contextlib
import fcntl
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.db import connection


@contextlib.contextmanager
def _one_race_at_a_time() -> Iterator[None]:
    """Two of fifty threads each would ask for all the connections that PostgreSQL has."""
    path = Path(tempfile.gettempdir()) / f"countersign-race-{os.getuid()}.lock"
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(work: Callable[[int], Any], *, count: int) -> list[Any]:
    """The result or the exception of each thread, in the order of their numbers."""
    ends: list[Any] = [None] * count
    barrier = threading.Barrier(count)

    def one(number: int) -> None:
        try:
            barrier.wait(timeout=60)
            ends[number] = work(number)
        except Exception as error:  # noqa: BLE001 the test looks at whatever it was
            ends[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    with _one_race_at_a_time():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=120)
    assert not any(thread.is_alive() for thread in threads), "threads wait for each other"
    return ends
