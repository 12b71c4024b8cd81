"""What is carried to a remote: contexts, what differs there, and what is on its way."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec

from accounts.queries import remotes as queries
from accounts.services import remotes as services
from identity.api.v1 import route, shapes
from identity.api.v1.route import Asked, Change
from identity.api.v1.shapes import Body, Items, Newest, Shown
from identity.paging import After, Window

State = Literal["pending", "done", "failed"]
Kind = Literal["missing", "extra", "unknown", "other_key", "other_acl"]


class RemoteDifference(Shown, frozen=True):
    """A member who stands otherwise there; `here` and `there` are keys or access lists."""

    kind: Kind
    member: str
    here: str = ""
    there: str = ""


class RemoteDrift(Shown, frozen=True):
    """What a comparison found: all numbers, and the first hundred differences.

    `extra` are or were members here, `unknown` never were; of those who are `waiting` something is
    on its way. `is_resync`: whoever differed was queued to be put right.
    """

    here: int
    there: int
    waiting: int
    missing: int
    extra: int
    unknown: int
    other_key: int
    other_acl: int
    is_resync: bool
    differences: Sequence[RemoteDifference]


class CarriedContext(Shown, frozen=True):
    """A context that is carried; `context_there` is empty until it was made there."""

    id: UUID
    remote: UUID
    context: str
    name: str
    context_there: str
    members: int
    waiting: int
    given_up: int
    checked_at: datetime | None
    drift: RemoteDrift | None
    created_at: datetime


class RemoteChange(Shown, frozen=True):
    """Something on its way, or carried in the last 30 days; `kind` is what it is about."""

    id: UUID
    remote: UUID
    carried: UUID
    context: str
    kind: str
    member: str
    why: str
    state: str
    attempts: int
    next_attempt_at: datetime
    last_error: str
    created_at: datetime
    ended_at: datetime | None


class Retried(Shown, frozen=True):
    """How many changes are tried again."""

    retried: int


class RemoteChangeFilters(Newest, frozen=True):
    """Which changes."""

    state: State | None = None
    member: Annotated[str, msgspec.Meta(max_length=128)] | None = None


class NewCarriedContext(Body, frozen=True):
    """A context to be carried; without `context_there` one is made there."""

    context: str
    context_there: str = ""
    id: UUID | None = None


class Resync(Body, frozen=True):
    """Whether those go there, too, who never were members here."""

    removes_unknown: bool = False


class Retry(Body, frozen=True):
    """Which change; all that were given up without it."""

    change: UUID | None = None


@route.act(
    "GET",
    "/remotes/{remote}/contexts",
    "remotes:get",
    "remote_contexts_list",
    "Contexts that are carried to a remote",
    shows=Items[CarriedContext],
)
def contexts(asked: Asked) -> Items[CarriedContext]:
    """By name, with what differed when they were last compared."""
    services.require_whole(asked.caller.actor)
    rows = queries.carried_by(asked.ids["remote"])
    return Items([_of_carried(row) for row in rows], None)


@route.read(
    "/remotes/{remote}/contexts/{carried}",
    "remotes:get",
    "remote_contexts_get",
    "A context that is carried",
    shows=CarriedContext,
)
def context(asked: Asked) -> CarriedContext:
    """One of them, with what differed when it was last compared."""
    services.require_whole(asked.caller.actor)
    return _of_carried(queries.carried(asked.ids["remote"], asked.ids["carried"]))


@route.listing(
    "/remotes/{remote}/changes",
    "remotes:get",
    "remote_changes_list",
    "What is on its way to a remote",
    of=RemoteChange,
    query=RemoteChangeFilters,
)
def changes(asked: Asked, after: After) -> Window[Any]:
    """The newest first; what was carried is kept for 30 days."""
    services.require_whole(asked.caller.actor)
    return queries.changes_window(asked.ids["remote"], after)


def _of_carried(row: queries.CarriedRow) -> CarriedContext:
    shown: CarriedContext = shapes.of_row(CarriedContext, _Told(row))
    return shown


class _Told:
    """A row whose comparison is absent, and not empty, where there was none."""

    def __init__(self, row: queries.CarriedRow) -> None:
        self._row = row

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._row, name)
        return value or None if name == "drift" else value


def _carried(result: Mapping[str, Any]) -> CarriedContext:
    told = dict(result["carried"])
    told["drift"] = told["drift"] or None
    shown: CarriedContext = shapes.of_result(CarriedContext, told)
    return shown


_CARRIED: Final = "/remotes/{remote}/contexts/{carried}"
_EDIT: Final = "remotes:edit"

ROUTES: Final = (
    contexts,
    context,
    changes,
    route.change(
        "POST",
        "/remotes/{remote}/retry",
        _EDIT,
        "remotes_retry",
        "Try again what was given up",
        Change("remote.retry", lambda result: Retried(result["retried"])),
        body=Retry,
        shows=Retried,
    ),
    route.change(
        "POST",
        "/remotes/{remote}/contexts",
        _EDIT,
        "remote_contexts_create",
        "Carry a context with all its members from now on",
        Change("remote.carry", _carried, made="carried"),
        body=NewCarriedContext,
        shows=CarriedContext,
    ),
    route.change(
        "DELETE",
        _CARRIED,
        _EDIT,
        "remote_contexts_delete",
        "Carry a context no more; what is there stays there",
        Change("remote.drop", shapes.gone("carried")),
        shows=shapes.Gone,
    ),
    route.change(
        "POST",
        f"{_CARRIED}/check",
        _EDIT,
        "remote_contexts_check",
        "Have both sides compared",
        Change("remote.check", _carried),
        shows=CarriedContext,
    ),
    route.change(
        "POST",
        f"{_CARRIED}/resync",
        _EDIT,
        "remote_contexts_resync",
        "Have the remote brought into step with this side",
        Change("remote.resync", _carried),
        body=Resync,
        shows=CarriedContext,
    ),
)
