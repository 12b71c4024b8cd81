"""Times of a ledger: nanoseconds since the epoch as `seconds.nnnnnnnnn`."""

from typing import Final

SECOND: Final = 10**9


def text(nanoseconds: int) -> str:
    """`1700000000.000000001`."""
    seconds, rest = divmod(nanoseconds, SECOND)
    return f"{seconds}.{rest:09d}"
