"""What faces, pages and the admin read about applications."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity import errors
from sessions_app import return_addresses
from sessions_app.models import Application


@dataclass(frozen=True, slots=True)
class ApplicationRow:
    """An application; its id is the `client_id` of the sign-in protocol."""

    id: UUID
    name: str
    return_addresses: Sequence[str]
    status: str
    version: int
    created_at: datetime
    updated_at: datetime


def all_applications() -> Sequence[ApplicationRow]:
    """The applications of the scope in force, the oldest first: there are few."""
    return [_row(row) for row in Application.objects.order_by("created_at", "id")]


def application(application_id: UUID) -> ApplicationRow:
    """One application. Raises Missing."""
    return _row(_found(application_id))


def active(application_id: UUID) -> ApplicationRow | None:
    """The application of this id if it is in use in the scope in force."""
    rows = Application.objects.filter(id=application_id, status=Application.Status.ACTIVE)
    found = rows.first()
    return None if found is None else _row(found)


def active_by_text(text: str) -> ApplicationRow | None:
    """As `active`, for a `client_id` as somebody sent it."""
    try:
        application_id = UUID(text)
    except ValueError:
        return None
    return active(application_id) if str(application_id) == text else None


def names() -> Mapping[str, str]:
    """What the applications of the scope in force are called, by what tokens name them by."""
    return {str(key): name for key, name in Application.objects.values_list("id", "name")}


def name_of(text: str) -> str:
    """What an application is called, of any state; empty for a text that names none."""
    try:
        named = Application.objects.filter(id=UUID(text))
    except ValueError:
        return ""
    return named.values_list("name", flat=True).first() or ""


def origins() -> frozenset[str]:
    """The origins that active applications of the scope in force send their users back to."""
    rows = Application.objects.filter(status=Application.Status.ACTIVE)
    lists = rows.values_list("return_addresses", flat=True)
    return return_addresses.origins(address for addresses in lists for address in addresses)


def _row(row: Application) -> ApplicationRow:
    return ApplicationRow(
        id=row.id,
        name=row.name,
        return_addresses=row.return_addresses,
        status=row.status,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _found(application_id: UUID) -> Application:
    application = Application.objects.filter(id=application_id).first()
    if application is None:
        raise errors.Missing("There is no such application.")
    return application
