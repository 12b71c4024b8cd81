"""Access lists as text: lines `ALLOW|DENY <function or group> [argument=value …]`, read strictly.

Single spaces, upper-case verbs, no blank line, no line break at the end. Reasons are told with the
line's number, in the words that developers of such lists know.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from accounts.acl.functions import FUNCTIONS, GROUPS
from accounts.context_errors import AclInvalid

ALLOW: Final = "ALLOW"
DENY: Final = "DENY"
EVERYTHING: Final = "ALLOW ALL"
"""What a member has if nobody says anything."""
LONGEST: Final = 4096
MOST_LINES: Final = 100


@dataclass(frozen=True, slots=True)
class Line:
    """One line: it speaks of `functions`, and of calls that have all of `arguments`."""

    number: int
    is_allowing: bool
    name: str
    functions: frozenset[str]
    arguments: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """The line as it is written."""
        verb = ALLOW if self.is_allowing else DENY
        return " ".join([verb, self.name, *(f"{name}={value}" for name, value in self.arguments)])

    def covers(self, function: str, arguments: Mapping[str, str]) -> bool:
        """Whether the line speaks of this call."""
        return function in self.functions and all(
            arguments.get(name) == value for name, value in self.arguments
        )


@dataclass(frozen=True, slots=True)
class Acl:
    """An access list that was read; `text` is what it was read from."""

    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        """The list as it is written, and stored."""
        return "\n".join(line.text for line in self.lines)


@functools.lru_cache(maxsize=256)
def parse(text: str) -> Acl:
    """Read an access list. Raises `AclInvalid` with `line` and `reason`."""
    if len(text) > LONGEST:
        raise _refused(1, f"More than {LONGEST} characters")
    lines = text.split("\n")
    if len(lines) > MOST_LINES:
        raise _refused(MOST_LINES + 1, f"More than {MOST_LINES} lines")
    return Acl(tuple(_line(each, number) for number, each in enumerate(lines, start=1)))


def _line(text: str, number: int) -> Line:
    verb, *rest = text.split(" ")
    if verb not in {ALLOW, DENY}:
        raise _refused(number, "Expected DENY|ALLOW")
    name, *arguments = rest or [""]
    is_allowing = verb == ALLOW
    if name in GROUPS:
        if arguments:
            raise _refused(number, f"Unexpected arguments for '{name}'")
        return Line(number, is_allowing, name, GROUPS[name])
    if name not in FUNCTIONS:
        raise _refused(number, f"Unknown action '{name}'")
    pairs = tuple(_argument(each, name, number) for each in arguments)
    if len(dict(pairs)) < len(pairs):
        raise _refused(number, f"Repeated argument for '{name}'")
    return Line(number, is_allowing, name, frozenset({name}), pairs)


def _argument(text: str, function: str, number: int) -> tuple[str, str]:
    name, *values = text.split("=")
    if len(values) != 1 or not _is_storable(values[0]):
        raise _refused(number, f"Invalid argument '{text}' for '{function}'")
    if name not in FUNCTIONS[function]:
        raise _refused(number, f"Unsupported argument '{name}' for '{function}'")
    return name, values[0]


def _is_storable(value: str) -> bool:
    # No CR either: a list that was written with other line ends would deny what it never meets.
    return not any(sign in "\0\r" or "\ud800" <= sign <= "\udfff" for sign in value)


def _refused(number: int, reason: str) -> AclInvalid:
    shown = reason if len(reason) <= _LONGEST_REASON else reason[:_LONGEST_REASON] + "…"
    return AclInvalid(f"{shown} in line {number}", line=number, reason=shown)


_LONGEST_REASON: Final = 200
