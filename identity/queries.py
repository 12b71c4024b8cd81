"""What faces and the admin read about scopes, server keys and the audit record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet

from identity import errors
from identity.models import AuditEvent, AuditHead, Scope, ScopeHost, ServerKey
from identity.paging import MOST_ROWS, Listed, Page
from identity.scoping import current
from identity.services import server_keys as keys
from identity.services.server_keys import ClientKeys

AUDIT_FILTERS: Final = frozenset({"name", "subject_kind", "subject_id"})


@dataclass(frozen=True, slots=True)
class ScopeRow:
    """A scope as operators see it."""

    id: UUID
    slug: str
    name: str
    status: str
    is_platform: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ServerKeyRow:
    """The public half of a server key. `public` is SPKI PEM or a compressed point in hex."""

    kid: str
    purpose: str
    public: str
    status: str
    activated_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One event of the audit record."""

    sequence: int
    at: datetime
    name: str
    actor: Mapping[str, str]
    subject_kind: str
    subject_id: str
    facts: Mapping[str, Any]
    digest: str


def every_scope() -> Sequence[ScopeRow]:
    """All scopes of the deployment by slug, for operators."""
    with current.across_scopes(why="operators choose a scope"):
        rows = Scope.objects.order_by("slug")
        return [
            ScopeRow(row.id, row.slug, row.name, row.status, row.is_platform, row.created_at)
            for row in rows
        ]


def scopes_behind(slug: str, *, search: str, most: int) -> Sequence[ScopeRow]:
    """At most so many scopes of the deployment by slug, for operators who search for one.

    `search` is part of the slug or the name; the slug that is that text exactly comes first.
    """
    with current.across_scopes(why="operators choose a scope"):
        rows = Scope.objects.order_by("slug")
        if search:
            rows = rows.filter(Q(slug__icontains=search) | Q(name__icontains=search))
        found = list(rows.filter(slug__gt=slug)[:most])
        exact = rows.filter(slug=search).first() if search and not slug else None
    if exact is not None:
        found = [exact, *(row for row in found if row.id != exact.id)]
    return [
        ScopeRow(row.id, row.slug, row.name, row.status, row.is_platform, row.created_at)
        for row in found
    ]


def hosts() -> Sequence[str]:
    """The host names of the scope in force."""
    rows = ScopeHost.objects.filter(scope_id=current.required_scope()).order_by("host")
    return list(rows.values_list("host", flat=True))


def server_keys(*, now: datetime) -> Sequence[ServerKeyRow]:
    """The keys of the scope in force that are of use now: active ones first, the newest first."""
    in_time = Q(status=ServerKey.Status.ACTIVE) | Q(
        status=ServerKey.Status.RETIRING, expires_at__gt=now
    )
    rows = ServerKey.objects.filter(in_time).order_by("status", "purpose", "-activated_at")
    return [
        ServerKeyRow(row.kid, row.purpose, row.public, row.status, row.activated_at, row.expires_at)
        for row in rows
    ]


def client_keys() -> ClientKeys:
    """What a client of the scope in force is configured with. Raises Missing."""
    return keys.client_keys()


def audit_page(page: Page) -> Listed[AuditRow]:
    """Events of the scope in force, sorted by their place in the chain.

    Filters: `name`, `subject_kind`, `subject_id`, each exact. Raises Invalid for others and for
    filters that are no texts.
    """
    rows = AuditEvent.objects.filter(**_audit_filters(page.filters))
    rows = rows.order_by("-sequence" if page.is_descending else "sequence")
    limit = min(page.limit, MOST_ROWS)
    shown = rows[page.offset : page.offset + limit]
    return Listed(rows=[_audit_row(row) for row in shown], total=_audit_total(rows, page))


def audit_event(sequence: int) -> AuditRow:
    """One event by its place in the chain. Raises Missing."""
    row = AuditEvent.objects.filter(sequence=sequence).first()
    if row is None:
        raise errors.Missing("There is no such event.")
    return _audit_row(row)


def _audit_filters(filters: Mapping[str, Any]) -> dict[str, str]:
    unknown = sorted(set(filters) - AUDIT_FILTERS)
    if unknown:
        raise errors.Invalid(f"Unknown filters: {', '.join(unknown)}.")
    if not all(isinstance(value, str) and "\x00" not in value for value in filters.values()):
        raise errors.Invalid("Filters are texts.")
    return dict(filters)


def _audit_total(rows: "QuerySet[AuditEvent]", page: Page) -> int:
    if page.filters:
        return rows.count()
    # The chain has no gaps: its end is the number of events, without counting.
    head = AuditHead.objects.first()
    return head.sequence if head else 0


def _audit_row(row: AuditEvent) -> AuditRow:
    return AuditRow(
        sequence=row.sequence,
        at=row.at,
        name=row.name,
        actor=row.actor,
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        facts=row.facts,
        digest=row.digest,
    )
