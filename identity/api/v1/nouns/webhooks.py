"""Webhooks: who is told of which events, keys to check with, what became of each message."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec

from identity import webhook_queries
from identity.api.v1 import route, shapes
from identity.api.v1.route import Asked, Change
from identity.api.v1.shapes import Body, Items, Newest, Shown
from identity.paging import After, Window

State = Literal["pending", "delivered", "failed"]


class Webhook(Shown, frozen=True):
    """A webhook. `reason` says why it is disabled: by-hand, gone (410) or failing (for days)."""

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


class WebhookKey(Shown, frozen=True):
    """A public key (`whpk_…`); a retiring one signs beside the active one until it expires."""

    id: UUID
    public: str
    status: str
    activated_at: datetime
    expires_at: datetime | None


class Delivery(Shown, frozen=True):
    """One event on its way to one webhook."""

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


class Attempt(Shown, frozen=True):
    """One try: the status and the beginning of the answer, or the error in words."""

    number: int
    at: datetime
    milliseconds: int
    status: int | None
    answer: str
    error: str


class DeliveryDetail(Shown, frozen=True):
    """A delivery, the exact body of its message, and every try."""

    delivery: Delivery
    payload: str
    attempts: Sequence[Attempt]


class NewKey(Shown, frozen=True):
    """The key that signs from now on."""

    id: UUID
    public: str


class Replayed(Shown, frozen=True):
    """How many deliveries go out again."""

    replayed: int


class DeliveryFilters(Newest, frozen=True):
    """Which deliveries."""

    state: State | None = None


class NewWebhook(Body, frozen=True):
    """A new webhook; `events` are patterns: `*`, `invitation.*`, `proposal.executed`."""

    url: str
    events: tuple[str, ...]
    description: str = ""
    id: UUID | None = None


class WebhookEdit(Body, frozen=True):
    """A change of some fields; `events` replaces all."""

    url: str | None = None
    events: tuple[str, ...] | None = None
    description: str | None = None
    status: Literal["active", "disabled"] | None = None


class ReplayFailed(Body, frozen=True):
    """Since when deliveries that failed go out again."""

    since: Annotated[datetime, msgspec.Meta(tz=True)]


@route.act(
    "GET",
    "/webhooks",
    "webhooks:list",
    "webhooks_list",
    "Webhooks of the scope",
    shows=Items[Webhook],
)
def webhooks(asked: Asked) -> Items[Webhook]:
    """The oldest first."""
    del asked
    return Items([shapes.of_row(Webhook, row) for row in webhook_queries.all_webhooks()], None)


def _present(asked: Asked) -> Webhook:
    shown: Webhook = shapes.of_row(Webhook, webhook_queries.webhook(asked.ids["webhook"]))
    return shown


@route.read(
    "/webhooks/{webhook}",
    "webhooks:get",
    "webhooks_get",
    "A webhook",
    shows=Webhook,
    is_versioned=True,
)
def webhook(asked: Asked) -> Webhook:
    """One webhook and how its receiver does."""
    return _present(asked)


@route.act(
    "GET",
    "/webhook-keys",
    "webhooks:list",
    "webhook_keys_list",
    "Public keys that webhooks are checked with",
    shows=Items[WebhookKey],
)
def keys(asked: Asked) -> Items[WebhookKey]:
    """None before the first webhook."""
    rows = webhook_queries.keys(now=asked.now)
    return Items([shapes.of_row(WebhookKey, row) for row in rows], None)


@route.listing(
    "/webhooks/{webhook}/deliveries",
    "webhooks:get",
    "webhook_deliveries_list",
    "Deliveries of a webhook",
    of=Delivery,
    query=DeliveryFilters,
)
def deliveries(asked: Asked, after: After) -> Window[Any]:
    """In the order of their events."""
    return webhook_queries.deliveries_window(asked.ids["webhook"], after)


@route.read(
    "/webhooks/{webhook}/deliveries/{delivery}",
    "webhooks:get",
    "webhook_deliveries_get",
    "A delivery",
    shows=DeliveryDetail,
)
def delivery(asked: Asked) -> DeliveryDetail:
    """One delivery with its message and every try."""
    detail = webhook_queries.delivery_detail(asked.ids["webhook"], asked.ids["delivery"])
    return DeliveryDetail(
        delivery=shapes.of_row(Delivery, detail.delivery),
        payload=detail.payload,
        attempts=[shapes.of_row(Attempt, attempt) for attempt in detail.attempts],
    )


_shown = shapes.part("webhook", Webhook)

ROUTES: Final = (
    webhooks,
    webhook,
    keys,
    deliveries,
    delivery,
    route.change(
        "POST",
        "/webhooks",
        "webhooks:create",
        "webhooks_create",
        "Make a webhook",
        Change("webhook.create", _shown, made="webhook"),
        body=NewWebhook,
        shows=Webhook,
    ),
    route.change(
        "PATCH",
        "/webhooks/{webhook}",
        "webhooks:edit",
        "webhooks_edit",
        "Change a webhook",
        Change("webhook.edit", _shown, present=_present),
        body=WebhookEdit,
        shows=Webhook,
    ),
    route.change(
        "DELETE",
        "/webhooks/{webhook}",
        "webhooks:delete",
        "webhooks_delete",
        "Remove a webhook",
        Change("webhook.delete", shapes.gone("webhook")),
        shows=shapes.Gone,
    ),
    route.change(
        "POST",
        "/webhook-keys",
        "webhooks:edit",
        "webhook_keys_rotate",
        "Make a new key; the old one signs beside it for 14 days",
        Change("webhook.rotate-key", shapes.part("webhook_key", NewKey)),
        shows=NewKey,
    ),
    route.change(
        "POST",
        "/webhooks/{webhook}/ping",
        "webhooks:edit",
        "webhooks_ping",
        "Send a webhook an event for trying it out",
        Change("webhook.ping", _shown),
        shows=Webhook,
    ),
    route.change(
        "POST",
        "/webhooks/{webhook}/replay",
        "webhooks:edit",
        "webhooks_replay",
        "Send again what failed since a time",
        Change("webhook.replay-failed", lambda result: Replayed(result["replayed"])),
        body=ReplayFailed,
        shows=Replayed,
    ),
    route.change(
        "POST",
        "/webhooks/{webhook}/deliveries/{delivery}/replay",
        "webhooks:edit",
        "webhook_deliveries_replay",
        "Send a delivery again",
        Change("webhook.replay", shapes.part("delivery", Delivery)),
        shows=Delivery,
    ),
)
