"""Components of the admin's pages as Python: what lists show in a cell, and what templates take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

_NOTHING: Final = "\N{EN DASH}"
_TONES: Final[Mapping[str, str]] = {
    "active": "good",
    "approved": "good",
    "completed": "good",
    "delivered": "good",
    "executed": "good",
    "issued": "good",
    "published": "good",
    "sent": "good",
    "signed": "good",
    "used": "good",
    "valid": "good",
    "verified": "good",
    "again": "note",
    "further": "note",
    "invited": "note",
    "new": "note",
    "open": "note",
    "running": "note",
    "pending": "attention",
    "retiring": "attention",
    "expired": "attention",
    "user-inactive": "attention",
    "role-not-held": "attention",
    "queued": "attention",
    "begun": "attention",
    "compensated": "attention",
    "not-met": "note",
    "suspended": "attention",
    "unverified": "attention",
    "waiting": "attention",
    "waits": "attention",
    "alarm": "bad",
    "dead": "bad",
    "failed": "bad",
    "forbidden": "bad",
    "refused": "bad",
    "rejected": "bad",
    "revoked": "bad",
}


@dataclass(frozen=True, slots=True)
class Action:
    """A button above a list or an object; it leads to a page of its own."""

    name: str
    url: str
    is_dangerous: bool = False


@dataclass(frozen=True, slots=True)
class Tile:
    """One number of the dashboard. `tone` is empty, `good`, `attention` or `bad`."""

    name: str
    value: str
    about: str
    url: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a difference: what it is, how it is now and how it would be."""

    name: str
    old: str
    new: str

    @property
    def is_changed(self) -> bool:
        """Whether both sides differ."""
        return self.old != self.new


def tone_of(word: str) -> str:
    """How a state is coloured; words that we don't know stay plain."""
    return _TONES.get(word, "")


def badge(word: str, tone: str | None = None) -> SafeString:
    """A state as a badge. The word says it; the colour only repeats it."""
    chosen = tone_of(word) if tone is None else tone
    return format_html('<span class="badge {}">{}</span>', chosen, word)


def copyable(text: str) -> SafeString:
    """An id, a key or an address with a button that copies it."""
    return render_to_string("admin/components/copyable.html", {"text": text})


def nothing() -> SafeString:
    """What stands where there is no value."""
    return format_html('<span class="quiet">{}</span>', _NOTHING)


def moment(at: datetime | None) -> SafeString:
    """A time to the second in UTC, or a dash."""
    if at is None:
        return nothing()
    return format_html(
        '<time datetime="{}" class="number">{}</time>',
        at.isoformat(),
        f"{at:%Y-%m-%d %H:%M:%S}",
    )


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> Sequence[Line]:
    """Lines for `components/difference.html`: all names, the old ones first, in their order."""
    names = dict.fromkeys([*old, *new])
    return [Line(name, _text(old.get(name)), _text(new.get(name))) for name in names]


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_text(item) for item in value)
    return str(value)
