"""Ids that are texts and stand in the paths of addresses: what none of them may be."""

import unicodedata
from typing import Final

from identity.errors import Invalid

HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})
"""Categories of characters that can't be seen, or are nobody's yet."""
_DOTS: Final = frozenset({".", ".."})


def require_segment(value: str, *, name: str) -> None:
    """Refuse `.` and `..`, of which clients make the address of something else (RFC 3986 §5.2.4).

    To remove such a member would remove its context. For ids of other systems, which hold anything
    else. Raises `identity.errors.Invalid`.
    """
    if value in _DOTS:
        raise Invalid(f"{name} is a part of addresses, where dots alone mean others.", field=name)


def require_plain(value: str, *, name: str) -> None:
    """Refuse what is no one segment of a path that people can read; for ids that are made here.

    Those are `.` and `..`, what holds a slash, and what holds control characters or others that
    can't be shown. Raises `identity.errors.Invalid`.
    """
    require_segment(value, name=name)
    if "/" in value:
        raise Invalid(f"{name} is a part of addresses, and holds no slash.", field=name)
    if any(unicodedata.category(sign) in HIDDEN for sign in value):
        raise Invalid(f"{name} holds characters that can't be shown.", field=name)
