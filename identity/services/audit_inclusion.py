"""Proofs that single events are in the chain of a scope."""

from datetime import datetime
from typing import Final

from identity import errors
from identity.crypto.audit_chain import Event
from identity.crypto.audit_inclusion import Proof
from identity.models import AuditEvent, SignedHead
from identity.scoping import current
from identity.services import audit, audit_heads

MOST_EVENTS: Final = 2000


def prove(*, sequence: int, now: datetime) -> Proof:
    """The links from an event of the scope in force to the next signed head.

    The end of the chain is signed first where no head covers the event yet. Raises Missing for an
    unknown event, and Conflict where more than 2000 events lie between, of which an export holds
    them all.
    """
    if not AuditEvent.objects.filter(sequence=sequence).exists():
        raise errors.Missing("There is no such event.")
    head = _covering(sequence)
    if head is None:
        audit_heads.sign_head(now=now)
        head = _covering(sequence)
    if head is None or head.sequence - sequence >= MOST_EVENTS:
        raise errors.Conflict("Too many events lie between this one and a head: use an export.")
    rows = AuditEvent.objects.filter(sequence__gte=sequence, sequence__lte=head.sequence)
    events = [_event(row) for row in rows.order_by("sequence")]
    return Proof(scope=current.required_scope(), events=events, head=bytes(head.statement))


def _covering(sequence: int) -> SignedHead | None:
    return SignedHead.objects.filter(sequence__gte=sequence).order_by("sequence").first()


def _event(row: AuditEvent) -> Event:
    return Event(
        scope=row.scope_id,
        seq=row.sequence,
        at=audit.microseconds(row.at),
        name=row.name,
        actor=row.actor,
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        facts=row.facts,
        previous=bytes.fromhex(row.previous),
    )
