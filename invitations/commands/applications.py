"""Commands about applications: where users are sent with a code of theirs is sensitive."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from identity.actor import Actor
from invitations.commands.command import Command, Input, Result, Target, registry
from sessions_app.queries import applications as queries
from sessions_app.queries import rows
from sessions_app.services import applications


class CreateApplication(Input, frozen=True):
    """A new application with the exact addresses that its users may be sent back to."""

    application: UUID
    name: str
    return_addresses: tuple[str, ...]


class EditApplication(Input, frozen=True):
    """A change of some fields; absent ones stay. `status` is active or disabled."""

    application: UUID
    name: str | None = None
    return_addresses: tuple[str, ...] | None = None
    status: str | None = None


class DeleteApplication(Input, frozen=True):
    """The removal of an application."""

    application: UUID


def create(details: CreateApplication, *, by: Actor, now: datetime) -> Result:
    """Make the application."""
    applications.create(
        application_id=details.application,
        name=details.name,
        addresses=details.return_addresses,
        by=by,
        now=now,
    )
    return _application(details.application)


def edit(details: EditApplication, *, by: Actor, now: datetime) -> Result:
    """Change the application."""
    applications.edit(
        application_id=details.application,
        name=details.name,
        addresses=details.return_addresses,
        status=details.status,
        by=by,
        now=now,
    )
    return _application(details.application)


def delete(details: DeleteApplication, *, by: Actor, now: datetime) -> Result:
    """Remove the application."""
    applications.delete(application_id=details.application, by=by, now=now)
    return {"application": {"id": str(details.application)}}


def _application(application_id: UUID) -> Result:
    return {"application": rows.described(queries.application(application_id))}


def _target(details: EditApplication | DeleteApplication) -> Target:
    version = queries.application(details.application).version
    return Target("application", str(details.application), version)


def _validate(details: CreateApplication | EditApplication) -> None:
    applications.checked(name=details.name, addresses=details.return_addresses)


def _facts(details: EditApplication | DeleteApplication) -> Mapping[str, Any]:
    row = queries.application(details.application)
    return {"old_return_addresses": list(row.return_addresses)}


_APPLICATION = "/applications/{application}"

registry.add(
    Command(
        name="application.create",
        action="add",
        resource="/applications",
        permission="applications:create",
        input=CreateApplication,
        execute=create,
        validate=_validate,
    ),
    Command(
        name="application.edit",
        action="edit",
        resource=_APPLICATION,
        permission="applications:edit",
        input=EditApplication,
        execute=edit,
        validate=_validate,
        target=_target,
        facts=_facts,
    ),
    Command(
        name="application.delete",
        action="delete",
        resource=_APPLICATION,
        permission="applications:delete",
        input=DeleteApplication,
        execute=delete,
        target=_target,
        facts=_facts,
    ),
)
