"""What is remembered is bounded, and the oldest goes first."""

import threading

from identity.crypto.remembered import Remembered


def test_gives_what_was_kept() -> None:
    known = Remembered[str, int](2)
    assert known.get("a") is None
    known.keep("a", 1)
    known.keep("a", 2)
    assert known.get("a") == 2


def test_lets_the_oldest_go() -> None:
    known = Remembered[str, int](2)
    for number, name in enumerate("abc"):
        known.keep(name, number)
    assert [known.get(name) for name in "abc"] == [None, 1, 2]


def test_stays_bounded_between_threads() -> None:
    known = Remembered[int, int](10)

    def keep(first: int) -> None:
        for number in range(first, first + 2000):
            known.keep(number, number)

    threads = [threading.Thread(target=keep, args=(each * 1000,)) for each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(known.get(number) is not None for number in range(6000)) == 10
