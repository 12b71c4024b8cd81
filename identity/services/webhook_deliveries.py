"""Deliveries on their way: claimed by one courier at a time, made into letters, recorded.

A courier holds a lease on a *webhook*, not on single deliveries: so a receiver never gets more at
once than one courier sends, a dead one holds up nobody but itself, and two couriers never work on
the same delivery. A courier that was killed loses its lease by time. Nothing here calls anybody.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from identity import ids
from identity.crypto import webhook_signature
from identity.models import AuditEvent, Scope, Webhook, WebhookDelivery
from identity.scoping import current
from identity.services import webhook_keys
from identity.services.webhook_pace import Pace

_PENDING: Final = WebhookDelivery.State.PENDING


@dataclass(frozen=True, slots=True)
class Due:
    """A webhook for which something is due."""

    scope_id: UUID
    webhook_id: UUID


@dataclass(frozen=True, slots=True)
class Claim:
    """A webhook that this courier alone works for, until the lease ends."""

    scope_id: UUID
    webhook_id: UUID
    lease: UUID


@dataclass(frozen=True, slots=True)
class Letter:
    """One message, ready to be posted."""

    delivery_id: UUID
    attempts: int
    url: str
    headers: dict[str, str]
    body: bytes


def due(*, now: datetime, most: int) -> Sequence[Due]:
    """Webhooks of all scopes for which something is due and nobody works, the longest idle first.

    Not those that are disabled or paused after a failure, nor those of a scope that is not active.
    """
    with current.across_scopes(why="webhooks are delivered for every scope"):
        waiting = WebhookDelivery.objects.filter(state=_PENDING, due_at__lte=now)
        rows = Webhook.objects.filter(
            _is_free(now),
            _is_open(now),
            id__in=waiting.values("webhook_id"),
        ).order_by(F("claimed_at").asc(nulls_first=True))
        found = rows.values_list("scope_id", "id")[:most]
        return [Due(scope_id, webhook_id) for scope_id, webhook_id in found]


def claim(wanted: Due, *, now: datetime, pace: Pace) -> Claim | None:
    """Take a webhook's lease by one conditional statement; None when another courier has it."""
    lease = ids.new()
    with current.in_scope(wanted.scope_id):
        taken = Webhook.objects.filter(_is_free(now), id=wanted.webhook_id).update(
            lease=lease, leased_until=now + pace.lease, claimed_at=now
        )
    return Claim(wanted.scope_id, wanted.webhook_id, lease) if taken else None


def letters(claim: Claim, *, now: datetime, pace: Pace) -> Sequence[Letter]:
    """The next few messages, signed; the lease is renewed.

    Empty when nothing is due, when the lease was lost, and when the webhook was deleted or disabled
    or its scope suspended a moment ago. A receiver that failed last is tried with one message.
    """
    with current.in_scope(claim.scope_id):
        with transaction.atomic():
            renewed = Webhook.objects.filter(
                _is_open(now), id=claim.webhook_id, lease=claim.lease
            ).update(leased_until=now + pace.lease)
            if not renewed:
                return []
            webhook = Webhook.objects.get(id=claim.webhook_id)
            waiting = _waiting(webhook, now=now, most=1 if webhook.failures else pace.at_once)
        # Opening the keys may call whoever holds the key-encryption key: not in a transaction.
        return _written(webhook, waiting, now=now) if waiting else []


def release(claim: Claim) -> None:
    """Give the lease back."""
    with current.in_scope(claim.scope_id):
        Webhook.objects.filter(id=claim.webhook_id, lease=claim.lease).update(
            lease=None, leased_until=None
        )


def payload(event: AuditEvent) -> bytes:
    """The body of the message about an event: the same bytes whenever it is sent."""
    data: dict[str, Any] = {
        "id": str(event.id),
        "scope": str(event.scope_id),
        "sequence": event.sequence,
        "subject": {"kind": event.subject_kind, "id": event.subject_id},
        "actor": event.actor,
        "facts": event.facts,
    }
    message = {"type": event.name, "timestamp": _iso(event.at), "data": data}
    return json.dumps(message, separators=(",", ":"), sort_keys=True).encode()


def _waiting(webhook: Webhook, *, now: datetime, most: int) -> list[WebhookDelivery]:
    rows = WebhookDelivery.objects.filter(webhook_id=webhook.id, state=_PENDING, due_at__lte=now)
    return list(rows.order_by("due_at", "sequence")[:most])


def _written(
    webhook: Webhook, waiting: Sequence[WebhookDelivery], *, now: datetime
) -> list[Letter]:
    keys = webhook_keys.signing_keys(now=now)
    events = AuditEvent.objects.in_bulk([delivery.event_id for delivery in waiting])
    written = []
    for delivery in waiting:
        body = payload(events[delivery.event_id])
        signed = webhook_signature.sign(keys, str(delivery.event_id), int(now.timestamp()), body)
        headers = {"Content-Type": "application/json", "User-Agent": "Countersign", **signed}
        written.append(Letter(delivery.id, delivery.attempts, webhook.url, headers, body))
    return written


def _is_free(now: datetime) -> Q:
    return Q(lease__isnull=True) | Q(leased_until__lte=now)


def _is_open(now: datetime) -> Q:
    is_rested = Q(paused_until__isnull=True) | Q(paused_until__lte=now)
    # Not a join: conditions on the row itself are asked again when its lock was waited for.
    scopes = Scope.objects.filter(status=Scope.Status.ACTIVE).values("id")
    return Q(status=Webhook.Status.ACTIVE, scope_id__in=scopes) & is_rested


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
