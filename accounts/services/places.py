"""The words for a language and a time zone, read so that every reader of a profile knows them."""

import functools
import re
import zoneinfo
from typing import Final

from identity.errors import Invalid

_MOST: Final = 35
"""Room for every tag that RFC 5646 section 4.4.1 counts on."""
# RFC 5646 section 2.1. Languages of four letters or more are none: the registry has none, and
# people write "english". Nor are the irregular tags of before 2005, which stand for others.
_TAG: Final = re.compile(
    r"""
    [a-z]{2,3}(-[a-z]{3}){0,3}               # the language
    (-[a-z]{4})?                             # its script
    (-([a-z]{2}|[0-9]{3}))?                  # where it is spoken
    (-([a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*     # variants
    (-[a-wyz0-9](-[a-z0-9]{2,8})+)*          # extensions
    (-x(-[a-z0-9]{1,8})+)?                   # what is agreed on in private
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ZONE: Final = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}")
_OFFSET: Final = re.compile(r"(GMT|UTC)[+-](0?[0-9]|1[0-4])(:[0-5][0-9])?")


def is_language(text: str) -> bool:
    """Whether a text has the form of a language tag (BCP 47)."""
    return len(text) <= _MOST and _TAG.fullmatch(text) is not None


def language(text: str, *, name: str) -> str:
    """A language tag as it was written, or "". Raises `identity.errors.Invalid`."""
    if text and not is_language(text):
        raise Invalid(
            f"{name} is a language tag (BCP 47) of {_MOST} characters at most: send en, zh-Hans or"
            ' pt-BR, with hyphens, or "" for none.',
            field=name,
        )
    return text


def zone(text: str, *, name: str) -> str:
    """The name of a time zone, or "". Raises `identity.errors.Invalid`."""
    if text and not _is_zone(text):
        raise Invalid(
            f"{name} is no time zone that is known here: send its name in the IANA database, such"
            ' as Europe/Berlin or UTC, or "" for none.',
            field=name,
        )
    return text


def zone_or_offset(text: str, *, name: str) -> str:
    """As `zone`; clients of other faces may say how far from UTC it is instead: GMT+8, UTC+05:30.

    Raises `identity.errors.Invalid`.
    """
    return text if _OFFSET.fullmatch(text) else zone(text, name=name)


def _is_zone(text: str) -> bool:
    known = _zones()
    # A machine without the database knows no zone: there the form has to do.
    return text in known if known else _ZONE.fullmatch(text) is not None


@functools.cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())
