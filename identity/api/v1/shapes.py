"""What is taken and what is shown: the bases of all inputs and outputs of this face."""

import base64
import binascii
import functools
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Generic, Literal, TypeVar
from uuid import UUID

import msgspec

from identity.errors import Invalid


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of what is sent as JSON; fields that are absent stay as they are."""


class Query(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of what is asked for behind the question mark."""


class Shown(msgspec.Struct, frozen=True):
    """Base of what is answered."""


Item = TypeVar("Item")


class Items(Shown, Generic[Item], frozen=True):
    """A part of a list; `next` is what to ask for as `after`, null where the list ends."""

    items: Sequence[Item]
    next: str | None


class Place(Query, frozen=True):
    """Which part of a list; lists of other things add their filters."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    after: Annotated[str, msgspec.Meta(max_length=4096)] = ""

    def filters(self) -> dict[str, Any]:
        """What was asked for beside the place."""
        given = msgspec.to_builtins(self, builtin_types=(UUID, datetime))
        return {name: value for name, value in given.items() if name not in _PLACE}


class Newest(Place, frozen=True):
    """A list in the order of making, the newest first unless asked otherwise."""

    order: Literal["newest", "oldest"] = "newest"


_PLACE: Final = frozenset({"limit", "after", "order"})


class Gone(Shown, frozen=True):
    """What was removed."""

    id: str


class ProposalLink(Shown, frozen=True):
    """A proposal and where to read it."""

    id: UUID
    url: str


class Waiting(Shown, frozen=True):
    """The change waits for others."""

    proposal: ProposalLink
    status: str = "pending"


def of_row(kind: type[Any], row: Any) -> Any:
    """A row of a query as what is shown, its times in whole seconds as everywhere."""
    shown = msgspec.convert(row, kind, from_attributes=True)
    for name in _times(kind):  # type: ignore[arg-type]
        moment = getattr(shown, name)
        if moment is not None and moment.microsecond:
            msgspec.structs.force_setattr(shown, name, moment.replace(microsecond=0))
    return shown


def require_times(given: Any) -> None:
    """Refuse times that are none in UTC, before the year 1 or after 9999. Raises Invalid."""
    for name in _times(type(given)):  # type: ignore[arg-type]
        moment = getattr(given, name)
        try:
            if moment is not None:
                moment.astimezone(UTC)
        except OverflowError:
            raise Invalid(f"{name} is out of range.", field=name) from None


@functools.cache
def _times(kind: Any) -> tuple[str, ...]:
    """The fields of a kind that hold a time."""
    fields = msgspec.structs.fields(kind)
    return tuple(each.name for each in fields if each.type in (datetime, datetime | None))


def of_result(kind: type[Any], result: Mapping[str, Any]) -> Any:
    """A part of what a command answered as what is shown; its times are whole seconds."""
    return msgspec.convert(result, kind, strict=False)


def fields_of(body: Body | None) -> dict[str, Any]:
    """The fields that were given."""
    return {} if body is None else msgspec.to_builtins(body, builtin_types=(UUID,))


def decoded(text: str, name: str) -> bytes:
    """Bytes from their base64. Raises Invalid."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid(f"{name} is not base64.") from None


def encoded(data: bytes) -> str:
    """Bytes as base64."""
    return base64.b64encode(data).decode()


def part(name: str, kind: type[Any]) -> Callable[[Mapping[str, Any]], Any]:
    """Shows the part `name` of what a command answered."""
    return lambda result: of_result(kind, result[name])


def gone(name: str) -> Callable[[Mapping[str, Any]], Gone]:
    """Shows the id of what a command removed."""
    return lambda result: Gone(id=str(result[name]["id"]))
