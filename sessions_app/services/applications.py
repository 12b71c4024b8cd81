"""Applications of a scope: made, changed, switched on and off, removed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from identity import errors
from identity.actor import Actor
from identity.errors import DomainError, Kind
from identity.scoping import current
from identity.services import audit
from sessions_app import return_addresses
from sessions_app.models import Application, Session

MOST: Final = 200
LONGEST_NAME: Final = 100
_ACTIVE: Final = Application.Status.ACTIVE


class TooManyApplications(DomainError):
    """A scope is one organization, not a marketplace."""

    kind = Kind.CONFLICT
    code = "application.too-many"
    title = "The scope has as many applications as allowed. Delete one first."


def create(
    *, application_id: UUID, name: str, addresses: Sequence[str], by: Actor, now: datetime
) -> Application:
    """Make an application; the same call again gives the same one.

    Raises Invalid, TooManyApplications, Conflict for an id that another application has.
    """
    wanted = checked(name=name, addresses=addresses)
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        earlier = Application.objects.filter(id=application_id).first()
        if earlier is not None:
            if all(getattr(earlier, field) == value for field, value in wanted.items()):
                return earlier
            raise errors.Conflict("Another application has this id.")
        if Application.objects.count() >= MOST:
            raise TooManyApplications
        application = Application(
            id=application_id, scope_id=by.scope_id, created_at=now, updated_at=now, **wanted
        )
        application.save(force_insert=True)
        _record("application.created", application, by=by, now=now)
    return application


def edit(
    *,
    application_id: UUID,
    name: str | None = None,
    addresses: Sequence[str] | None = None,
    status: str | None = None,
    by: Actor,
    now: datetime,
) -> Application:
    """Change what is given. `status` is active or disabled; disabling ends its sessions.

    Raises Missing, Invalid.
    """
    changes = checked(name=name, addresses=addresses)
    if status not in {None, *Application.Status.values}:
        raise errors.Invalid("status is active or disabled.", field="status")
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        application = _locked(application_id)
        before = list(application.return_addresses)
        for field, value in changes.items():
            setattr(application, field, value)
        facts: dict[str, Any] = {}
        if status is not None and status != application.status:
            application.status = Application.Status(status)
            if status != _ACTIVE:
                facts["ended_sessions"] = _end_sessions(application, "application-disabled", now)
        application.version += 1
        application.updated_at = now
        application.save()
        facts["old_return_addresses"] = before
        _record("application.edited", application, by=by, now=now, facts=facts)
    return application


def delete(*, application_id: UUID, by: Actor, now: datetime) -> None:
    """Remove an application; sessions that it began end. Raises Missing."""
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        application = _locked(application_id)
        ended = _end_sessions(application, "application-deleted", now)
        facts = {"ended_sessions": ended}
        _record("application.deleted", application, by=by, now=now, facts=facts)
        application.delete()


def checked(*, name: str | None = None, addresses: Sequence[str] | None = None) -> dict[str, Any]:
    """What is given, in the form that is stored. Raises Invalid."""
    changes: dict[str, Any] = {}
    if name is not None:
        if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
            raise errors.Invalid(
                f"name is one line of at most {LONGEST_NAME} characters.", field="name"
            )
        changes["name"] = name.strip()
    if addresses is not None:
        changes["return_addresses"] = return_addresses.checked(addresses)
    return changes


def _locked(application_id: UUID) -> Application:
    application = Application.objects.select_for_update().filter(id=application_id).first()
    if application is None:
        raise errors.Missing("There is no such application.")
    return application


def _end_sessions(application: Application, reason: str, now: datetime) -> int:
    """Sessions of an application have its id as their audience."""
    going_on = Session.objects.filter(audience=str(application.id), status=Session.Status.ACTIVE)
    return going_on.update(status=Session.Status.ENDED, ended_at=now, ended_reason=reason)


def _record(
    name: str,
    application: Application,
    *,
    by: Actor,
    now: datetime,
    facts: Mapping[str, Any] | None = None,
) -> None:
    told = {
        "name": application.name,
        "return_addresses": application.return_addresses,
        "status": str(application.status),
        "version": application.version,
        **(facts or {}),
    }
    subject = ("application", str(application.id))
    audit.record(name, by=by, subject=subject, now=now, facts=told)
