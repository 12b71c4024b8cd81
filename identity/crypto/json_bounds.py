"""How large JSON of strangers may be before anybody works on it, seen without recursion."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_PROTOTYPES: Final = frozenset({"__proto__", "constructor", "prototype"})
_MOST_NUMBER: Final = 2**53 - 1


class OutOfBoundsError(ValueError):
    """The value is too large, too deep, or no JSON; the text says which, and quotes nothing."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most of each that is read; `text` counts the UTF-8 of all names and texts together."""

    depth: int
    nodes: int
    text: int


def require(value: Any, bounds: Bounds) -> None:
    """Refuse what is out of bounds. Raises OutOfBoundsError.

    Each value is looked at once and nothing is followed deeper than allowed, so that the work is
    bounded as well, also for a value that contains itself. Names that JavaScript takes for parts
    of its objects are refused, because a document is read by others than us.
    """
    level, nodes, text = [value], 0, 0
    for _ in range(bounds.depth + 1):
        below: list[Any] = []
        for one in level:
            nodes += 1
            text += _size(one)
            if nodes + len(below) > bounds.nodes or text > bounds.text:
                raise OutOfBoundsError("It is too large.")
            below += _members(one, most=bounds.nodes - nodes - len(below))
        if not below:
            return
        level = below
    raise OutOfBoundsError("It is nested too deeply.")


def _size(one: Any) -> int:
    if isinstance(one, str):
        return _length(one)
    if not isinstance(one, dict):
        return 0
    if not all(isinstance(name, str) for name in one):
        raise OutOfBoundsError("It is no JSON.")
    if not _PROTOTYPES.isdisjoint(one):
        raise OutOfBoundsError("It has a name that no reader may trust.")
    return sum(_length(name) for name in one)


def _members(one: Any, *, most: int) -> list[Any]:
    if isinstance(one, dict | list):
        if len(one) > most:
            raise OutOfBoundsError("It is too large.")
        return list(one.values()) if isinstance(one, dict) else list(one)
    if one is None or isinstance(one, str):
        return []
    # What others can read exactly (RFC 7493 §2.2), and neither NaN nor Infinity.
    if isinstance(one, int | float) and abs(one) <= _MOST_NUMBER:
        return []
    raise OutOfBoundsError("It is no JSON.")


def _length(text: str) -> int:
    if "\0" in text:  # which PostgreSQL's JSON cannot hold
        raise OutOfBoundsError("It has a text with a NUL.")
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise OutOfBoundsError("It has a text without a UTF-8 form.") from None


def names(value: Any) -> Iterator[str]:
    """Every name of every object in a value that is within bounds."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield from one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
