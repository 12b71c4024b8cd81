"""Times of a ledger: nanoseconds since the epoch as `seconds.nnnnnnnnn`."""

import re
from typing import Final

SECOND: Final = 10**9
_FORM: Final = re.compile(r"([0-9]{1,12})\.([0-9]{9})")


def text(nanoseconds: int) -> str:
    """`1700000000.000000001`."""
    seconds, rest = divmod(nanoseconds, SECOND)
    return f"{seconds}.{rest:09d}"


def parse(text: str) -> int:
    """What `text` gave. Raises ValueError."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError("not a time of a ledger")
    return int(found[1]) * SECOND + int(found[2])
