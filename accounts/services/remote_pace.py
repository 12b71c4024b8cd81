"""How long a worker's lease on a change lasts, when it is tried again, how long a remote rests."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Pace:
    """The times of carrying changes to a remote.

    One call takes `seconds` at most, and a lease is longer than that: it is renewed between calls.
    A change that went wrong waits `first_wait` seconds, then twice as long each time, up to
    `longest_wait`; after `most_attempts` it is given up, and somebody has to look. A remote that
    can't be reached rests as long as its failures in a row say, and meanwhile its changes wait
    without using up their tries. After `most_outages` in a row, or `most_refusals` of the key, it
    is paused. There is no chance in this schedule: one worker at a time asks a failing remote.
    """

    lease: timedelta = timedelta(seconds=30)
    seconds: float = 10.0
    first_wait: float = 2.0
    longest_wait: float = 900.0
    most_attempts: int = 10
    first_rest: float = 1.0
    longest_rest: float = 300.0
    most_outages: int = 300
    most_refusals: int = 12
    at_once: int = 8
    """Changes of one remote that one process works on at the same time."""

    def times(self, factor: float) -> Self:
        """The same with waits of another length: for tests."""
        return dataclasses.replace(
            self,
            first_wait=self.first_wait * factor,
            longest_wait=self.longest_wait * factor,
            first_rest=self.first_rest * factor,
            longest_rest=self.longest_rest * factor,
        )

    def wait(self, attempts: int) -> timedelta:
        """How long a change waits that went wrong so many times."""
        return _doubled(self.first_wait, self.longest_wait, attempts)

    def rest(self, failures: int) -> timedelta:
        """How long a remote rests that failed so many times in a row."""
        return _doubled(self.first_rest, self.longest_rest, failures)


USUAL: Final = Pace()


def _doubled(first: float, longest: float, times: int) -> timedelta:
    return timedelta(seconds=min(longest, first * 2.0 ** min(max(times, 1) - 1, 30)))
