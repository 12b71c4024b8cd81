"""The audit record as it is read: verified against its heads, exported for an auditor."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from identity import errors
from identity.actor import Actor
from identity.crypto import audit_chain
from identity.models import AuditEvent, AuditHead, SignedHead
from identity.scoping import current
from identity.services import audit, audit_heads, server_keys

_CHUNK: Final = 2000
_LINES: Final = 500


@dataclass(frozen=True, slots=True)
class End:
    """Where the chain of a scope ends, and up to where a signature covers it."""

    scope_id: UUID
    sequence: int
    digest: str
    signed_sequence: int
    signed_at: datetime | None


def end() -> End:
    """The end of the chain of the scope in force. Raises Missing."""
    head = AuditHead.objects.first()
    if head is None:
        raise errors.Missing("The scope has no audit chain.")
    signed = SignedHead.objects.order_by("-sequence").first()
    return End(
        scope_id=head.scope_id,
        sequence=head.sequence,
        digest=head.digest,
        signed_sequence=signed.sequence if signed else 0,
        signed_at=signed.signed_at if signed else None,
    )


def verify(*, tell: Callable[[int], None] | None = None) -> audit_chain.Report:
    """Verify the whole chain of the scope in force, in constant memory and without a lock.

    Every event is recomputed; the scope's head and every signed head must agree with it. What is
    appended while this runs is left for the next time. `tell` is called now and then with the
    number of the last event that was read. Raises ChainInvalid with the first bad sequence number,
    HeadInvalid, Missing.
    """
    before = end()
    keys = server_keys.signature_keys()
    report = audit_chain.verify_chain(
        _events(up_to=before.sequence, tell=tell),
        scope=before.scope_id,
        heads=_statements(keys, up_to=before.sequence),
        expected_server_keys=keys,
        expected_end=(before.sequence, _bytes(before.digest, before.sequence)),
    )
    _verify_nothing_behind()
    return report


def export(*, now: datetime) -> Iterator[str]:
    """The lines of an export of the scope in force, without line ends; its end is signed first.

    Constant memory; the lines must be read while the scope is in force. Raises Missing, and
    HeadInvalid when a stored head is signed by none of the scope's keys.
    """
    audit_heads.sign_head(now=now)
    last = SignedHead.objects.order_by("-sequence").first()
    if last is None:
        raise errors.Missing("The scope has no signed head.")
    return audit_chain.export_lines(
        _events(up_to=last.sequence),
        scope=last.scope_id,
        last_seq=last.sequence,
        heads=((head.sequence, bytes(head.statement)) for head in _heads(up_to=last.sequence)),
        server_keys=_signers(up_to=last.sequence),
    )


def export_parts(*, scope_id: UUID, now: datetime) -> Iterator[bytes]:
    """An export in parts for a response, each read inside the scope and with nothing held open."""
    lines: Iterator[str] | None = None
    while True:
        with current.in_scope(scope_id):
            lines = export(now=now) if lines is None else lines
            part = [line for _, line in zip(range(_LINES), lines, strict=False)]
        if not part:
            return
        yield "".join(f"{line}\n" for line in part).encode()


def record_export(*, by: Actor, now: datetime) -> int:
    """Tell in the record that somebody takes an export of it; the number of that event."""
    with current.in_scope(by.scope_id), transaction.atomic():
        subject = ("scope", str(by.scope_id))
        audit.record("audit.exported", by=by, subject=subject, now=now)
        return end().sequence


def _verify_nothing_behind() -> None:
    # An event commits together with the head that it moves, and a head is signed afterwards. So
    # whatever is read first can't lie behind the end that is read last.
    last = AuditEvent.objects.aggregate(last=Max("sequence"))["last"] or 0
    after = end()
    if after.signed_sequence > after.sequence:
        reason = f"is missing: a signed head names event {after.signed_sequence}"
        raise audit_chain.ChainInvalid(after.sequence + 1, reason)
    if last > after.sequence:
        reason = "stands behind the last event that the stored end names"
        raise audit_chain.ChainInvalid(after.sequence + 1, reason)


def _events(
    *, up_to: int, tell: Callable[[int], None] | None = None
) -> Iterator[audit_chain.Recorded]:
    rows = AuditEvent.objects.filter(sequence__lte=up_to).order_by("sequence")
    # Chunk by chunk, with neither a transaction nor a cursor held open: whoever stops reading at
    # the first fault leaves nothing behind that is closed inside somebody else's transaction.
    chunk = list(rows[:_CHUNK])
    while chunk:
        yield from map(_recorded, chunk)
        if tell is not None:
            tell(chunk[-1].sequence)
        chunk = list(rows.filter(sequence__gt=chunk[-1].sequence)[:_CHUNK])


def _recorded(row: AuditEvent) -> audit_chain.Recorded:
    event = audit_chain.Event(
        scope=row.scope_id,
        seq=row.sequence,
        at=audit.microseconds(row.at),
        name=row.name,
        actor=row.actor,
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        facts=row.facts,
        previous=_bytes(row.previous, row.sequence),
    )
    return audit_chain.Recorded(event, _bytes(row.digest, row.sequence))


def _bytes(digest: str, sequence: int) -> bytes:
    try:
        return bytes.fromhex(digest)
    except ValueError as error:
        raise audit_chain.ChainInvalid(sequence, "was changed: it has no digest") from error


def _statements(keys: Sequence[str], *, up_to: int) -> Iterator[bytes]:
    """Signed heads in order, each seen to say what the columns beside it say."""
    scope_id = current.required_scope()
    for row in _heads(up_to=up_to):
        statement = bytes(row.statement)
        head = audit_chain.verify_head(
            statement, expected_scope=scope_id, expected_server_keys=keys
        )
        columns = (row.sequence, row.digest, audit.microseconds(row.signed_at))
        if columns != (head.seq, head.digest.hex(), head.at):
            raise audit_chain.HeadInvalid(f"the head of event {head.seq} is stored as another one")
        yield statement


def _heads(*, up_to: int) -> Iterator[SignedHead]:
    rows = SignedHead.objects.filter(sequence__lte=up_to).order_by("sequence")
    chunk = list(rows[:_CHUNK])
    while chunk:
        yield from chunk
        chunk = list(rows.filter(sequence__gt=chunk[-1].sequence)[:_CHUNK])


def _signers(*, up_to: int) -> set[str]:
    """Exactly the keys that signed one of the heads."""
    scope_id = current.required_scope()
    keys = server_keys.signature_keys()
    by_kid = {audit_chain.key_id(key): key for key in keys}
    found = set()
    for row in _heads(up_to=up_to):
        head = audit_chain.verify_head(
            bytes(row.statement), expected_scope=scope_id, expected_server_keys=keys
        )
        found.add(by_kid[head.kid])
    return found
