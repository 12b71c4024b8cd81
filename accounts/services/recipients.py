"""Recipients: persons and companies that may be paid."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.models import Recipient
from accounts.services import fields, writing
from identity import errors as refusals
from identity.actor import Actor
from identity.services import audit

MOST_PAYMENT_DETAILS = 20
_CREATED = ("kind", "name", "payment_details", "created_by")


def create(
    *,
    public_id: UUID,
    kind: str,
    name: str,
    payment_details: Sequence[Mapping[str, Any]],
    by: Actor,
    now: datetime,
) -> Recipient:
    """Make a recipient, `kind` individual or company; the same call gives the same recipient.

    Raises `accounts.errors.NameTaken`, `identity.errors.Invalid`.
    """
    if kind not in Recipient.Kind.values:
        raise refusals.Invalid("kind is individual or company.", field="kind")
    with writing.of(by):
        recipient, is_new = writing.insert_once(
            Recipient(
                scope_id=by.scope_id,
                public_id=public_id,
                kind=kind,
                name=fields.line(name, name="name", most=200, least=1),
                payment_details=_details(payment_details),
                created_at=now,
                created_by=by.user_id,
                updated_at=now,
            ),
            public_id=public_id,
            fields=_CREATED,
        )
        if is_new:
            _record("recipient.created", recipient, by=by, now=now)
    return recipient


def edit(
    *,
    public_id: UUID,
    by: Actor,
    now: datetime,
    name: str | None = None,
    payment_details: Sequence[Mapping[str, Any]] | None = None,
) -> Recipient:
    """Change what is given. Raises `Missing`, `identity.errors.Invalid`."""
    with writing.of(by):
        recipient = locked(public_id)
        if name is not None:
            recipient.name = fields.line(name, name="name", most=200, least=1)
        if payment_details is not None:
            recipient.payment_details = _details(payment_details)
        recipient.version += 1
        recipient.updated_at = now
        recipient.save()
        _record("recipient.edited", recipient, by=by, now=now)
    return recipient


def delete(*, public_id: UUID, by: Actor, now: datetime) -> None:
    """Remove a recipient, also from every list. Raises `Missing`."""
    with writing.of(by):
        recipient = locked(public_id)
        _record("recipient.deleted", recipient, by=by, now=now)
        recipient.delete()


def locked(public_id: UUID) -> Recipient:
    """The recipient with its row locked until the transaction ends. Raises `Missing`."""
    recipient = Recipient.objects.select_for_update().filter(public_id=public_id).first()
    if recipient is None:
        raise refusals.Missing("There is no such recipient.")
    return recipient


def _details(values: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return fields.documents(values, name="payment_details", most=MOST_PAYMENT_DETAILS)


def _record(name: str, recipient: Recipient, *, by: Actor, now: datetime) -> None:
    # Account numbers stay out of the record: it is kept for ever and exported whole.
    facts = {"name": recipient.name, "kind": str(recipient.kind), "version": recipient.version}
    subject = ("recipient", str(recipient.public_id))
    audit.record(name, by=by, subject=subject, now=now, facts=facts)
