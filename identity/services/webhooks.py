"""Webhooks: made, changed, removed, tried out; and deliveries sent again by hand."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from identity import errors
from identity.actor import Actor
from identity.errors import DomainError, Kind
from identity.models import Webhook, WebhookDelivery
from identity.scoping import current
from identity.services import audit, outside, webhook_keys, webhook_outbox, webhook_patterns

MOST: Final = 20
LONGEST_DESCRIPTION: Final = 200
_ACTIVE, _DISABLED = Webhook.Status.ACTIVE, Webhook.Status.DISABLED
_PENDING, _FAILED = WebhookDelivery.State.PENDING, WebhookDelivery.State.FAILED


class TooManyWebhooks(DomainError):
    """Each of them costs a row for each event."""

    kind = Kind.CONFLICT
    code = "webhook.too-many"
    title = "The scope has as many webhooks as allowed. Delete one first."


class WebhookDisabled(DomainError):
    """Nothing is sent to it until it is enabled again."""

    kind = Kind.CONFLICT
    code = "webhook.disabled"
    title = "This webhook is disabled. Enable it first."


def create(
    *,
    public_id: UUID,
    url: str,
    events: Sequence[str],
    description: str = "",
    by: Actor,
    now: datetime,
) -> Webhook:
    """Make a webhook; the same call again gives the same one. The first one makes the key too.

    Raises AddressRefused, TooManyWebhooks, `identity.errors.Invalid`, Conflict for an id that
    another webhook has.
    """
    wanted = {"url": url, **checked(url=url, events=events, description=description)}
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        webhook_keys.ensure(by=by, now=now)
        earlier = Webhook.objects.filter(public_id=public_id).first()
        if earlier is not None:
            if all(getattr(earlier, name) == value for name, value in wanted.items()):
                return earlier
            raise errors.Conflict("Another webhook has this id.")
        if Webhook.objects.count() >= MOST:
            raise TooManyWebhooks
        webhook = Webhook(
            scope_id=by.scope_id,
            public_id=public_id,
            created_at=now,
            created_by=by.user_id,
            updated_at=now,
            **wanted,
        )
        try:
            with transaction.atomic():
                webhook.save(force_insert=True)
        except IntegrityError:
            raise errors.Conflict("Another webhook has this id.") from None
        record("webhook.created", webhook, by=by, now=now)
    return webhook


def edit(
    *,
    public_id: UUID,
    url: str | None = None,
    events: Sequence[str] | None = None,
    description: str | None = None,
    status: str | None = None,
    by: Actor,
    now: datetime,
) -> Webhook:
    """Change what is given. `status` is active or disabled; enabling forgets earlier failures.

    What waits while a webhook is disabled goes out when it is enabled. Raises Missing,
    AddressRefused, `identity.errors.Invalid`.
    """
    changes = checked(url=url, events=events, description=description)
    if status not in {None, _ACTIVE, _DISABLED}:
        raise errors.Invalid("status is active or disabled.", field="status")
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        webhook = locked(public_id)
        old_host = host_of(webhook.url)
        for name, value in changes.items():
            setattr(webhook, name, value)
        if status is not None and status != webhook.status:
            _switch(webhook, status)
        if "url" in changes:
            _forget_failures(webhook)
        webhook.version += 1
        webhook.updated_at = now
        webhook.save()
        record("webhook.edited", webhook, by=by, now=now, facts={"old_host": old_host})
    return webhook


def delete(*, public_id: UUID, by: Actor, now: datetime) -> None:
    """Remove a webhook: nothing is sent to it any more, also of what waits. Raises Missing."""
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        webhook = locked(public_id)
        waiting = WebhookDelivery.objects.filter(webhook_id=webhook.id, state=_PENDING)
        waiting.update(state=_FAILED, ended_at=now)
        record("webhook.deleted", webhook, by=by, now=now)
        webhook.delete()


def ping(*, public_id: UUID, by: Actor, now: datetime) -> Webhook:
    """Send an event `webhook.pinged` to this webhook and no other.

    Raises Missing, WebhookDisabled.
    """
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        webhook = _active(public_id)
        record(webhook_outbox.PINGED, webhook, by=by, now=now)
    return webhook


def replay(*, public_id: UUID, delivery_id: UUID, by: Actor, now: datetime) -> WebhookDelivery:
    """Send one delivery again, whatever became of it, with the whole row of retries before it.

    Raises Missing, WebhookDisabled.
    """
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        webhook = _active(public_id)
        rows = WebhookDelivery.objects.select_for_update()
        delivery = rows.filter(id=delivery_id, webhook_id=webhook.id).first()
        if delivery is None:
            raise errors.Missing("There is no such delivery.")
        _again(WebhookDelivery.objects.filter(id=delivery.id), now=now)
        facts = {"delivery": str(delivery.id), "sequence": delivery.sequence}
        record("webhook.replayed", webhook, by=by, now=now, facts=facts)
        delivery.refresh_from_db()
    return delivery


def replay_failed(*, public_id: UUID, since: datetime, by: Actor, now: datetime) -> int:
    """Send again every delivery made since then that was given up; how many those are.

    Raises Missing, WebhookDisabled.
    """
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        webhook = _active(public_id)
        failed = WebhookDelivery.objects.filter(
            webhook_id=webhook.id, state=_FAILED, created_at__gte=since
        )
        count = _again(failed, now=now)
        facts = {"since": since.isoformat(), "count": count}
        record("webhook.replayed", webhook, by=by, now=now, facts=facts)
    return count


def checked(
    *,
    url: str | None = None,
    events: Sequence[str] | None = None,
    description: str | None = None,
) -> dict[str, Any]:
    """What is given, in the form that is stored. Raises AddressRefused, Invalid."""
    changes: dict[str, Any] = {}
    if url is not None:
        outside.parse(url, outside.guard())
        changes["url"] = url
    if events is not None:
        changes["events"] = webhook_patterns.checked(events)
    if description is not None:
        if len(description) > LONGEST_DESCRIPTION or not (
            description == "" or description.isprintable()
        ):
            raise errors.Invalid(
                f"description is one line of at most {LONGEST_DESCRIPTION} characters.",
                field="description",
            )
        changes["description"] = description.strip()
    return changes


def found(public_id: UUID) -> Webhook:
    """The webhook of this id in the scope in force. Raises Missing."""
    webhook = Webhook.objects.filter(public_id=public_id).first()
    if webhook is None:
        raise errors.Missing("There is no such webhook.")
    return webhook


def locked(public_id: UUID) -> Webhook:
    """`found` with its row locked until the transaction ends. Raises Missing."""
    webhook = Webhook.objects.select_for_update().filter(public_id=public_id).first()
    if webhook is None:
        raise errors.Missing("There is no such webhook.")
    return webhook


def host_of(url: str) -> str:
    """Host and port of a stored URL: its path and query may hold what gives access."""
    return url.split("//", 1)[-1].split("/", 1)[0].split("?", 1)[0]


def record(
    name: str, webhook: Webhook, *, by: Actor, now: datetime, facts: Mapping[str, Any] | None = None
) -> None:
    """Append an event about a webhook, in the transaction of the change."""
    told = {
        "host": host_of(webhook.url),
        "events": webhook.events,
        "status": str(webhook.status),
        "version": webhook.version,
        **(facts or {}),
    }
    subject = ("webhook", str(webhook.public_id))
    audit.record(name, by=by, subject=subject, now=now, facts=told)


def _active(public_id: UUID) -> Webhook:
    webhook = locked(public_id)
    if webhook.status != _ACTIVE:
        raise WebhookDisabled
    return webhook


def _switch(webhook: Webhook, status: str) -> None:
    webhook.status = Webhook.Status(status)
    is_disabled = webhook.status == _DISABLED
    webhook.reason = Webhook.Reason.BY_HAND if is_disabled else Webhook.Reason.NONE
    _forget_failures(webhook)


def _forget_failures(webhook: Webhook) -> None:
    webhook.failures = 0
    webhook.failing_since = webhook.paused_until = None


def _again(rows: Any, *, now: datetime) -> int:
    count: int = rows.update(state=_PENDING, due_at=now, ended_at=None, spent=F("attempts"))
    return count
