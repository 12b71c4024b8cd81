"""Starts the same work in several threads at the same moment and collects how each one ended."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection


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
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert not any(thread.is_alive() for thread in threads), "threads wait for each other"
    return ends
