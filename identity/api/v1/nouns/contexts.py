"""Contexts: circles of users of a solution, and the other solutions that borrow them."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec

from accounts.queries import contexts as queries
from identity.api.v1 import route, shapes
from identity.api.v1.route import Asked, Change
from identity.api.v1.shapes import Body, Newest, Shown
from identity.paging import After, Window

TextId = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Line = Annotated[str, msgspec.Meta(max_length=128)]
Visibility = Literal["private", "public"]
Contacts = Literal["everyone", "staff"]
Joining = Literal["closed", "open"]


class Context(Shown, frozen=True):
    """A context; ids are the texts that programs know. `shares` are the solutions that borrow it.

    - `visibility`: only a public one can be shared with other solutions;
    - `contacts`: whom members who are no staff may see, everyone or staff only;
    - `joining`: in an open one, whoever proves to hold a key may join with it;
    - `status`: a disabled one takes nobody in until it is enabled again.
    """

    id: str
    solution: str
    shares: Sequence[str]
    name: str
    description: str
    visibility: Visibility
    policy: Mapping[str, Any]
    contacts: Contacts
    joining: Joining
    status: Literal["active", "disabled"]
    member_count: int
    version: int
    created_at: datetime
    updated_at: datetime


class NewContext(Body, frozen=True):
    """A new context; `id` may be chosen by the client, so that a repeat makes no second one."""

    solution: TextId
    name: Line
    description: Line = ""
    visibility: Visibility = "private"
    policy: dict[str, Any] = msgspec.field(default_factory=dict)
    contacts: Contacts = "everyone"
    joining: Joining = "closed"
    id: TextId | None = None


class ContextEdit(Body, frozen=True):
    """A change of some fields."""

    name: Line | None = None
    description: Line | None = None
    visibility: Visibility | None = None
    policy: dict[str, Any] | None = None
    contacts: Contacts | None = None
    joining: Joining | None = None


class ContextFilters(Newest, frozen=True):
    """Which contexts: those of this solution, its own and borrowed ones."""

    solution: TextId | None = None


@route.listing(
    "/contexts", "contexts:list", "contexts_list", "Contexts", of=Context, query=ContextFilters
)
def contexts(asked: Asked, after: After) -> Window[Any]:
    """Those that there are for the caller: a key may be limited to some."""
    limits = asked.caller.actor.limits
    solution = after.filters.get("solution", "")
    return queries.contexts_window(after, limits=limits, solution_id=solution)


@route.read(
    "/contexts/{context}",
    "contexts:get",
    "contexts_get",
    "A context",
    shows=Context,
    is_versioned=True,
)
def get(asked: Asked) -> Context:
    """One context."""
    return _of_row(asked)


def _of_row(asked: Asked) -> Context:
    row = queries.context(asked.ids["context"], limits=asked.caller.actor.limits)
    shown: Context = shapes.of_row(Context, row)
    return shown


def _shown(result: Mapping[str, Any]) -> Context:
    shown: Context = shapes.of_row(Context, result["context"])
    return shown


def _named(asked: Asked) -> dict[str, Any]:
    details = shapes.fields_of(asked.body)
    chosen = details.pop("id", None)
    return {**details, "context": chosen or str(uuid.uuid4())}


ROUTES: Final = (
    contexts,
    get,
    route.change(
        "POST",
        "/contexts",
        "contexts:create",
        "contexts_create",
        "Make a context",
        Change("context.create", _shown, at="/contexts", prepare=_named),
        body=NewContext,
        shows=Context,
    ),
    route.change(
        "PATCH",
        "/contexts/{context}",
        "contexts:edit",
        "contexts_edit",
        "Change a context",
        Change("context.edit", _shown, present=_of_row),
        body=ContextEdit,
        shows=Context,
    ),
    route.change(
        "DELETE",
        "/contexts/{context}",
        "contexts:delete",
        "contexts_delete",
        "Remove a context with all its members",
        Change("context.delete", shapes.gone("context")),
        shows=shapes.Gone,
    ),
    route.change(
        "POST",
        "/contexts/{context}/disable",
        "contexts:edit",
        "contexts_disable",
        "Stop a context",
        Change("context.disable", _shown),
        shows=Context,
    ),
    route.change(
        "POST",
        "/contexts/{context}/enable",
        "contexts:edit",
        "contexts_enable",
        "Let a context go on",
        Change("context.enable", _shown),
        shows=Context,
    ),
    route.change(
        "PUT",
        "/contexts/{context}/shares/{solution}",
        "contexts:edit",
        "contexts_share",
        "Share a public context with another solution",
        Change("context.share", _shown),
        shows=Context,
    ),
    route.change(
        "DELETE",
        "/contexts/{context}/shares/{solution}",
        "contexts:edit",
        "contexts_unshare",
        "Take a context away from a solution that borrows it",
        Change("context.unshare", _shown),
        shows=Context,
    ),
)
