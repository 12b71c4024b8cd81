"""The audit record: appended in the transaction of the write that it tells of."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from identity import ids
from identity.actor import Actor
from identity.crypto import audit_chain
from identity.scoping import current
from identity.services import audit_facts, audit_statements, webhook_outbox

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that has no place in the chain yet."""

    scope_id: UUID
    name: str
    actor: dict[str, str]
    subject: tuple[str, str]
    at: datetime
    facts: dict[str, Any]


@dataclass(slots=True)
class _Gathered:
    draft: Draft

    def __call__(self) -> None:
        """Does nothing on commit; that Django still holds it means the draft is still true."""


_gathering: ContextVar[list[_Gathered] | None] = ContextVar("audit_gathering", default=None)


def record(
    name: str,
    *,
    by: Actor,
    subject: tuple[str, str],
    now: datetime,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Append one event to the chain of the actor's scope, in the caller's transaction.

    `name` is `noun.past-verb`; `subject` is a kind and a text id. The row of the chain's head
    stays locked until the transaction ends, so call this last, after every other row is locked;
    where that can't be, see `gathered`. Raises RuntimeError outside a transaction,
    ForeignScopeError unless the actor's scope is in force, FactsRefused for facts that must not
    be written.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("an audit event is written in the transaction of what it tells of")
    if current.required_scope() != by.scope_id:
        raise current.ForeignScopeError(f"an event of scope {by.scope_id} in another scope")
    draft = Draft(
        scope_id=by.scope_id,
        name=audit_facts.short_text(name, most=64),
        actor=_described(by),
        subject=(
            audit_facts.short_text(subject[0], most=32),
            audit_facts.short_text(subject[1], most=128),
        ),
        at=now.astimezone(UTC),
        facts=audit_facts.checked(facts or {}),
    )
    waiting = _gathering.get()
    if waiting is None:
        _append(audit_statements.locked_head(by.scope_id), [draft])
        return
    gathered = _Gathered(draft)
    waiting.append(gathered)
    transaction.on_commit(gathered)


@contextmanager
def gathered() -> Iterator[None]:
    """Hold events back until the end of the block, then append them all at once.

    For transactions of several services: the head of the chain is locked once, as late as can be,
    so that two of them never wait for each other's rows, and three events cost as much as one.
    Events of a savepoint that was rolled back are dropped. Blocks nest; the outermost appends.
    Nothing is appended when the block raises. Raises RuntimeError outside a transaction.
    """
    if _gathering.get() is not None:
        yield
        return
    if not connection.in_atomic_block:
        raise RuntimeError("audit events are gathered inside one transaction")
    waiting: list[_Gathered] = []
    token = _gathering.set(waiting)
    try:
        yield
        _append_standing(waiting)
    finally:
        _gathering.reset(token)


def _append_standing(waiting: Sequence[_Gathered]) -> None:
    done: set[UUID] = set()
    while scope_id := next(
        (each.scope_id for each in _standing(waiting) if each.scope_id not in done), None
    ):
        done.add(scope_id)
        with current.in_scope(scope_id):
            head = audit_statements.locked_head(scope_id)
            # What was held back until now may have had something to tell, too.
            drafts = [draft for draft in _standing(waiting) if draft.scope_id == scope_id]
            _append(head, drafts)


def _standing(waiting: Sequence[_Gathered]) -> list[Draft]:
    # Django forgets the hooks of a savepoint that is rolled back: those events never happened.
    standing = {id(entry[1]) for entry in connection.run_on_commit}
    return [gathered.draft for gathered in waiting if id(gathered) in standing]


def _append(head: audit_statements.Head, drafts: Sequence[Draft]) -> None:
    rows = []
    sequence, previous = head.sequence, head.digest
    for draft in drafts:
        sequence += 1
        event = _event(draft, sequence=sequence, previous=previous)
        digest = audit_chain.digest(event)
        rows.append(audit_statements.Row(ids.new(), event, at=draft.at, digest=digest))
        previous = digest
    audit_statements.append(rows, after=head)
    webhook_outbox.write(rows, has_listeners=head.has_listeners)


def _event(draft: Draft, *, sequence: int, previous: bytes) -> audit_chain.Event:
    return audit_chain.Event(
        scope=draft.scope_id,
        seq=sequence,
        at=microseconds(draft.at),
        name=draft.name,
        actor=draft.actor,
        subject_kind=draft.subject[0],
        subject_id=draft.subject[1],
        facts=draft.facts,
        previous=previous,
    )


def microseconds(at: datetime) -> int:
    """Microseconds since the epoch, exactly; `at` is aware."""
    return (at - EPOCH) // MICROSECOND


def _described(by: Actor) -> dict[str, str]:
    described = {"kind": str(by.kind)}
    # Readers of the record know users by the id that clients see.
    user = by.public_id or by.user_id
    if user is not None:
        described["user"] = str(user)
    if by.device_id is not None:
        described["device"] = str(by.device_id)
    if by.session_id is not None:
        described["session"] = str(by.session_id)
    if by.api_key_id is not None:
        described["api_key"] = str(by.api_key_id)
    if by.lambda_id is not None:
        described["lambda"] = str(by.lambda_id)
    if by.developer_key_id is not None:
        described["developer_key"] = str(by.developer_key_id)
    if by.address:
        described["address"] = by.address
    return described
