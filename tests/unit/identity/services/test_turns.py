"""Turns: few at work at the same time, and those who wait step aside."""

import contextlib
import threading
from collections.abc import Callable

from identity.services.turns import Turns

SECONDS = 5


def started(act: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    return thread


def test_only_so_many_work_at_the_same_time() -> None:
    turns, entered, leave = Turns(2), threading.Semaphore(0), threading.Event()

    def work() -> None:
        with turns.working():
            entered.release()
            leave.wait(SECONDS)

    threads = [started(work) for _ in range(3)]
    assert entered.acquire(timeout=SECONDS)
    assert entered.acquire(timeout=SECONDS)
    assert not entered.acquire(timeout=0.05)
    leave.set()
    assert entered.acquire(timeout=SECONDS)
    for thread in threads:
        thread.join(SECONDS)


def test_who_waits_lets_the_next_one_work_and_then_goes_on() -> None:
    turns, is_aside, other_worked = Turns(1), threading.Event(), threading.Event()
    went_on = threading.Event()

    def wait() -> None:
        with turns.working():
            with turns.aside():
                is_aside.set()
                other_worked.wait(SECONDS)
            went_on.set()

    def work() -> None:
        is_aside.wait(SECONDS)
        with turns.working():
            other_worked.set()
            assert not went_on.wait(0.05)

    threads = [started(wait), started(work)]
    assert went_on.wait(SECONDS)
    for thread in threads:
        thread.join(SECONDS)
    assert other_worked.is_set()


def test_a_turn_is_given_back_after_an_error() -> None:
    turns = Turns(1)
    for _ in range(2):
        with contextlib.suppress(KeyError), turns.working(), turns.aside():
            raise KeyError
    with turns.working(), turns.working():
        pass


def test_stepping_aside_without_a_turn_takes_none() -> None:
    turns = Turns(1)
    with turns.aside():
        pass
    with turns.working():
        pass
