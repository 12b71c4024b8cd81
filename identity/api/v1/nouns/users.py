"""Users: people and programs, what they may do, and whether they are let in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from accounts import queries as accounts
from identity.api.v1 import route, shapes
from identity.api.v1.route import Asked, Change
from identity.api.v1.shapes import Body, Newest, Shown
from identity.paging import After, Window


class User(Shown, frozen=True):
    """A person or a program. `roles` are names, `groups` ids."""

    id: UUID
    username: str
    email: str
    first_name: str
    last_name: str
    mobile: str
    customer_id: str
    kind: Literal["person", "program"]
    status: str
    roles: Sequence[str]
    groups: Sequence[UUID]
    networks: Sequence[str]
    expires_at: datetime | None
    version: int
    created_at: datetime
    created_by: UUID | None
    updated_at: datetime
    updated_by: UUID | None


class UserFilters(Newest, frozen=True):
    """Which users; of `search` and `email_begins`, which change the order, one only."""

    status: Literal["invited", "active", "disabled"] | None = None
    kind: Literal["person", "program"] | None = None
    email: str | None = None
    username: str | None = None
    role: str | None = None
    group: UUID | None = None
    search: str | None = None
    email_begins: str | None = None


class UserEdit(Body, frozen=True):
    """A change of some fields; `status` shuts out and lets in."""

    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    mobile: str | None = None
    customer_id: str | None = None
    status: Literal["active", "disabled"] | None = None


class NewRole(Body, frozen=True):
    """The role to give: the name of a predefined one, the id of another."""

    role: str


class NewProgram(Body, frozen=True):
    """A program with its device's public keys: a P-256 point in hex and an RSA key in PEM."""

    email: str
    signature_key: str
    encryption_key: str
    id: UUID | None = None
    first_name: str = ""
    last_name: str = ""
    roles: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    expires_at: datetime | None = None


class Program(Shown, frozen=True):
    """A new program: its account and the id of its device."""

    id: UUID
    user: User
    device: UUID


def is_self(asked: Asked) -> bool:
    """Whether the path names the caller's own account."""
    public_id = asked.caller.actor.public_id
    return public_id is not None and asked.ids["user"] == public_id


def present(asked: Asked) -> User:
    """The user of the path as it is now."""
    shown: User = shapes.of_row(User, accounts.user(asked.ids["user"]))
    return shown


@route.listing("/users", "users:list", "users_list", "Users", of=User, query=UserFilters)
def users(asked: Asked, after: After) -> Window[Any]:
    """Users who are not deleted."""
    del asked
    return accounts.users_window(after)


@route.read(
    "/users/{user}",
    "users:get",
    "users_get",
    "A user",
    shows=User,
    own=is_self,
    is_versioned=True,
)
def user(asked: Asked) -> User:
    """One user."""
    return present(asked)


def _program(result: Any) -> Program:
    shown: User = shapes.of_result(User, result["user"])
    return Program(id=shown.id, user=shown, device=UUID(result["device"]["id"]))


_user = shapes.part("user", User)

ROUTES: Final = (
    users,
    user,
    route.change(
        "POST",
        "/users",
        "users:create",
        "programs_create",
        "Make a program with its device",
        Change("user.create", _program, made="user", brings_keys=True),
        body=NewProgram,
        shows=Program,
    ),
    route.change(
        "PATCH",
        "/users/{user}",
        "users:edit",
        "users_edit",
        "Change a user, shut one out or let one in",
        Change("user.edit", _user, present=present),
        body=UserEdit,
        shows=User,
    ),
    route.change(
        "DELETE",
        "/users/{user}",
        "users:delete",
        "users_delete",
        "Remove a user for ever",
        Change("user.delete", shapes.gone("user")),
        shows=shapes.Gone,
    ),
    route.change(
        "POST",
        "/users/{user}/roles",
        "users:edit",
        "user_roles_grant",
        "Give a role",
        Change("role.grant", _user),
        body=NewRole,
        shows=User,
    ),
    route.change(
        "DELETE",
        "/users/{user}/roles/{role}",
        "users:edit",
        "user_roles_withdraw",
        "Take a role away",
        Change("role.withdraw", _user),
        shows=User,
    ),
    route.change(
        "DELETE",
        "/users/{user}/password",
        "passwords:delete",
        "user_passwords_reset",
        "Remove an account's password that its owner lost",
        Change("password.reset", shapes.gone("user")),
        shows=shapes.Gone,
    ),
)
