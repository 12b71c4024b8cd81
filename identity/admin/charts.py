"""Charts that the server draws as SVG: no script, no style attribute, nothing from outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from identity.admin import components

MOST_COUNTED: Final = 10_000
"""How far lists and tiles count."""
_WIDTH: Final = 420
_LEFT: Final = 92
_RIGHT: Final = 60
_THICK: Final = 14
_STEP: Final = 30


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: `width` is 0 where nothing is counted, and at least 3 where something is."""

    name: str
    label: str
    tone: str
    y: int
    text_y: int
    width: int


@dataclass(frozen=True, slots=True)
class Chart:
    """What `components/bars.html` draws. `summary` says the same in words."""

    name: str
    title: str
    summary: str
    url: str
    bars: Sequence[Bar]
    height: int
    width: int = _WIDTH
    left: int = _LEFT
    track: int = _WIDTH - _LEFT - _RIGHT
    thick: int = _THICK


def bars(
    *, name: str, title: str, counts: Sequence[tuple[str, int]], url: str, most: int | None = None
) -> Chart:
    """A bar for each name, as long as its count against the largest one.

    Counts of `most` and more are shown as that many and a plus sign.
    """
    largest = max((count for _, count in counts), default=0)
    track = _WIDTH - _LEFT - _RIGHT
    drawn = []
    for place, (word, count) in enumerate(counts):
        width = max(3, round(track * count / largest)) if count else 0
        y = place * _STEP + (_STEP - _THICK) // 2
        tone = components.tone_of(word) or "plain"
        drawn.append(Bar(word, number(count, most), tone, y, y + 12, width))
    said = ", ".join(f"{word} {number(count, most)}" for word, count in counts)
    return Chart(name, title, f"{title}: {said}.", url, drawn, len(counts) * _STEP)


def number(count: int, most: int | None = None) -> str:
    """A count with separators; one that was cut short says so."""
    if most is not None and count > most:
        return f"{most:,}+"
    return f"{count:,}"
