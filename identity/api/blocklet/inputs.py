"""What clients send, read strictly: addresses, keys, and the words in which faults are told."""

import re
from typing import Any, Final
from uuid import UUID

from accounts.services import avatars, fields, places
from accounts.services.avatars import Picture
from identity.crypto import did_address, wallet_keys
from identity.crypto.did_address import Address
from identity.crypto.errors import AddressInvalid, KeyInvalid
from identity.errors import Invalid, Missing

_MISSING: Final = re.compile(r"Object missing required field `([^`]+)`.*")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `([^`]+)`.*")
_WRONG: Final = re.compile(r"(.*) - at `\$\.?([^`]*)`")


def in_their_words(fault: str) -> str:
    """A fault of a body's shape as clients of this protocol are used to reading it."""
    if found := _MISSING.fullmatch(fault):
        return f'"{found[1]}" is required'
    if found := _UNKNOWN.fullmatch(fault):
        return f'"{found[1]}" is not allowed'
    if found := _WRONG.fullmatch(fault):
        return f'"{found[2]}": {found[1]}'
    return fault


def address(text: str, *, name: str) -> Address:
    """A DID or a bare address. Raises Invalid."""
    try:
        return did_address.parse(text.strip())
    except AddressInvalid:
        raise Invalid(f'Expect "{name}" to be valid did') from None


def public_key(text: str, *, or_base64: bool = False) -> wallet_keys.PublicKey:
    """A wallet's public key. Raises Invalid."""
    try:
        return wallet_keys.parse_public(text)
    except KeyInvalid:
        if not or_base64:
            raise Invalid("Login user info is invalid") from None
    try:
        return wallet_keys.parse_public_base64(text)
    except KeyInvalid:
        raise Invalid("Login user info is invalid") from None


def plain(value: Any) -> Any:
    """Texts without the elements of HTML, for readers who would show them as such."""
    return fields.without_markup(value)


def language(text: str) -> str:
    """A language in our words: clients, and providers that they ask, write zh_TW, too."""
    return text.replace("_", "-")


def language_if_any(text: str) -> str:
    """As `language`; "" for what is none, for a strange word keeps nobody out."""
    tag = language(text)
    return tag if places.is_language(tag) else ""


def uuid(text: str) -> UUID:
    """An id in its one form. Raises Missing: what has another form is nobody's."""
    try:
        found = UUID(text)
    except ValueError:
        raise Missing from None
    if str(found) != text:
        raise Missing
    return found


def is_picture(given: str) -> bool:
    """Whether this is meant as a picture that `picture` reads."""
    return given.startswith(("data:image/", "https://", "http://"))


def picture(given: str) -> Picture | str:
    """The picture of a data URI, or an address to fetch from; "" for a picture that is ours.

    Raises Invalid, which names the field, for everything else.
    """
    if not given or given.startswith(("bn://", "/")) or "/user/avatar/" in given:
        return ""
    if not given.startswith(("data:", "https://", "http://")):
        raise Invalid('"avatar" must be a picture in a data URI, or its address', field="avatar")
    return avatars.given(given)
