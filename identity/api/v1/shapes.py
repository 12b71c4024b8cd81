"""What is taken and what is shown: the bases of all inputs and outputs of this face."""

import functools
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of what is sent as JSON; fields that are absent stay as they are."""


class Query(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of what is asked for behind the question mark."""


class Shown(msgspec.Struct, frozen=True):
    """Base of what is answered."""


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


@functools.cache
def _times(kind: Any) -> tuple[str, ...]:
    """The fields of a kind that hold a time."""
    fields = msgspec.structs.fields(kind)
    return tuple(each.name for each in fields if each.type in {datetime, datetime | None})


def of_result(kind: type[Any], result: Mapping[str, Any]) -> Any:
    """A part of what a command answered as what is shown; its times are whole seconds."""
    return msgspec.convert(result, kind, strict=False)


def part(name: str, kind: type[Any]) -> Callable[[Mapping[str, Any]], Any]:
    """Shows the part `name` of what a command answered."""
    return lambda result: of_result(kind, result[name])


def gone(name: str) -> Callable[[Mapping[str, Any]], Gone]:
    """Shows the id of what a command removed."""
    return lambda result: Gone(id=str(result[name]["id"]))
