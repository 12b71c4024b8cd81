"""Turns: few at work at the same time, and those who wait step aside."""

import contextlib
import threading
from collections.abc import Callable

import pytest
from django.db import connections, transaction

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


@pytest.mark.django_db(transaction=True)
def test_a_turn_brings_its_connection_along() -> None:
    turns, found = Turns(1, carries=True), []

    def work() -> None:
        with turns.working():
            connections["default"].ensure_connection()
            found.append(connections["default"])
            if len(found) == 2:
                connections["default"].close()
        # What a thread does outside of its turn is done on a connection of its own.
        assert not connections.all(initialized_only=True)

    for _ in range(2):
        started(work).join(SECONDS)
    assert len(found) == 2
    assert found[0] is found[1]


@pytest.mark.django_db(transaction=True)
def test_who_steps_aside_gives_its_connection_to_the_next_one() -> None:
    turns, found, is_aside = Turns(1, carries=True), [], threading.Event()
    is_done: list[bool] = []

    def wait() -> None:
        with turns.working():
            connections["default"].ensure_connection()
            found.append(connections["default"])
            with turns.aside():
                is_aside.set()
                other.join(SECONDS)
            connections["default"].ensure_connection()
            found.append(connections["default"])
            connections["default"].close()
        is_done.append(True)

    def work() -> None:
        is_aside.wait(SECONDS)
        with turns.working():
            connections["default"].ensure_connection()
            found.append(connections["default"])

    other = started(work)
    started(wait).join(SECONDS)
    assert is_done == [True]
    assert len(found) == 3
    assert len({id(each) for each in found}) == 1


@pytest.mark.django_db(transaction=True)
def test_a_transaction_stays_with_its_thread() -> None:
    turns, kept = Turns(1, carries=True), []

    def work() -> None:
        with turns.working():
            with transaction.atomic():
                own = connections["default"]
                with turns.aside():
                    kept.append(connections["default"] is own)
                kept.append(connections["default"] is own)
            own.close()

    started(work).join(SECONDS)
    assert kept == [True, True]
