"""Which key of a purpose signs now, remembered for a second.

A key that was followed by another one stays good for a while, so what it signs in that second is as
good as ever. Whether a key may still verify is asked each time and never remembered.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

REMEMBERED: Final = timedelta(seconds=1)
MOST: Final = 4096
Row = tuple[UUID, str]
"""A key's id and kid."""

_known: dict[tuple[UUID, str], tuple[datetime, Row]] = {}


def known(scope_id: UUID, purpose: str, *, now: datetime) -> Row | None:
    """The key that signed a moment ago; None where the table has to be asked."""
    found = _known.get((scope_id, purpose))
    if found is None or not timedelta() <= now - found[0] < REMEMBERED:
        return None
    return found[1]


def keep(scope_id: UUID, purpose: str, row: Row, *, now: datetime) -> None:
    """Remember the table's answer."""
    if len(_known) >= MOST:
        _known.clear()
    _known[scope_id, purpose] = (now, row)


def forget(scope_id: UUID, purpose: str) -> None:
    """Ask the table anew: another key signs from now on."""
    _known.pop((scope_id, purpose), None)
