"""Ids in paths: most are UUIDs in their one form."""

from typing import Any, Final
from uuid import UUID

from identity.errors import Missing
from identity.paging import is_usable

TEXT_IDS: Final = frozenset({"role", "purpose", "cid", "solution", "context", "member"})
"""Ids in paths that are words."""
NUMBERS: Final = frozenset({"event", "number"})
"""Ids that are numbers; all others are UUIDs."""


def read(name: str, text: str) -> Any:
    """An id in a path. Raises Missing for what can't be one."""
    if name in TEXT_IDS:
        if not is_usable(text):
            raise Missing
        return text
    if name in NUMBERS:
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise Missing
        return int(text)
    try:
        found = UUID(text)
    except ValueError:
        raise Missing from None
    if str(found) != text:
        raise Missing
    return found
