"""Commands about webhooks: where events go is as sensitive as what they say."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from identity import webhook_queries
from identity.actor import Actor
from identity.services import webhook_keys, webhook_patterns, webhooks
from invitations.commands.command import Command, Input, Result, Target, registry


class CreateWebhook(Input, frozen=True):
    """A new webhook; `webhook` is chosen by the client. `events` are patterns: `invitation.*`."""

    webhook: UUID
    url: str
    events: tuple[str, ...]
    description: str = ""


class EditWebhook(Input, frozen=True):
    """A change of some fields; absent ones stay. `status` is active or disabled."""

    webhook: UUID
    url: str | None = None
    events: tuple[str, ...] | None = None
    description: str | None = None
    status: str | None = None


class DeleteWebhook(Input, frozen=True):
    """The removal of a webhook."""

    webhook: UUID


class RotateWebhookKey(Input, frozen=True):
    """A new key for all webhooks of the scope; the old one signs beside it for a while."""


class PingWebhook(Input, frozen=True):
    """An event `webhook.pinged` for this webhook alone."""

    webhook: UUID


class ReplayDelivery(Input, frozen=True):
    """One delivery once more."""

    webhook: UUID
    delivery: UUID


class ReplayFailed(Input, frozen=True):
    """All deliveries once more that were given up and made at `since` or later."""

    webhook: UUID
    since: Annotated[datetime, msgspec.Meta(tz=True)]


def create(details: CreateWebhook, *, by: Actor, now: datetime) -> Result:
    """Make the webhook."""
    webhooks.create(
        public_id=details.webhook,
        url=details.url,
        events=details.events,
        description=details.description,
        by=by,
        now=now,
    )
    return _webhook(details.webhook)


def edit(details: EditWebhook, *, by: Actor, now: datetime) -> Result:
    """Change the webhook."""
    webhooks.edit(
        public_id=details.webhook,
        url=details.url,
        events=details.events,
        description=details.description,
        status=details.status,
        by=by,
        now=now,
    )
    return _webhook(details.webhook)


def delete(details: DeleteWebhook, *, by: Actor, now: datetime) -> Result:
    """Remove the webhook."""
    webhooks.delete(public_id=details.webhook, by=by, now=now)
    return {"webhook": {"id": str(details.webhook)}}


def rotate_key(details: RotateWebhookKey, *, by: Actor, now: datetime) -> Result:
    """Make a new key."""
    del details
    key = webhook_keys.rotate(by=by, now=now)
    return {"webhook_key": {"id": str(key.id), "public": key.public}}


def ping(details: PingWebhook, *, by: Actor, now: datetime) -> Result:
    """Send the event."""
    webhooks.ping(public_id=details.webhook, by=by, now=now)
    return _webhook(details.webhook)


def replay(details: ReplayDelivery, *, by: Actor, now: datetime) -> Result:
    """Send it again."""
    webhooks.replay(public_id=details.webhook, delivery_id=details.delivery, by=by, now=now)
    row = webhook_queries.delivery(details.webhook, details.delivery)
    return {"delivery": webhook_queries.described(row)}


def replay_failed(details: ReplayFailed, *, by: Actor, now: datetime) -> Result:
    """Send them again."""
    count = webhooks.replay_failed(public_id=details.webhook, since=details.since, by=by, now=now)
    return {"webhook": {"id": str(details.webhook)}, "replayed": count}


def _webhook(public_id: UUID) -> Result:
    return {"webhook": webhook_queries.described(webhook_queries.webhook(public_id))}


def _target(details: EditWebhook | DeleteWebhook) -> Target:
    version = webhook_queries.webhook(details.webhook).version
    return Target("webhook", str(details.webhook), version)


def _host(details: CreateWebhook) -> Mapping[str, Any]:
    return {"host": webhooks.host_of(details.url)}


def _hosts(details: EditWebhook) -> Mapping[str, Any]:
    before = webhooks.host_of(webhook_queries.webhook(details.webhook).url)
    after = before if details.url is None else webhooks.host_of(details.url)
    return {"host": after, "old_host": before}


def _old_host(details: DeleteWebhook) -> Mapping[str, Any]:
    return {"old_host": webhooks.host_of(webhook_queries.webhook(details.webhook).url)}


def _validate_new(details: CreateWebhook) -> None:
    webhooks.checked(url=details.url, events=details.events, description=details.description)
    webhook_patterns.require_known(details.events)


def _validate_edit(details: EditWebhook) -> None:
    webhooks.checked(url=details.url, events=details.events, description=details.description)
    webhook_patterns.require_known(details.events or ())


_WEBHOOK = "/webhooks/{webhook}"
_DELIVERIES = "/webhooks/{webhook}/deliveries"

registry.add(
    Command(
        name="webhook.create",
        action="add",
        resource="/webhooks",
        permission="webhooks:create",
        input=CreateWebhook,
        execute=create,
        validate=_validate_new,
        facts=_host,
    ),
    Command(
        name="webhook.edit",
        action="edit",
        resource=_WEBHOOK,
        permission="webhooks:edit",
        input=EditWebhook,
        execute=edit,
        validate=_validate_edit,
        target=_target,
        facts=_hosts,
    ),
    Command(
        name="webhook.delete",
        action="delete",
        resource=_WEBHOOK,
        permission="webhooks:delete",
        input=DeleteWebhook,
        execute=delete,
        target=_target,
        facts=_old_host,
    ),
    Command(
        name="webhook.rotate-key",
        action="edit",
        resource="/webhooks",
        permission="webhooks:edit",
        input=RotateWebhookKey,
        execute=rotate_key,
    ),
    Command(
        name="webhook.ping",
        action="add",
        resource=_DELIVERIES,
        permission="webhooks:edit",
        input=PingWebhook,
        execute=ping,
    ),
    Command(
        name="webhook.replay",
        action="add",
        resource=_DELIVERIES,
        permission="webhooks:edit",
        input=ReplayDelivery,
        execute=replay,
    ),
    Command(
        name="webhook.replay-failed",
        action="add",
        resource=_DELIVERIES,
        permission="webhooks:edit",
        input=ReplayFailed,
        execute=replay_failed,
    ),
)
