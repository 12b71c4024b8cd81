"""What became of letters: attempts are logged, deliveries end or wait, receivers rest or go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from identity import actor, logs
from identity.models import Webhook, WebhookAttempt, WebhookDelivery
from identity.scoping import current
from identity.services import audit, batches, webhooks
from identity.services.webhook_deliveries import Claim, Letter
from identity.services.webhook_pace import Pace

KEEP: Final = timedelta(days=30)
MOST_ANSWER: Final = 1024
_GONE: Final = 410
_redactor = logs.Redactor()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one letter ended: a status and the beginning of the answer, or an error in words.

    `retry_after` are seconds that the receiver asked for.
    """

    milliseconds: int
    status: int | None = None
    answer: bytes = b""
    error: str = ""
    retry_after: float = 0.0

    @property
    def is_success(self) -> bool:
        """Whether the receiver took it: any status from 200 to 299."""
        return self.status is not None and 200 <= self.status < 300


def record(
    claim: Claim, ended: Sequence[tuple[Letter, Outcome]], *, now: datetime, pace: Pace
) -> None:
    """Write down how letters ended, in one transaction.

    A delivery that somebody else tried meanwhile (the lease had run out) keeps what they wrote.
    """
    with current.in_scope(claim.scope_id), transaction.atomic(), audit.gathered():
        for letter, outcome in ended:
            _record_one(letter, outcome, now=now, pace=pace)
        webhook = Webhook.objects.select_for_update().filter(id=claim.webhook_id).first()
        if webhook is not None and ended:
            _judge(webhook, [outcome for _, outcome in ended], now=now, pace=pace)


def purge(*, now: datetime) -> int:
    """Remove deliveries of every scope that are 30 days old, with their attempts; how many."""
    with current.across_scopes(why="old deliveries are removed in every scope"):
        old = WebhookDelivery.objects.filter(created_at__lte=now - KEEP).order_by("created_at")
        return batches.delete(old)


def _record_one(letter: Letter, outcome: Outcome, *, now: datetime, pace: Pace) -> None:
    rows = WebhookDelivery.objects.select_for_update()
    delivery = rows.filter(id=letter.delivery_id, attempts=letter.attempts).first()
    if delivery is None:
        return
    delivery.attempts += 1
    WebhookAttempt.objects.create(
        scope_id=delivery.scope_id,
        delivery=delivery,
        number=delivery.attempts,
        at=now,
        milliseconds=outcome.milliseconds,
        status=outcome.status,
        answer=shown(outcome.answer),
        error=_in_words(outcome),
    )
    if delivery.state == WebhookDelivery.State.PENDING:
        _move_on(delivery, outcome, now=now, pace=pace)
    delivery.save(update_fields=["attempts", "state", "due_at", "ended_at"])


def _move_on(delivery: WebhookDelivery, outcome: Outcome, *, now: datetime, pace: Pace) -> None:
    wait = pace.wait(max(1, delivery.attempts - delivery.spent))
    if outcome.is_success:
        delivery.state, delivery.ended_at = WebhookDelivery.State.DELIVERED, now
    elif wait is None or outcome.status == _GONE:
        delivery.state, delivery.ended_at = WebhookDelivery.State.FAILED, now
    else:
        asked = timedelta(seconds=min(pace.longest_retry_after, max(0.0, outcome.retry_after)))
        delivery.due_at = now + max(wait, asked)


def _judge(webhook: Webhook, outcomes: Sequence[Outcome], *, now: datetime, pace: Pace) -> None:
    if any(outcome.status == _GONE for outcome in outcomes):
        _switch_off(webhook, Webhook.Reason.GONE, now=now)
    elif any(outcome.is_success for outcome in outcomes):
        webhook.failures, webhook.failing_since, webhook.paused_until = 0, None, None
        webhook.delivered_at = now
    else:
        webhook.failures += 1
        webhook.failing_since = webhook.failing_since or now
        asked = max(outcome.retry_after for outcome in outcomes)
        webhook.paused_until = now + pace.rest(webhook.failures, asked)
        if now - webhook.failing_since >= pace.give_up_after:
            _switch_off(webhook, Webhook.Reason.FAILING, now=now)
    webhook.save()


def _switch_off(webhook: Webhook, reason: Webhook.Reason, *, now: datetime) -> None:
    if webhook.status != Webhook.Status.ACTIVE:
        return
    webhook.status, webhook.reason = Webhook.Status.DISABLED, reason
    webhook.version += 1
    webhook.updated_at = now
    facts = {"alarm": True, "reason": str(reason), "failures": webhook.failures}
    by = actor.system(webhook.scope_id)
    webhooks.record("webhook.switched-off", webhook, by=by, now=now, facts=facts)


def shown(answer: bytes) -> str:
    """The beginning of an answer as text that may be stored and shown."""
    text = answer[:MOST_ANSWER].decode("utf-8", "replace")
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return _redactor.clean_text(plain)[:MOST_ANSWER]


def _in_words(outcome: Outcome) -> str:
    if outcome.status is None:
        return outcome.error[:200]
    if outcome.is_success:
        return ""
    if outcome.status == _GONE:
        return "The receiver says it is gone; the webhook is switched off."
    if 300 <= outcome.status < 400:
        return "The receiver redirects, which is not followed."
    return f"The receiver answered {outcome.status}."
