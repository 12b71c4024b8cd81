"""Solutions: the applications of a scope, whose circles of people are contexts."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec

from accounts.queries import contexts as queries
from identity.api.v1 import route, shapes
from identity.api.v1.route import Asked, Change
from identity.api.v1.shapes import Body, Shown
from identity.paging import After, Window

TextId = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
_NAME: Final = 256
SolutionName = Annotated[str, msgspec.Meta(max_length=_NAME)]


class Solution(Shown, frozen=True):
    """A solution; `id` is the text that programs know it by."""

    id: str
    name: str
    version: int
    created_at: datetime
    updated_at: datetime


class NewSolution(Body, frozen=True):
    """A new solution; `id` may be chosen by the client, so that a repeat makes no second one."""

    name: SolutionName
    id: TextId | None = None


class SolutionEdit(Body, frozen=True):
    """Another name."""

    name: SolutionName


@route.listing("/solutions", "solutions:list", "solutions_list", "Solutions", of=Solution)
def solutions(asked: Asked, after: After) -> Window[Any]:
    """Those that there are for the caller: a key may be limited to some."""
    return queries.solutions_window(after, limits=asked.caller.actor.limits)


@route.read(
    "/solutions/{solution}",
    "solutions:get",
    "solutions_get",
    "A solution",
    shows=Solution,
    is_versioned=True,
)
def get(asked: Asked) -> Solution:
    """One solution."""
    return _of_row(asked)


def _of_row(asked: Asked) -> Solution:
    row = queries.solution(asked.ids["solution"], limits=asked.caller.actor.limits)
    shown: Solution = shapes.of_row(Solution, row)
    return shown


def _shown(result: Mapping[str, Any]) -> Solution:
    shown: Solution = shapes.of_row(Solution, result["solution"])
    return shown


def _named(asked: Asked) -> dict[str, Any]:
    details = shapes.fields_of(asked.body)
    chosen = details.pop("id", None)
    return {**details, "solution": chosen or str(uuid.uuid4())}


ROUTES: Final = (
    solutions,
    get,
    route.change(
        "POST",
        "/solutions",
        "solutions:create",
        "solutions_create",
        "Make a solution",
        Change("solution.create", _shown, at="/solutions", prepare=_named),
        body=NewSolution,
        shows=Solution,
    ),
    route.change(
        "PATCH",
        "/solutions/{solution}",
        "solutions:edit",
        "solutions_edit",
        "Rename a solution",
        Change("solution.edit", _shown, present=_of_row),
        body=SolutionEdit,
        shows=Solution,
    ),
    route.change(
        "DELETE",
        "/solutions/{solution}",
        "solutions:delete",
        "solutions_delete",
        "Remove a solution without contexts",
        Change("solution.delete", shapes.gone("solution")),
        shows=shapes.Gone,
    ),
)
