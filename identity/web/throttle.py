"""A cheap brake in one process: how often a key may ask before the work for it is done.

Counts live in this process and are forgotten with it; each worker protects its own processor. What
must be exact over all workers (wrong passwords) is counted in the database instead.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field

from identity.errors import DomainError, Kind

MOST_KEYS = 50_000


class TooManyRequests(DomainError):
    """The answer carries `retry_after` in seconds."""

    kind = Kind.LIMITED
    code = "too-many-requests"
    title = "Too many requests. Wait a moment."


@dataclass
class Throttle:
    """At most `count` calls of one key in each window of `seconds`; 0 switches it off."""

    count: int
    seconds: int
    _windows: OrderedDict[Hashable, list[int]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def hit(self, key: Hashable, *, now: int) -> None:
        """Count one call; `now` in seconds since the epoch. Raises TooManyRequests."""
        if self.count == 0:
            return
        window = now - now % self.seconds
        with self._lock:
            entry = self._windows.get(key)
            if entry is None or entry[0] != window:
                entry = self._windows[key] = [window, 0]
                self._windows.move_to_end(key)
                if len(self._windows) > MOST_KEYS:
                    self._windows.popitem(last=False)
            entry[1] += 1
            exceeded = entry[1] > self.count
        if exceeded:
            raise TooManyRequests(retry_after=window + self.seconds - now)

    def take_back(self, key: Hashable, *, now: int) -> None:
        """Count one call less that was counted at this `now`, for what turned out harmless."""
        with self._lock:
            entry = self._windows.get(key)
            if entry is not None and entry[0] == now - now % self.seconds and entry[1] > 0:
                entry[1] -= 1
