"""What text, addresses and documents may hold before they are stored."""

import ipaddress
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.html import strip_tags

from accounts.services import text_ids
from identity import errors

_JOINERS = {"\u200c", "\u200d"}
"""Zero-width joiners: several scripts cannot be written without them."""
_MOST_NETWORKS = 64
_MOST_NODES = 256
_MOST_DEPTH = 6
_SAFE_INTEGER = 2**53 - 1
_SCRIPT: Final = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|$)", re.IGNORECASE | re.DOTALL)
_is_email = EmailValidator()


def line(value: str, *, name: str, most: int, least: int = 0) -> str:
    """One line of text with `least` to `most` characters, trimmed.

    Raises `identity.errors.Invalid` for control characters and for the invisible ones that make
    one text look like another (overrides of direction, zero-width spaces).
    """
    text = value.strip()
    if not least <= len(text) <= most:
        raise errors.Invalid(f"{name} has {least} to {most} characters.", field=name)
    _require_shown(text, name=name)
    return text


def lines(value: str, *, name: str, most: int) -> str:
    """A text of several lines, as it came. Raises `identity.errors.Invalid`, as `line`."""
    if len(value) > most:
        raise errors.Invalid(f"{name} has at most {most} characters.", field=name)
    for each in value.replace("\r\n", "\n").split("\n"):
        _require_shown(each, name=name)
    return value


def _require_shown(text: str, *, name: str) -> None:
    if any(unicodedata.category(sign) in text_ids.HIDDEN and sign not in _JOINERS for sign in text):
        raise errors.Invalid(f"{name} holds characters that can't be shown.", field=name)


def without_markup(value: Any) -> Any:
    """Texts without the elements of HTML, for readers who would show them as such."""
    if isinstance(value, str):
        return strip_tags(_SCRIPT.sub("", value)) if "<" in value else value
    if isinstance(value, dict):
        return {name: without_markup(each) for name, each in value.items()}
    if isinstance(value, list):
        return [without_markup(each) for each in value]
    return value


def opaque(value: str, *, name: str, most_bytes: int) -> str:
    """A text of another system, kept as it came. Raises `identity.errors.Invalid`."""
    if not value.isascii() or len(value) > most_bytes or not (value == "" or value.isprintable()):
        raise errors.Invalid(
            f"{name} is printable ASCII of {most_bytes} bytes at most.", field=name
        )
    return value


def username(value: str) -> str:
    """A user name: a line without joiners. Raises `identity.errors.Invalid`."""
    text = line(value, name="username", most=254, least=1)
    if not _JOINERS.isdisjoint(text):
        raise errors.Invalid("username holds characters that can't be shown.", field="username")
    return text


def new_username(value: str, *, holds: str = "") -> str:
    """A user name for somebody new, who may have proved a key. Raises `identity.errors.Invalid`.

    Neither dots alone nor the text of a user key but the one that this person `holds`.
    """
    text = username(value)
    text_ids.require_segment(text, name="username")
    text_ids.require_no_key(text, name="username", held={holds})
    return text


def email(value: str) -> str:
    """An e-mail address. Raises `identity.errors.Invalid`.

    Only forms that Unicode normalisation leaves alone pass, so that no look-alike of `@` or of a
    letter makes one address into another.
    """
    text = line(value, name="email", most=254, least=3)
    if unicodedata.normalize("NFKC", text) != text:
        raise errors.Invalid("Write the e-mail address with ordinary characters.", field="email")
    try:
        _is_email(text)
    except ValidationError:
        raise errors.Invalid("This is not an e-mail address.", field="email") from None
    if text.endswith("]"):
        raise errors.Invalid("Name the host of the e-mail address, no number.", field="email")
    return text


def networks(values: Iterable[str]) -> list[str]:
    """Network prefixes (CIDR) in canonical form, sorted. Raises `identity.errors.Invalid`."""
    given = list(values)
    if len(given) > _MOST_NETWORKS:
        raise errors.Invalid(f"Give at most {_MOST_NETWORKS} networks.", field="networks")
    try:
        return sorted({str(ipaddress.ip_network(value)) for value in given})
    except ValueError:
        raise errors.Invalid(
            "Write networks as 192.0.2.0/24 or 2001:db8::/32, without host bits.", field="networks"
        ) from None


def documents(values: Sequence[Mapping[str, Any]], *, name: str, most: int) -> list[dict[str, Any]]:
    """A list of small JSON objects. Raises `identity.errors.Invalid`.

    Bounded to 256 values and six levels in all; no floats, since they do not survive storage in
    every database the same way, and no NUL, which no database stores.
    """
    if len(values) > most:
        raise errors.Invalid(f"{name} has at most {most} entries.", field=name)
    _Walk(name).check(list(values), depth=0)
    return [dict(value) for value in values]


class _Walk:
    """One bounded walk through a JSON value."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes = 0

    def check(self, value: Any, *, depth: int) -> None:
        self.nodes += 1
        if self.nodes > _MOST_NODES or depth > _MOST_DEPTH:
            raise errors.Invalid(f"{self.name} is too large.", field=self.name)
        if isinstance(value, dict):
            for key, inner in value.items():
                self.check(key, depth=depth + 1)
                self.check(inner, depth=depth + 1)
        elif isinstance(value, list | tuple):
            for inner in value:
                self.check(inner, depth=depth + 1)
        else:
            self._scalar(value)

    def _scalar(self, value: Any) -> None:
        if value is None or isinstance(value, bool):
            return
        if isinstance(value, int) and abs(value) <= _SAFE_INTEGER:
            return
        if isinstance(value, str):
            line(value, name=self.name, most=1024)
            return
        raise errors.Invalid(f"{self.name} holds a value that can't be stored.", field=self.name)
