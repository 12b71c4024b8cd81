"""What a role may as a table to read: nouns down, verbs across."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from identity import permissions

VERBS: Final = tuple(dict.fromkeys(verb for verbs in permissions.NOUNS.values() for verb in verbs))


@dataclass(frozen=True, slots=True)
class Line:
    """One noun. A cell is None where the noun has no such verb, else whether it is granted."""

    noun: str
    cells: Sequence[bool | None]


@dataclass(frozen=True, slots=True)
class Matrix:
    """All lines, and in words the proposals that are decided."""

    verbs: Sequence[str]
    lines: Sequence[Line]
    approves: Sequence[str]


def of(words: Iterable[str], approves: Iterable[str]) -> Matrix:
    """The matrix of these permission words and roots of resources."""
    granted = frozenset(words)
    lines = [
        Line(noun, [f"{noun}:{verb}" in granted if verb in known else None for verb in VERBS])
        for noun, known in permissions.NOUNS.items()
    ]
    every = permissions.EVERY_RESOURCE
    decided = ["everything" if root == every else root for root in sorted(approves)]
    return Matrix(VERBS, lines, decided)
