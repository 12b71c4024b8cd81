"""Which events a webhook is told of: patterns of audit event names."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from identity import errors
from identity.errors import DomainError, Kind
from identity.services import event_names

EVERY: Final = "*"
MOST: Final = 50
LONGEST: Final = 64
_WORD: Final = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
_PATTERN: Final = re.compile(rf"{_WORD}\.(?:\*|{_WORD})")
_KNOWN: Final = frozenset(
    {EVERY, *(f"{noun}.*" for noun in event_names.EVENTS)}.union(*event_names.EVENTS.values())
)


class EventsUnknown(DomainError):
    """`facts["events"]` are the patterns about which nothing would ever be sent."""

    kind = Kind.UNPROCESSABLE
    code = "webhook.events-unknown"
    title = "There are no such events."


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


def require_known(patterns: Iterable[str]) -> None:
    """Refuse patterns that no event fits, before anybody reviews them. Raises EventsUnknown."""
    unknown = sorted(set(patterns) - _KNOWN)
    if unknown:
        raise EventsUnknown(f"No event is called {', '.join(unknown)}.", events=unknown)


def matches(patterns: Iterable[str], name: str) -> bool:
    """Whether one of the patterns is about this event."""
    noun = name.partition(".")[0]
    return any(pattern in {EVERY, name, f"{noun}.*"} for pattern in patterns)
