"""Parameters, strictly: what is missing, unknown or wrong is told by its name, as clients expect.

A check is a function from a value to what the methods get, and raises Wrong with the text that
stands in `data` (specification §3).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from accounts.context_errors import FilterInvalid
from accounts.queries import list_filters
from identity.api.bridge.errors import Told, Wire
from identity.crypto import user_key
from identity.crypto.errors import KeyInvalid
from identity.errors import Invalid
from identity.services import api_key_secrets

Check = Callable[[Any], Any]
ID: Final = 128
NAME: Final = 128
SOLUTION_NAME: Final = 256
ACL: Final = 4096


class Wrong(Exception):
    """A value that does not fit; the text says where and why."""

    def within(self, name: str) -> "Wrong":
        """The same, seen from the object around it."""
        return Wrong(f"{name} -> {self}")


@dataclass(frozen=True, slots=True)
class Shape:
    """What an object holds: names that must be there and names that may."""

    required: Mapping[str, Check]
    optional: Mapping[str, Check]

    def __call__(self, value: Any) -> dict[str, Any]:
        """The checked members. Raises Wrong."""
        if not isinstance(value, dict):
            raise Wrong("Expected object")
        found: dict[str, Any] = {}
        for name, check in self.required.items():
            if name not in value:
                raise Wrong(f"Key '{name}' is required")
            found[name] = _checked(check, name, value[name])
        if len(found) == len(value):
            return found
        for name, given in value.items():
            if name in found:
                continue
            optional = self.optional.get(name)
            if optional is None:
                raise Wrong(f"Unexpected key '{name[:64]}'")
            found[name] = _checked(optional, name, given)
        return found


def shape(required: Mapping[str, Check], **optional: Check) -> Shape:
    """The parameters of a method."""
    return Shape(required, optional)


def nothing(value: Any) -> dict[str, Any]:
    """No parameters: an empty object; an empty array passes too."""
    return {} if value == [] else Shape({}, {})(value)


def params(check: Check, value: Any, *, holds_nul: bool) -> Any:
    """Checked parameters of a call. Raises Told."""
    if holds_nul:
        raise Told(Wire.INVALID_PARAMS, "A text has a character in it that can't be stored")
    try:
        return check(value)
    except Wrong as wrong:
        raise Told(Wire.INVALID_PARAMS, str(wrong)) from None


def text(most: int, least: int = 0) -> Check:
    """A text of so many characters."""

    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise Wrong("Expected string")
        require_size(len(value), most, least)
        return value

    return check


def integer(least: int, most: int) -> Check:
    """A whole number within bounds; JSON's 1.0 is one."""

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Wrong("Expected number")
        if isinstance(value, float) and not (math.isfinite(value) and value.is_integer()):
            raise Wrong("Expected int")
        if value < least:
            raise Wrong(f"Invalid range! Expected min {least}, get {int(value)}")
        if value > most:
            raise Wrong(f"Invalid range! Expected max {most}, get {int(value)}")
        return int(value)

    return check


def one_of(*words: str) -> Check:
    """One of a few words."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise Wrong("Expected value to be one of enums")
        return value

    return check


def boolean(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise Wrong("Expected boolean")
    return value


def listed(check: Check, most: int) -> Check:
    """At most so many of what `check` takes."""

    def check_all(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise Wrong("Expected array")
        require_size(len(value), most)
        return [_checked(check, f"[{place}]", each) for place, each in enumerate(value)]

    return check_all


def user_public_key(value: Any) -> str:
    """The public key of a user, in its one spelling."""
    given: str = text(ID, 1)(value)
    try:
        return user_key.parse_public(given).text
    except KeyInvalid:
        raise Wrong("Expected Ecc public key") from None


def ed25519_public_key(value: Any) -> str:
    """The Ed25519 public key of a program, in PEM."""
    given: str = text(512, 1)(value)
    try:
        api_key_secrets.signing(given, algorithm="ed25519")
    except Invalid:
        raise Wrong("Expected ED25519 public key in PEM format") from None
    return given


def require_size(size: int, most: int, least: int = 0) -> None:
    """Raise Wrong for what is too long or too short."""
    if size > most:
        raise Wrong(f"Invalid length! Expected max {most}, get {size}")
    if size < least:
        raise Wrong(f"Invalid length! Expected min {least}, get {size}")


def _checked(check: Check, name: str, value: Any) -> Any:
    try:
        return check(value)
    except Wrong as wrong:
        raise wrong.within(name) from None


def listing(names: Sequence[str], **more: Check) -> Shape:
    """The parameters of a list: `skip limit sortOrder` and `more`, maybe `lastId query`.

    `names` are those that a query may ask for.
    """

    def query(value: Any) -> list_filters.Filter:
        try:
            return list_filters.parse(value, known=names)
        except FilterInvalid as invalid:
            raise Wrong(invalid.detail) from None

    return Shape({**more, **_PAGE}, {"lastId": text(2 * ID + 1, 1), "query": query})


_PAGE: Final[Mapping[str, Check]] = {
    "skip": integer(0, 2**53 - 1),
    "limit": integer(1, 100),
    "sortOrder": one_of("asc", "desc"),
}


def page(params: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a list that was asked for, in our words."""
    return {
        "limit": params["limit"],
        "is_descending": params["sortOrder"] == "desc",
        "skip": params["skip"],
        "after": params.get("lastId"),
        "filter": params.get("query"),
    }
