"""How a webhook does, in words, and what its page tells about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from identity import webhook_queries
from identity.admin import facts as values
from identity.paging import After
from identity.webhook_queries import DeliveryRow, WebhookRow

LATEST: Final = 8
_WHY: Final = {
    "by-hand": "Switched off by hand. What waits goes out when it is switched on again.",
    "gone": "The receiver answered 410, gone, so the webhook was switched off.",
    "failing": "The receiver failed for five days, so the webhook was switched off.",
}


@dataclass(frozen=True, slots=True)
class Health:
    """A word for the badge with its colour, and a sentence."""

    word: str
    tone: str
    about: str


def of(row: WebhookRow, *, now: datetime) -> Health:
    """How a webhook does."""
    if row.status != "active":
        tone = "" if row.reason == "by-hand" else "bad"
        return Health("off", tone, _WHY.get(row.reason, ""))
    if row.failures:
        rest = ""
        if row.paused_until is not None and row.paused_until > now:
            rest = f" It rests until {row.paused_until:%H:%M:%S} UTC."
        since = f" since {row.failing_since:%Y-%m-%d %H:%M} UTC" if row.failing_since else ""
        times = "once" if row.failures == 1 else f"{row.failures} times in a row"
        return Health("failing", "attention", f"The receiver failed {times}{since}.{rest}")
    if row.delivered_at is None:
        return Health("on", "note", "Nothing was delivered yet.")
    return Health("on", "good", f"Last delivery {row.delivered_at:%Y-%m-%d %H:%M:%S} UTC.")


def facts(row: WebhookRow) -> Sequence[tuple[str, str]]:
    """Names and values of a webhook for its page."""
    shown = {
        "Address": row.url,
        "Events": ", ".join(row.events),
        "Description": row.description,
        "Id": row.id,
        "Made": row.created_at,
        "Changed": row.updated_at,
        "Last delivery": row.delivered_at,
    }
    return [(name, values.value_of(value, name)) for name, value in shown.items()]


def latest(public_id: UUID) -> Sequence[DeliveryRow]:
    """The newest deliveries of a webhook."""
    return webhook_queries.deliveries_window(public_id, After(limit=LATEST)).rows
