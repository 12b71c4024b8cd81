"""Roles: named sets of rules that users hold."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from accounts import queries as accounts
from identity.api.v1 import route, shapes
from identity.api.v1.route import Asked, Change
from identity.api.v1.shapes import Body, Newest, Shown
from identity.paging import After, Window


class Role(Shown, frozen=True):
    """A role; the id of a predefined one is its name, and nobody changes it."""

    id: str
    name: str
    description: str
    status: str
    is_predefined: bool
    rules: Sequence[UUID]
    permissions: Sequence[str]
    approves: Sequence[str]
    version: int
    created_at: datetime | None
    updated_at: datetime | None


class RoleFilters(Newest, frozen=True):
    """Which roles."""

    status: Literal["active", "disabled"] | None = None
    name: str | None = None


class NewCustomRole(Body, frozen=True):
    """A new role of these rules; `id` may be chosen by the client."""

    name: str
    description: str = ""
    rules: tuple[UUID, ...] = ()
    id: UUID | None = None


class RoleEdit(Body, frozen=True):
    """A change of some fields; `rules` replaces all."""

    name: str | None = None
    description: str | None = None
    rules: tuple[UUID, ...] | None = None
    status: Literal["active", "disabled"] | None = None


def _present(asked: Asked) -> Role:
    shown: Role = shapes.of_row(Role, accounts.role(asked.ids["role"]))
    return shown


@route.listing("/roles", "roles:list", "roles_list", "Roles", of=Role, query=RoleFilters)
def roles(asked: Asked, after: After) -> Window[Any]:
    """Predefined roles first."""
    del asked
    return accounts.roles_window(after)


@route.read("/roles/{role}", "roles:get", "roles_get", "A role", shows=Role, is_versioned=True)
def role(asked: Asked) -> Role:
    """One role, predefined ones by their names."""
    return _present(asked)


_role = shapes.part("role", Role)

ROUTES: Final = (
    roles,
    role,
    route.change(
        "POST",
        "/roles",
        "roles:create",
        "roles_create",
        "Make a role",
        Change("role.create", _role, made="role"),
        body=NewCustomRole,
        shows=Role,
    ),
    route.change(
        "PATCH",
        "/roles/{role}",
        "roles:edit",
        "roles_edit",
        "Change a role",
        Change("role.edit", _role, present=_present),
        body=RoleEdit,
        shows=Role,
    ),
    route.change(
        "DELETE",
        "/roles/{role}",
        "roles:delete",
        "roles_delete",
        "Remove a role",
        Change("role.delete", shapes.gone("role")),
        shows=shapes.Gone,
    ),
)
