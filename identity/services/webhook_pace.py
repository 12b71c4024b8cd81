"""When a delivery is tried again, how long a failing receiver rests, and when it is given up."""

import dataclasses
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Self

_HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Pace:
    """The times of delivering. `retries` is the schedule of Standard Webhooks 1.0, in seconds.

    After the last one a delivery has failed. `jitter` is the greatest part by which a wait grows at
    random, so that what failed together does not come again together. A receiver that fails rests
    `first_rest` seconds, then twice as long each time, up to `longest_rest`; meanwhile its
    deliveries wait without using up their tries. One that failed for `give_up_after` is switched
    off.
    """

    retries: tuple[float, ...] = (
        *(5.0, 300.0, 1800.0),
        *(2 * _HOUR, 5 * _HOUR, 10 * _HOUR, 14 * _HOUR, 20 * _HOUR, 24 * _HOUR),
    )
    jitter: float = 0.2
    first_rest: float = 2.0
    longest_rest: float = 300.0
    longest_retry_after: float = _HOUR
    give_up_after: timedelta = timedelta(days=5)
    lease: timedelta = timedelta(seconds=30)
    seconds: float = 10.0
    """What one call may take in all; a lease is longer than that."""
    at_once: int = 8
    """Messages that one receiver gets at the same time."""

    def times(self, factor: float) -> Self:
        """The same with waits of another length: for tests and benchmarks."""
        return dataclasses.replace(
            self,
            retries=tuple(wait * factor for wait in self.retries),
            first_rest=self.first_rest * factor,
            longest_rest=self.longest_rest * factor,
            longest_retry_after=self.longest_retry_after * factor,
        )

    def wait(self, tries: int) -> timedelta | None:
        """How long after this many tries the next one is due; None when there is none."""
        if tries > len(self.retries):
            return None
        return timedelta(seconds=self.retries[tries - 1] * (1 + self.jitter * _random()))

    def rest(self, failures: int, retry_after: float) -> timedelta:
        """How long a receiver rests that failed so many times and asked for `retry_after` seconds.

        What it asks for is honoured up to `longest_retry_after`.
        """
        own = min(self.longest_rest, self.first_rest * 2.0 ** min(failures - 1, 30))
        asked = min(self.longest_retry_after, max(0.0, retry_after))
        return timedelta(seconds=max(own * (1 + self.jitter * _random()), asked))


USUAL: Final = Pace()


def _random() -> float:
    return secrets.randbelow(1_000_001) / 1_000_000
