"""Applications: programs whose users sign in here, and where those may be sent back to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from identity.api.v1 import route, shapes
from identity.api.v1.route import Asked, Change
from identity.api.v1.shapes import Body, Items, Shown
from sessions_app.queries import applications as queries


class Application(Shown, frozen=True):
    """An application. Its id is the `client_id` of the sign-in protocol; it has no secret."""

    id: UUID
    name: str
    return_addresses: Sequence[str]
    status: str
    version: int
    created_at: datetime
    updated_at: datetime


class NewApplication(Body, frozen=True):
    """A new application; users are sent back to these very addresses and no others."""

    name: str
    return_addresses: tuple[str, ...]
    id: UUID | None = None


class ApplicationEdit(Body, frozen=True):
    """A change of some fields; `return_addresses` replaces all."""

    name: str | None = None
    return_addresses: tuple[str, ...] | None = None
    status: Literal["active", "disabled"] | None = None


@route.act(
    "GET",
    "/applications",
    "applications:list",
    "applications_list",
    "Applications of the scope",
    shows=Items[Application],
)
def applications(asked: Asked) -> Items[Application]:
    """The oldest first."""
    del asked
    return Items([shapes.of_row(Application, row) for row in queries.all_applications()], None)


def _present(asked: Asked) -> Application:
    shown: Application = shapes.of_row(Application, queries.application(asked.ids["application"]))
    return shown


@route.read(
    "/applications/{application}",
    "applications:get",
    "applications_get",
    "An application",
    shows=Application,
    is_versioned=True,
)
def application(asked: Asked) -> Application:
    """One application."""
    return _present(asked)


_shown = shapes.part("application", Application)

ROUTES: Final = (
    applications,
    application,
    route.change(
        "POST",
        "/applications",
        "applications:create",
        "applications_create",
        "Make an application",
        Change("application.create", _shown, made="application"),
        body=NewApplication,
        shows=Application,
    ),
    route.change(
        "PATCH",
        "/applications/{application}",
        "applications:edit",
        "applications_edit",
        "Change an application, switch it off or on",
        Change("application.edit", _shown, present=_present),
        body=ApplicationEdit,
        shows=Application,
    ),
    route.change(
        "DELETE",
        "/applications/{application}",
        "applications:delete",
        "applications_delete",
        "Remove an application; its sessions end",
        Change("application.delete", shapes.gone("application")),
        shows=shapes.Gone,
    ),
)
