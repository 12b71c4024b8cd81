"""What clients send, read strictly; every fault of a body is told at once, field by field."""

import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import msgspec

from identity.api.guardian.errors import Told

MOST_FAULTS: Final = 32
_KINDS: Final[Mapping[Any, str]] = {
    str: "a string",
    bool: "a boolean value",
    dict: "an object",
    list: "an array",
}


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all bodies. Fields without a default are required and not empty."""


def read(given: Any, wanted: type[Body], *, status: int) -> Any:
    """A body as its type. Raises Told with this status and all faults."""
    if not isinstance(given, Mapping):
        raise Told(["a JSON object is expected"], status=status)
    faults = _faults(given, wanted)
    if faults:
        raise Told(faults[:MOST_FAULTS], status=status)
    present = {name: value for name, value in given.items() if value is not None}
    try:
        return msgspec.convert(present, wanted)
    except msgspec.ValidationError as error:
        raise Told([str(error)], status=status) from None


def _faults(given: Mapping[str, Any], wanted: type[Body]) -> list[str]:
    fields = {each.encode_name: each for each in msgspec.structs.fields(wanted)}
    faults = [f"property {name[:80]} should not exist" for name in given if name not in fields]
    for name, each in fields.items():
        value = given.get(name)
        if value is None:
            if each.required:
                faults.append(f"{name} should not be empty")
        elif not _is_of(value, each.type):
            faults.append(f"{name} must be {_kind(each.type)}")
        elif each.required and isinstance(value, str) and not value.strip():
            faults.append(f"{name} should not be empty")
    return faults


def _is_of(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


@cache
def _kind(kind: Any) -> str:
    """A type in the words that clients are used to."""
    if isinstance(kind, types.UnionType):
        kind = next(each for each in typing.get_args(kind) if each is not type(None))
    if typing.get_origin(kind) is typing.Literal:
        return f"one of the following values: {', '.join(typing.get_args(kind))}"
    return _KINDS.get(typing.get_origin(kind) or kind, "an object")
