"""Ids that are texts and stand in the paths of addresses, and names: what none of them may be."""

import re
import unicodedata
from collections.abc import Container
from typing import Final

from accounts.models.user import fold
from identity.errors import Invalid

HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})
"""Categories of characters that can't be seen, or are nobody's yet."""
_LIKE_A_KEY: Final = re.compile(r"[0-9a-z]{50}")
"""The Base58Check of a compressed point has 50 characters, whatever the point is."""
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


def is_like_a_key(value: str) -> bool:
    """Whether a text is that of a user key, or would be in another case."""
    return _LIKE_A_KEY.fullmatch(fold(value)) is not None


def require_no_key(value: str, *, name: str, held: Container[str] = ()) -> None:
    """Refuse the text of a user key, in whatever case, as a name of who does not hold that key.

    Who signs up without a name is named by the key: nobody else may have that name before. `held`
    are the texts of keys that were proven. Raises `identity.errors.Invalid`.
    """
    if is_like_a_key(value) and value not in held:
        raise Invalid(f"{name} looks like a user key; only who holds it has that name.", field=name)
