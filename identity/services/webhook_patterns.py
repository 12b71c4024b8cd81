"""Which events a webhook is told of: patterns of audit event names."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from identity import errors

EVERY: Final = "*"
MOST: Final = 50
LONGEST: Final = 64
_WORD: Final = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
_PATTERN: Final = re.compile(rf"{_WORD}\.(?:\*|{_WORD})")


def checked(patterns: Sequence[str]) -> list[str]:
    """The patterns without repeats, sorted: `*`, `invitation.*` or `proposal.executed`.

    Raises `identity.errors.Invalid`.
    """
    wanted = sorted(set(patterns))
    if not 1 <= len(wanted) <= MOST:
        raise errors.Invalid(f"Name 1 to {MOST} patterns of events.", field="events")
    for pattern in wanted:
        if pattern != EVERY and (len(pattern) > LONGEST or not _PATTERN.fullmatch(pattern)):
            raise errors.Invalid(
                "Write events as *, invitation.* or proposal.executed.", field="events"
            )
    return wanted


def matches(patterns: Iterable[str], name: str) -> bool:
    """Whether one of the patterns is about this event."""
    noun = name.partition(".")[0]
    return any(pattern in {EVERY, name, f"{noun}.*"} for pattern in patterns)
