"""Staff: who works in the scope's admin, let in, dismissed, helped."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from accounts import queries as accounts
from identity.api.v1 import route, shapes
from identity.api.v1.route import Asked, Change
from identity.api.v1.shapes import Body, Place, Shown
from identity.paging import After, Window


class Staff(Shown, frozen=True):
    """A member of staff by the id of its user here.

    `login` is `slug/user name` of who signs in in another scope, else empty; whether those have
    one-time passwords is not known here: null.
    """

    id: UUID
    username: str
    status: str
    login: str
    roles: Sequence[str]
    has_one_time_password: bool | None
    admitted_at: datetime | None


class Admission(Body, frozen=True):
    """A person of this scope by `id`; or with `login` somebody who signs in in another scope.

    A login acts as a new user with these `roles`, whose `id` the client may choose.
    """

    id: UUID | None = None
    login: str = ""
    roles: tuple[str, ...] = ()


@route.listing("/staff", "staff:list", "staff_list", "Staff", of=Staff, query=Place)
def members(asked: Asked, after: After) -> Window[Any]:
    """Who works in this scope's admin, in the order of user names."""
    del asked
    return accounts.staff_window(replace(after, is_descending=False))


@route.read("/staff/{user}", "staff:list", "staff_get", "A member of staff", shows=Staff)
def member(asked: Asked) -> Staff:
    """One member of staff."""
    shown: Staff = shapes.of_row(Staff, accounts.staff_member(asked.ids["user"]))
    return shown


ROUTES: Final = (
    members,
    member,
    route.change(
        "POST",
        "/staff",
        "staff:create",
        "staff_admit",
        "Let somebody in to the scope's admin",
        Change("staff.admit", shapes.part("staff", Staff), made="user"),
        body=Admission,
        shows=Staff,
    ),
    route.change(
        "DELETE",
        "/staff/{user}",
        "staff:delete",
        "staff_dismiss",
        "Shut a member of staff out",
        Change("staff.dismiss", shapes.gone("user")),
        shows=shapes.Gone,
    ),
    route.change(
        "DELETE",
        "/staff/{user}/one-time-password",
        "staff:delete",
        "staff_reset_one_time_password",
        "Take a lost generator of one-time passwords away",
        Change("one-time-password.reset", shapes.gone("user")),
        shows=shapes.Gone,
    ),
)
