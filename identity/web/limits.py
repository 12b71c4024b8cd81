"""Limits of requests by name, over all processes; `identity.services.rates` counts them.

Limits that only protect this process's processor are in `throttle`.
"""

from dataclasses import dataclass

from identity.services.rates import RateLimited, hit, purge

__all__ = ["Rate", "RateLimited", "hit", "purge"]


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` hits of one key in each window of `seconds`."""

    name: str
    count: int
    seconds: int

    def hit(self, key: str, *, now: int) -> None:
        """Count one hit. Raises RateLimited."""
        hit(f"{self.name} {key}", limit=self.count, window=self.seconds, now=now)
