"""Groups of users, and who is in them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from accounts import queries as accounts
from identity.api.v1 import route, shapes
from identity.api.v1.route import Asked, Change
from identity.api.v1.shapes import Body, Newest, Shown
from identity.paging import After, Window


class Group(Shown, frozen=True):
    """A group; `users` are the first 200 of its members, `user_count` says how many there are."""

    id: UUID
    name: str
    description: str
    version: int
    created_at: datetime
    updated_at: datetime
    users: Sequence[UUID]
    user_count: int


class NewGroup(Body, frozen=True):
    """A new group; `id` may be chosen by the client, so that a repeat makes no second one."""

    name: str
    description: str = ""
    id: UUID | None = None


class GroupEdit(Body, frozen=True):
    """A change of some fields."""

    name: str | None = None
    description: str | None = None


class NewMember(Body, frozen=True):
    """The user who is to be in the group."""

    user: UUID


class GroupFilters(Newest, frozen=True):
    """Which groups: of this name, or with this user in it."""

    name: str | None = None
    user: UUID | None = None


@route.listing("/groups", "groups:list", "groups_list", "Groups", of=Group, query=GroupFilters)
def groups(asked: Asked, after: After) -> Window[Any]:
    """Groups without their members."""
    del asked
    return accounts.groups_window(after)


@route.read(
    "/groups/{group}", "groups:get", "groups_get", "A group", shows=Group, is_versioned=True
)
def get(asked: Asked) -> Group:
    """One group with its first members."""
    return _of_row(asked)


def _of_row(asked: Asked) -> Group:
    shown: Group = shapes.of_row(Group, accounts.group(asked.ids["group"]))
    return shown


_shown = shapes.part("group", Group)

ROUTES: Final = (
    groups,
    get,
    route.change(
        "POST",
        "/groups",
        "groups:create",
        "groups_create",
        "Make a group",
        Change("group.create", _shown, made="group"),
        body=NewGroup,
        shows=Group,
    ),
    route.change(
        "PATCH",
        "/groups/{group}",
        "groups:edit",
        "groups_edit",
        "Change a group",
        Change("group.edit", _shown, present=_of_row),
        body=GroupEdit,
        shows=Group,
    ),
    route.change(
        "DELETE",
        "/groups/{group}",
        "groups:delete",
        "groups_delete",
        "Remove a group",
        Change("group.delete", shapes.gone("group")),
        shows=shapes.Gone,
    ),
    route.change(
        "POST",
        "/groups/{group}/users",
        "groups:edit",
        "group_members_add",
        "Put a user into a group",
        Change("group.add_member", _shown),
        body=NewMember,
        shows=Group,
    ),
    route.change(
        "DELETE",
        "/groups/{group}/users/{user}",
        "groups:edit",
        "group_members_remove",
        "Take a user out of a group",
        Change("group.remove_member", _shown),
        shows=Group,
    ),
)
