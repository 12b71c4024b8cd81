"""The outbox: deliveries are written in the transaction of the event that they tell of.

Called by `audit` while the end of the scope's chain is locked. Whether a scope has listeners is
kept on that row, which is read anyway; every change of its webhooks is an event `webhook.…`, so
whoever appends such an event sets it right, in order with all other events.
"""

from collections.abc import Sequence
from typing import Final

from identity.models import AuditHead, Webhook, WebhookDelivery
from identity.services import webhook_patterns
from identity.services.audit_statements import Row

PINGED: Final = "webhook.pinged"
_OF_WEBHOOKS: Final = "webhook."


def write(rows: Sequence[Row], *, has_listeners: bool) -> None:
    """Queue these events of the scope in force for the webhooks that want them."""
    is_about_webhooks = any(row.event.name.startswith(_OF_WEBHOOKS) for row in rows)
    if not (has_listeners or is_about_webhooks):
        return
    active = list(Webhook.objects.filter(status=Webhook.Status.ACTIVE))
    if bool(active) != has_listeners:
        AuditHead.objects.update(has_listeners=bool(active))
    due = [_delivery(row, webhook) for row in rows for webhook in active if _wants(webhook, row)]
    if due:
        WebhookDelivery.objects.bulk_create(due)


def _wants(webhook: Webhook, row: Row) -> bool:
    if row.event.name == PINGED:
        # A ping is for one, whatever it listens to.
        return row.event.subject_id == str(webhook.public_id)
    return webhook_patterns.matches(webhook.events, row.event.name)


def _delivery(row: Row, webhook: Webhook) -> WebhookDelivery:
    return WebhookDelivery(
        scope_id=row.event.scope,
        webhook_id=webhook.id,
        event_id=row.id,
        event_name=row.event.name,
        sequence=row.event.seq,
        created_at=row.at,
        due_at=row.at,
    )
