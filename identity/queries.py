"""What faces and the admin read about scopes, server keys and the audit record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import BigIntegerField, F, Q, QuerySet, Value

from identity import errors, paging
from identity.actor import Actor, ActorKind
from identity.models import AuditEvent, AuditHead, Scope, ScopeHost, ServerKey
from identity.paging import MOST_ROWS, After, Listed, Page, Window
from identity.scoping import current, keyset, prepared
from identity.services import server_keys as keys
from identity.services.server_keys import ClientKeys

MOST_TEXT: Final = 512
AUDIT_FILTERS: Final = frozenset({"name", "subject_kind", "subject_id"})
_BY_SLUG: Final = keyset.Key("slug", is_text=True)
_SCOPE: Final = prepared.prepare(lambda scope: Scope.objects.filter(id=scope), "scope")
_HEAD: Final = prepared.prepare(lambda: AuditHead.objects.values_list("sequence"))
_IN_TIME: Final = {"from": "at__gte", "to": "at__lt"}
_TEXTS: Final = {"user": "actor_user"} | {name: name for name in AUDIT_FILTERS}


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
    id: UUID


def every_scope() -> Sequence[ScopeRow]:
    """All scopes of the deployment by slug, for operators."""
    with current.across_scopes(why="operators choose a scope"):
        return [_scope_row(row) for row in Scope.objects.order_by("slug")]


def scopes_window(after: After, *, by: Actor) -> Window[ScopeRow]:
    """All scopes in the order of slugs for operators and the platform, the own one for others.

    Filters: `search` (how the slug or the name begins, the name in any case) and `status`.
    Raises Invalid, CursorInvalid.
    """
    if by.is_operator or by.kind is ActorKind.SYSTEM:
        return scopes_for_operators(after)
    keyset.require_bounds(after)
    return Window([] if after.after else [scope()], None)


def scopes_for_operators(after: After) -> Window[ScopeRow]:
    """All scopes as `scopes_window` shows them; the caller has seen that an operator asks."""
    rows = Scope.objects.all()
    for name, value in after.filters.items():
        text = _text(value)
        if name == "search":
            by_slug = keyset.beginning_with(Scope.objects.all(), "slug", text.lower())
            rows = rows.filter(Q(id__in=by_slug.values("id")) | Q(name__istartswith=text))
        elif name == "status" and text in Scope.Status.values:
            rows = rows.filter(status=text)
        else:
            raise errors.Invalid("Filters are search, and status: active, suspended or closed.")
    with current.across_scopes(why="operators choose a scope"):
        found, following = keyset.window(rows, after, _BY_SLUG)
    return Window([_scope_row(row) for row in found], following)


def scope() -> ScopeRow:
    """The scope in force. Raises Missing."""
    row = _SCOPE.instance(Scope, scope=current.required_scope())
    if row is None:
        raise errors.Missing("There is no such scope.")
    return _scope_row(row)


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


def active_server_keys() -> Sequence[ServerKeyRow]:
    """The active keys of the scope in force, one of each purpose."""
    rows = ServerKey.objects.filter(status=ServerKey.Status.ACTIVE).order_by("purpose")
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


def audit_window(after: After) -> Window[AuditRow]:
    """Events of the scope in force behind a cursor, in the order of the chain.

    Filters: `name`, `subject_kind`, `subject_id`, `user` (who acted, by the client-visible id),
    each exact (`subject_kind` may be a tuple of them); `name_begins`; `from` and `to` (aware
    datetimes, `to` excluded; then the order is that of times); `alarm` (a bool).
    Raises Invalid, CursorInvalid.
    """
    keyset.require_bounds(after)
    rows = AuditEvent.objects.all()
    for name, value in after.filters.items():
        rows = _narrowed(rows, name, value)
    is_by_time = bool(_IN_TIME.keys() & after.filters.keys())
    behind = _behind_time(rows, after) if is_by_time else _behind_sequence(rows, after)
    found = list(behind[: after.limit + 1])
    shown = [_audit_row(row) for row in found[: after.limit]]
    if len(found) <= after.limit:
        return Window(shown, None)
    last = shown[-1]
    return Window(
        shown,
        keyset.cursor_of(last.at, last.sequence) if is_by_time else paging.cursor(last.sequence),
    )


def _behind_sequence(rows: "QuerySet[AuditEvent]", after: After) -> "QuerySet[AuditEvent]":
    if after.after:
        (place,) = paging.position(after.after, tuple[int])
        rows = rows.filter(**{"sequence__lt" if after.is_descending else "sequence__gt": place})
    return rows.order_by("-sequence" if after.is_descending else "sequence")


def _behind_time(rows: "QuerySet[AuditEvent]", after: After) -> "QuerySet[AuditEvent]":
    # Times and the chain may differ by moments; a range of times is read in its own order.
    if after.after:
        micros, sequence = paging.position(after.after, tuple[int, int])
        place = Value(keyset.moment(micros), keyset.DATE), Value(sequence, BigIntegerField())
        columns = F("at"), F("sequence")
        rows = rows.filter(keyset.Beyond(*columns, *place, is_descending=after.is_descending))
    direction = "-" if after.is_descending else ""
    return rows.order_by(f"{direction}at", f"{direction}sequence")


def _narrowed(rows: "QuerySet[AuditEvent]", name: str, value: Any) -> "QuerySet[AuditEvent]":
    if name == "subject_kind" and isinstance(value, tuple):
        return rows.filter(subject_kind__in=[_text(kind) for kind in value])
    if name in _TEXTS:
        return rows.filter(**{_TEXTS[name]: _text(value)})
    if name == "name_begins":
        return keyset.beginning_with(rows, "name", _text(value))
    if name in _IN_TIME and isinstance(value, datetime) and value.tzinfo is not None:
        return rows.filter(**{_IN_TIME[name]: value})
    if name == "alarm" and isinstance(value, bool):
        return rows.filter(is_alarm=value)
    raise errors.Invalid(f"There is no filter {name!r} here, or not with this value.")


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MOST_TEXT or not paging.is_usable(value):
        raise errors.Invalid("Filters are texts.")
    return value


def _scope_row(row: Scope) -> ScopeRow:
    return ScopeRow(row.id, row.slug, row.name, row.status, row.is_platform, row.created_at)


def audit_sequence() -> int:
    """The place of the last event of the scope in force, in one prepared statement."""
    rows = _HEAD.rows()
    return int(rows[0][0]) if rows else 0


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
        id=row.id,
    )
