"""The keys with which a scope signs its webhooks: made with the first one, rotated with overlap."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from identity import ids
from identity.actor import Actor
from identity.crypto import ed25519, webhook_signature
from identity.models import Scope, WebhookKey
from identity.scoping import current
from identity.services import audit, resealing, sealing

OVERLAP: Final = timedelta(days=14)
"""How long the old key still signs beside the new one: the time receivers have to take it over."""
_SEALED_AS: Final = "webhook-key"
SEALED: Final = resealing.column(WebhookKey, "sealed_private", purpose=_SEALED_AS)


def ensure(*, by: Actor, now: datetime) -> WebhookKey:
    """The active key of the actor's scope, made if there is none."""
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        lock_scope()
        active = WebhookKey.objects.filter(status=WebhookKey.Status.ACTIVE).first()
        return active or _make(by=by, now=now, replaced="")


def rotate(*, by: Actor, now: datetime) -> WebhookKey:
    """Make a new active key. The one before signs too for 14 more days; an older one no more."""
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        lock_scope()
        WebhookKey.objects.filter(status=WebhookKey.Status.RETIRING).delete()
        active = WebhookKey.objects.filter(status=WebhookKey.Status.ACTIVE).first()
        if active is not None:
            active.status = WebhookKey.Status.RETIRING
            active.expires_at = now + OVERLAP
            active.save(update_fields=["status", "expires_at"])
        return _make(by=by, now=now, replaced=active.public if active else "")


def signing_keys(*, now: datetime) -> Sequence[ed25519.PrivateKey]:
    """The keys that sign a message of the scope in force: the active one, then a retiring one.

    Raises SealBroken, SealUnavailable.
    """
    return [
        ed25519.parse_private(
            sealing.unseal(bytes(row.sealed_private), purpose=_SEALED_AS, subject=str(row.id))
        )
        for row in in_use(now=now)
    ]


def in_use(*, now: datetime) -> Sequence[WebhookKey]:
    """The rows of the keys that sign now in the scope in force, the active one first."""
    rows = WebhookKey.objects.order_by("status")
    return [row for row in rows if row.expires_at is None or row.expires_at > now]


def remove_expired(*, now: datetime) -> int:
    """Remove keys of every scope whose overlap is over; how many those were."""
    with current.across_scopes(why="old keys of webhooks are removed in every scope"):
        removed, _ = WebhookKey.objects.filter(
            status=WebhookKey.Status.RETIRING, expires_at__lte=now
        ).delete()
    return removed


def lock_scope() -> None:
    """Put changes of the scope's keys and webhooks in order, until the transaction ends.

    Not a lock against references: whoever appends an event needs one while holding the chain.
    """
    Scope.objects.select_for_update(no_key=True).get(id=current.required_scope())


def _make(*, by: Actor, now: datetime, replaced: str) -> WebhookKey:
    key_id, private = ids.new(), ed25519.generate()
    public = webhook_signature.public_text(private.public)
    row = WebhookKey.objects.create(
        id=key_id,
        scope_id=by.scope_id,
        public=public,
        sealed_private=sealing.seal(
            ed25519.private_bytes(private), purpose=_SEALED_AS, subject=str(key_id)
        ),
        activated_at=now,
    )
    name = "webhook-key.rotated" if replaced else "webhook-key.created"
    facts = {"public": public, "replaced": replaced or None}
    audit.record(name, by=by, subject=("webhook-key", str(key_id)), now=now, facts=facts)
    return row
