"""What faces and the admin read about webhooks: them, their keys, what became of each message."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from identity import errors, paging
from identity.models import AuditEvent, Webhook, WebhookAttempt, WebhookDelivery
from identity.paging import After, Window
from identity.scoping import keyset
from identity.services import webhook_deliveries, webhook_keys, webhooks

STATES: Final = frozenset(WebhookDelivery.State.values)


@dataclass(frozen=True, slots=True)
class WebhookRow:
    """A webhook. `reason` says why it is disabled: by-hand, gone or failing.

    While `failures` (in a row) are above zero it rests until `paused_until`.
    """

    id: UUID
    url: str
    description: str
    events: Sequence[str]
    status: str
    reason: str
    version: int
    created_at: datetime
    updated_at: datetime
    failures: int
    failing_since: datetime | None
    paused_until: datetime | None
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class WebhookKeyRow:
    """A public key that receivers check with, `whpk_…`. A retiring one signs until it expires."""

    id: UUID
    public: str
    status: str
    activated_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One event on its way to one webhook. `state` is pending, delivered or failed."""

    id: UUID
    webhook: UUID
    event_id: UUID
    event_name: str
    sequence: int
    state: str
    attempts: int
    created_at: datetime
    due_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One try: `status` of the answer and its beginning, or the `error` in words."""

    number: int
    at: datetime
    milliseconds: int
    status: int | None
    answer: str
    error: str


@dataclass(frozen=True, slots=True)
class DeliveryDetail:
    """A delivery with the message's body and every try, the first one first."""

    delivery: DeliveryRow
    payload: str
    attempts: Sequence[AttemptRow]


Row = WebhookRow | WebhookKeyRow | DeliveryRow | AttemptRow


def all_webhooks() -> Sequence[WebhookRow]:
    """The webhooks of the scope in force, the oldest first: there are few."""
    return [_webhook(row) for row in Webhook.objects.order_by("created_at", "id")]


def webhook(public_id: UUID) -> WebhookRow:
    """One webhook. Raises Missing."""
    return _webhook(webhooks.found(public_id))


def keys(*, now: datetime) -> Sequence[WebhookKeyRow]:
    """The public keys in use in the scope in force, the active one first; none before a webhook."""
    return [
        WebhookKeyRow(row.id, row.public, row.status, row.activated_at, row.expires_at)
        for row in webhook_keys.in_use(now=now)
    ]


def deliveries_window(public_id: UUID, after: After) -> Window[DeliveryRow]:
    """Deliveries of a webhook behind a cursor, in the order of their events; filter `state`.

    Raises Missing, Invalid, CursorInvalid.
    """
    keyset.require_bounds(after)
    found = webhooks.found(public_id)
    rows = WebhookDelivery.objects.filter(webhook_id=found.id, **_filters(after.filters))
    if after.after:
        (place,) = paging.position(after.after, tuple[int])
        rows = rows.filter(**{"sequence__lt" if after.is_descending else "sequence__gt": place})
    ordered = rows.order_by("-sequence" if after.is_descending else "sequence")
    read = list(ordered[: after.limit + 1])
    shown = [_delivery(row, public_id) for row in read[: after.limit]]
    is_end = len(read) <= after.limit
    return Window(shown, None if is_end else paging.cursor(shown[-1].sequence))


def delivery(public_id: UUID, delivery_id: UUID) -> DeliveryRow:
    """One delivery of a webhook. Raises Missing."""
    return _delivery(_found(public_id, delivery_id), public_id)


def delivery_detail(public_id: UUID, delivery_id: UUID) -> DeliveryDetail:
    """One delivery with its message and every try. Raises Missing."""
    row = _found(public_id, delivery_id)
    event = AuditEvent.objects.get(id=row.event_id)
    return DeliveryDetail(
        delivery=_delivery(row, public_id),
        payload=webhook_deliveries.payload(event).decode(),
        attempts=[_attempt(attempt) for attempt in row.tries.order_by("number")],
    )


def described(row: Row) -> dict[str, Any]:
    """A row as JSON values: ids as text, times in whole seconds since the epoch."""
    values = {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}
    plain: dict[str, Any] = msgspec.to_builtins(
        {
            name: int(value.timestamp()) if isinstance(value, datetime) else value
            for name, value in values.items()
        }
    )
    return plain


def _filters(filters: Mapping[str, Any]) -> dict[str, str]:
    if set(filters) - {"state"} or not set(filters.values()) <= STATES:
        raise errors.Invalid(f"state is one of {', '.join(sorted(STATES))}.", field="state")
    return dict(filters)


def _found(public_id: UUID, delivery_id: UUID) -> WebhookDelivery:
    webhook = webhooks.found(public_id)
    row = WebhookDelivery.objects.filter(id=delivery_id, webhook_id=webhook.id).first()
    if row is None:
        raise errors.Missing("There is no such delivery.")
    return row


def _webhook(row: Webhook) -> WebhookRow:
    return WebhookRow(
        id=row.public_id,
        url=row.url,
        description=row.description,
        events=row.events,
        status=row.status,
        reason=row.reason,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
        failures=row.failures,
        failing_since=row.failing_since,
        paused_until=row.paused_until,
        delivered_at=row.delivered_at,
    )


def _delivery(row: WebhookDelivery, public_id: UUID) -> DeliveryRow:
    return DeliveryRow(
        id=row.id,
        webhook=public_id,
        event_id=row.event_id,
        event_name=row.event_name,
        sequence=row.sequence,
        state=row.state,
        attempts=row.attempts,
        created_at=row.created_at,
        due_at=row.due_at,
        ended_at=row.ended_at,
    )


def _attempt(row: WebhookAttempt) -> AttemptRow:
    return AttemptRow(
        number=row.number,
        at=row.at,
        milliseconds=row.milliseconds,
        status=row.status,
        answer=row.answer,
        error=row.error,
    )
