"""How long a worker's lease lasts, how often an absent ledger is asked again, when it ends."""

import dataclasses
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Self


@dataclass(frozen=True, slots=True)
class Pace:
    """The times of onboarding.

    A worker renews its `lease` each `renewal`; who finds it over takes the work up. While the
    ledger is away the wait doubles from `first_wait` up to `longest_wait` seconds, and grows by a
    part of up to `jitter` at random, so that what failed together does not come again together.
    After `most_outages` in a row (a day of them) an onboarding fails, and after `most_attempts`
    workers that died or met a fault of ours without getting any further.
    """

    lease: timedelta = timedelta(seconds=30)
    renewal: timedelta = timedelta(seconds=8)
    first_wait: float = 1.0
    longest_wait: float = 60.0
    jitter: float = 0.2
    most_outages: int = 1440
    most_attempts: int = 5

    def times(self, factor: float) -> Self:
        """The same with times of another length: for tests and benchmarks."""
        return dataclasses.replace(
            self,
            lease=self.lease * factor,
            renewal=self.renewal * factor,
            first_wait=self.first_wait * factor,
            longest_wait=self.longest_wait * factor,
        )

    def wait(self, outages: int) -> timedelta:
        """How long after so many outages in a row the ledger is asked again."""
        own = min(self.longest_wait, self.first_wait * 2.0 ** min(max(outages, 1) - 1, 30))
        return timedelta(seconds=own * (1 + self.jitter * secrets.randbelow(1_000_001) / 1_000_000))


USUAL: Final = Pace()
