"""Parts of a list: numbered pages, and windows that go on after a cursor."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

import msgspec

from identity.errors import DomainError, Kind

Row = TypeVar("Row")
Position = TypeVar("Position")

MOST_ROWS = 200
LONGEST_CURSOR: Final = 4096
_BOUND: Final = 2**63


class CursorInvalid(DomainError):
    """The text is no cursor of this list."""

    kind = Kind.INVALID
    code = "paging.cursor-invalid"
    title = "This is not a place in this list."


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows: `limit` 1 to 200, `sort_by` `created_at` or `updated_at`."""

    limit: int = 50
    offset: int = 0
    sort_by: str = "created_at"
    is_descending: bool = False
    filters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listed(Generic[Row]):
    """The rows of the page and how many there are in all."""

    rows: Sequence[Row]
    total: int


@dataclass(frozen=True, slots=True)
class After:
    """The part of a list behind a cursor: `limit` 1 to 200, `after` empty for the beginning.

    Lists are in the order of their making unless they say otherwise, the newest first.
    """

    limit: int = 50
    after: str = ""
    is_descending: bool = True
    filters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Window(Generic[Row]):
    """Some rows, and the cursor behind the last one; None where the list ends."""

    rows: Sequence[Row]
    next: str | None


def cursor(*position: Any) -> str:
    """An opaque text that stands for a place: JSON values and ids."""
    written = json.dumps(msgspec.to_builtins(position), separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(written).rstrip(b"=").decode()


def position(text: str, of: type[Position]) -> Position:
    """The place that a cursor stands for, as a tuple type. Raises `CursorInvalid`.

    Cursors come from outside: numbers are within 64 bits, texts can be stored.
    """
    if len(text) > LONGEST_CURSOR or not text.isascii():
        raise CursorInvalid
    try:
        written = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        found = msgspec.json.decode(written, type=of)
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError):
        raise CursorInvalid from None
    if not all(is_usable(value) for value in found):  # type: ignore[attr-defined]
        raise CursorInvalid
    return found


def is_usable(value: Any) -> bool:
    """Whether a text can be stored, or a number fits into 64 bits."""
    if isinstance(value, str):
        return not any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in value)
    return not isinstance(value, int) or -_BOUND <= value < _BOUND
