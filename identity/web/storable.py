"""Texts that not every database can be asked for, wherever they stand in what a client sent."""

from collections.abc import Mapping
from typing import Any

from identity.errors import Invalid


def require(*told: Any) -> None:
    """Refuse NUL in every text, also in names. Raises Invalid."""
    if holds_nul(*told):
        raise Invalid("A text has a character in it that can't be stored.")


def holds_nul(*told: Any) -> bool:
    """Whether a text in these JSON values, or a name in their objects, has NUL in it."""
    left = list(told)
    while left:
        each = left.pop()
        if isinstance(each, str) and "\0" in each:
            return True
        if isinstance(each, Mapping):
            left += [*each.keys(), *each.values()]
        elif isinstance(each, list):
            left += each
    return False
