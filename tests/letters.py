"""A scope with webhooks, and couriers that deliver to them, for tests of delivering."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event
from uuid import UUID

from django.db import transaction

from identity import actor, ids, webhook_queries
from identity.actor import Actor
from identity.management import courier
from identity.models import WebhookDelivery
from identity.paging import After
from identity.scoping import current
from identity.services import audit, scopes, webhook_deliveries, webhooks
from identity.services.webhook_pace import USUAL, Pace

HURRIED = USUAL.times(0.001)


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class House:
    """A scope whose doors open, with webhooks that hear of it."""

    scope_id: UUID

    @classmethod
    def build(cls, slug: str) -> "House":
        return cls(scopes.create(slug=slug, name=slug, now=now()).id)

    @property
    def by(self) -> Actor:
        return actor.system(self.scope_id)

    def webhook(self, url: str, *events: str) -> UUID:
        with current.in_scope(self.scope_id):
            return webhooks.create(
                public_id=ids.new(), url=url, events=events or ("door.*",), by=self.by, now=now()
            ).public_id

    def open_doors(self, count: int = 1) -> list[str]:
        """Events happen, a few in each transaction; the ids of those that wait now."""
        with current.in_scope(self.scope_id):
            for start in range(0, count, 100):
                with transaction.atomic(), audit.gathered():
                    for number in range(start, min(count, start + 100)):
                        audit.record(
                            "door.opened",
                            by=self.by,
                            subject=("door", str(number)),
                            now=now(),
                            facts={"number": number},
                        )
            waiting = WebhookDelivery.objects.filter(state="pending")
            return [str(one) for one in waiting.values_list("event_id", flat=True)]

    def states(self) -> dict[str, int]:
        with current.in_scope(self.scope_id):
            states = list(WebhookDelivery.objects.values_list("state", flat=True))
        return {state: states.count(state) for state in set(states)}

    def row(self, webhook: UUID) -> webhook_queries.WebhookRow:
        with current.in_scope(self.scope_id):
            return webhook_queries.webhook(webhook)

    def details(self, webhook: UUID) -> list[webhook_queries.DeliveryDetail]:
        with current.in_scope(self.scope_id):
            rows = webhook_queries.deliveries_window(webhook, After()).rows
            return [webhook_queries.delivery_detail(webhook, row.id) for row in rows]

    def switch(self, webhook: UUID, status: str) -> None:
        with current.in_scope(self.scope_id):
            webhooks.edit(public_id=webhook, status=status, by=self.by, now=now())


def sweep(at: datetime | None = None, *, pace: Pace = HURRIED) -> int:
    """What the courier's loop does once, one receiver after the other; how many were posted."""
    at = at or now()
    posted = 0
    for one in webhook_deliveries.due(now=at, most=100):
        claim = webhook_deliveries.claim(one, now=at, pace=pace)
        if claim is not None:
            posted += courier.serve(claim, pace=pace, stopping=Event())
    return posted


@contextlib.contextmanager
def delivering(pace: Pace = HURRIED) -> Iterator[None]:
    """A courier at work for the length of the block."""
    working = courier.Courier(pace=pace, tick=0.02)
    working.start()
    try:
        yield
    finally:
        working.stop()


def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
