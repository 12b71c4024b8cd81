"""What has run out is removed: nonces, outcomes, delivery logs, checks of the record, old keys."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from identity.models import IdempotencyRecord, SeenNonce, ServerKey
from identity.scoping import current
from identity.services import (
    api_key_secrets,
    audit_checks,
    audit_heads,
    batches,
    mail,
    server_keys,
    webhook_keys,
    webhook_results,
)

# SQLite takes no more parameters than 32,766 in one statement.
_BATCH: Final = 5000


@dataclass(frozen=True, slots=True)
class Purged:
    """How much was done in all scopes together."""

    nonces: int
    idempotency_records: int
    retired_keys: int
    signed_heads: int
    webhook_deliveries: int
    webhook_keys: int
    late_mails: int
    mails: int
    audit_checks: int
    former_secrets: int


def purge(*, now: datetime) -> Purged:
    """Remove what has run out in every scope, retire old server keys, sign what is unsigned.

    Rows go in batches with a transaction each, found by an index on their end, so that nobody
    waits for long. Rows of protocol state leave no audit event; retired keys do.
    """
    return Purged(
        nonces=nonces(now=now),
        idempotency_records=idempotency_records(now=now),
        retired_keys=retire_keys(now=now),
        signed_heads=audit_heads.sign_every_head(now=now),
        webhook_deliveries=webhook_results.purge(now=now),
        webhook_keys=webhook_keys.remove_expired(now=now),
        late_mails=mail.give_up_late(now=now),
        mails=mail.purge(now=now),
        audit_checks=audit_checks.purge(now=now),
        former_secrets=api_key_secrets.forget_previous(now=now),
    )


def nonces(*, now: datetime) -> int:
    """Remove the nonces of messages that could not be accepted any more; how many those were."""
    with current.across_scopes(why="expired nonces are removed in every scope"):
        return _remove(SeenNonce, now=now)


def idempotency_records(*, now: datetime) -> int:
    """Remove outcomes that are older than 24 hours; how many those were."""
    with current.across_scopes(why="expired outcomes are removed in every scope"):
        return _remove(IdempotencyRecord, now=now)


def retire_keys(*, now: datetime) -> int:
    """Retire the server keys of every scope whose time is over; how many those were."""
    with current.across_scopes(why="old server keys are retired in every scope"):
        due = ServerKey.objects.filter(status=ServerKey.Status.RETIRING, expires_at__lte=now)
        scope_ids = list(due.values_list("scope_id", flat=True).distinct())
    retired = 0
    for scope_id in scope_ids:
        with current.in_scope(scope_id):
            retired += server_keys.retire_expired(now=now)
    return retired


def _remove(model: type[SeenNonce] | type[IdempotencyRecord], *, now: datetime) -> int:
    oldest = model.objects.filter(expires_at__lte=now).order_by("expires_at")
    return batches.delete(oldest, size=_BATCH)
