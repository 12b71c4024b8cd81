"""What faces, pages and the admin read about providers; never their secrets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity import errors
from sessions_app.models import Provider


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """A provider. `has_secret` tells that there is a client secret, which nobody reads."""

    id: UUID
    slug: str
    name: str
    kind: str
    issuer: str
    client_id: str
    has_secret: bool
    options: Mapping[str, str]
    status: str
    position: int
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class OfferedProvider:
    """A provider as the sign-in page offers it."""

    slug: str
    name: str
    kind: str


def all_providers() -> Sequence[ProviderRow]:
    """The providers of the scope in force, in the order in which people see them: there are few."""
    return [_row(row) for row in Provider.objects.order_by("position", "created_at", "id")]


def provider(provider_id: UUID) -> ProviderRow:
    """One provider. Raises Missing."""
    return _row(found(provider_id))


def offered() -> Sequence[OfferedProvider]:
    """The enabled providers of the scope in force, in order."""
    rows = Provider.objects.filter(status=Provider.Status.ENABLED)
    return [
        OfferedProvider(row.slug, row.name, row.kind)
        for row in rows.order_by("position", "created_at", "id").only("slug", "name", "kind")
    ]


def _row(row: Provider) -> ProviderRow:
    return ProviderRow(
        id=row.id,
        slug=row.slug,
        name=row.name,
        kind=row.kind,
        issuer=row.issuer,
        client_id=row.client_id,
        has_secret=bool(row.sealed_secret),
        options=row.options,
        status=row.status,
        position=row.position,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def found(provider_id: UUID) -> Provider:
    """The provider of this id in the scope in force. Raises Missing."""
    provider = Provider.objects.filter(id=provider_id).first()
    if provider is None:
        raise errors.Missing("There is no such provider.")
    return provider
