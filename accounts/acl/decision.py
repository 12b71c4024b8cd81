"""What an access list lets a member do: the last line that speaks of a call decides.

Where no line does, it is denied.
"""

import enum
import functools
from collections.abc import Mapping
from dataclasses import dataclass

from accounts.acl.functions import BEGINNINGS, ENTRANCES, FUNCTIONS, Kind
from accounts.acl.grammar import Acl, Line


class Verdict(enum.StrEnum):
    """What a list says of a function, whatever it is called with."""

    ALLOWED = "allowed"
    DENIED = "denied"
    DEPENDS = "depends"
    """On the arguments: some calls are allowed, others are not."""


@dataclass(frozen=True, slots=True)
class Explained:
    """A function, what the list says of it, and the lines that decide, the last one first.

    `lines` is empty where no line speaks of the function, which denies it. Where it depends, all
    lines that can decide are there.
    """

    function: str
    verdict: Verdict
    lines: tuple[Line, ...]


def is_allowed(acl: Acl, function: str, arguments: Mapping[str, str] | None = None) -> bool:
    """Whether a member with this list may call a function with these arguments."""
    given = arguments or {}
    for line in reversed(acl.lines):
        if line.covers(function, given):
            return line.is_allowing
    return False


def explain(acl: Acl) -> tuple[Explained, ...]:
    """What the list says of every function, in the order of the table, and why."""
    return tuple(_explained(acl, function) for function in FUNCTIONS)


@functools.lru_cache(maxsize=256)
def reach(acl: Acl) -> Kind:
    """The kinds of containers in which the member may take part, at least in some."""
    found = Kind(0)
    for kind, entrances in ENTRANCES.items():
        if any(_explained(acl, each).verdict != Verdict.DENIED for each in entrances):
            found |= kind
    return found


@functools.lru_cache(maxsize=256)
def starts(acl: Acl) -> Kind:
    """The kinds of containers that the member may begin."""
    found = Kind(0)
    for kind, function in BEGINNINGS.items():
        if is_allowed(acl, function):
            found |= kind
    return found


def _explained(acl: Acl, function: str) -> Explained:
    deciding: list[Line] = []
    for line in reversed(acl.lines):
        if function not in line.functions:
            continue
        deciding.append(line)
        if not line.arguments:
            break
    is_sure = not deciding or deciding[-1].arguments
    verdicts = {line.is_allowing for line in deciding}
    if is_sure:
        # No line speaks of all calls, so those of which none speaks are denied.
        verdicts.add(False)
    if len(verdicts) > 1:
        return Explained(function, Verdict.DEPENDS, tuple(deciding))
    verdict = Verdict.ALLOWED if True in verdicts else Verdict.DENIED
    return Explained(function, verdict, tuple(deciding))
