"""The two statements that move a chain on: one locks its head, one writes events and head."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from identity.crypto import audit_chain
from identity.scoping import statements

_HEAD: Final = "SELECT sequence, digest, has_listeners FROM identity_audithead WHERE scope_id = %s"
_MOVE: Final = (
    "UPDATE identity_audithead SET sequence = %s, digest = %s"
    " WHERE scope_id = %s AND sequence = %s AND digest = %s"
)
_EVENTS: Final = (
    "INSERT INTO identity_auditevent (id, scope_id, sequence, at, name, actor,"
    " subject_kind, subject_id, facts, previous, digest) VALUES "
)
_EVENT: Final = "(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
# PostgreSQL does both at once, while everybody waits for the head. Where the head does not move the
# event has no scope, and the database refuses both.
_MOVED: Final = f"WITH moved AS ({_MOVE} RETURNING scope_id) "
_EVENT_OF_MOVED: Final = "(%s, (SELECT scope_id FROM moved), %s, %s, %s, %s, %s, %s, %s, %s, %s)"
_AT_ONCE: Final = 5
"""Events of one statement: as many as have no more values than may wait for company."""

_write = json.JSONEncoder(allow_nan=False, separators=(",", ":"), sort_keys=True).encode


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain of a scope ends; its row is locked by this transaction."""

    scope_id: UUID
    sequence: int
    digest: bytes
    has_listeners: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One event with the id of its row, its time as the database takes it, and its digest."""

    id: UUID
    event: audit_chain.Event
    at: datetime
    digest: bytes


def locked_head(scope_id: UUID) -> Head:
    """The end of the chain, locked until the transaction ends. Raises RuntimeError without one."""
    # SQLite has one writer at a time: a transaction that is IMMEDIATE holds the lock already.
    lock = " FOR UPDATE" if _is_postgresql() else ""
    found = statements.rows(_HEAD + lock, [_uuid(scope_id)])
    if not found:
        raise RuntimeError(f"the scope {scope_id} has no audit chain: it was not made by `scopes`")
    row = found[0]
    return Head(
        scope_id,
        sequence=row[0],
        digest=bytes.fromhex(row[1]),
        has_listeners=bool(row[2]),
    )


def append(rows: Sequence[Row], *, after: Head) -> None:
    """Write the events and move the head, at the latest with the transaction's next statement.

    Raises RuntimeError or an IntegrityError if the head is not where it was.
    """
    move = _move(rows, after)
    if _is_postgresql():
        _append_together(rows, move)
        return
    with connection.cursor() as cursor:
        cursor.executemany(_EVENTS + _EVENT, [_values(row) for row in rows])
    if statements.count(_MOVE, move) != 1:
        raise RuntimeError("the end of the audit chain moved although it was locked")


def _append_together(rows: Sequence[Row], move: Sequence[Any]) -> None:
    """One statement for so many events; the last one moves the head."""
    *earlier, last = (rows[place : place + _AT_ONCE] for place in range(0, len(rows), _AT_ONCE))
    for part in earlier:
        values = [value for row in part for value in _values(row)]
        statements.later(_EVENTS + ", ".join([_EVENT] * len(part)), values)
    values = [*move]
    for row in last:
        first, _, *others = _values(row)
        values += [first, *others]
    statements.later(_MOVED + _EVENTS + ", ".join([_EVENT_OF_MOVED] * len(last)), values)


def _move(rows: Sequence[Row], after: Head) -> list[Any]:
    last = rows[-1]
    return [
        last.event.seq,
        last.digest.hex(),
        _uuid(after.scope_id),
        after.sequence,
        after.digest.hex(),
    ]


def _values(row: Row) -> list[Any]:
    event = row.event
    return [
        _uuid(row.id),
        _uuid(event.scope),
        event.seq,
        row.at if _is_postgresql() else connection.ops.adapt_datetimefield_value(row.at),
        event.name,
        _write(event.actor),
        event.subject_kind,
        event.subject_id,
        _write(event.facts),
        event.previous.hex(),
        row.digest.hex(),
    ]


def _uuid(value: UUID) -> UUID | str:
    return value if _is_postgresql() else value.hex


def _is_postgresql() -> bool:
    return connection.vendor == "postgresql"
