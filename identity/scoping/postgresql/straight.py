"""Hot statements on PostgreSQL: prepared once in each session, then run by libpq in one call.

A cursor costs some 60 µs of this process's time for each statement, the call 15; and the thread
lets the interpreter go once, not at every step of the driver's conversation with the server.
Values are written and read by psycopg's own adapters, in Django's types.

What is to be done `later` is sent in one round trip with the next statement of the session, whoever
sends it, and before the transaction is committed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Any, Final

import psycopg
from psycopg import adapt, errors, pq
from psycopg.abc import Buffer

from identity.scoping import current
from identity.scoping.postgresql import pipeline, session

MOST: Final = 512
"""Statements kept in one session, the oldest go first."""
Rows = list[tuple[Any, ...]]
_LOST: Final = ("0A000", "26000")
"""A prepared statement that somebody took away, or whose tables have changed since."""
_BEGIN: Final = pipeline.Command(b"", sql=b"BEGIN")
_COMMIT: Final = pipeline.Command(b"", sql=b"COMMIT")
_IDLE: Final = pq.TransactionStatus.IDLE
_GOOD: Final = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK)
_WAITING: Final = (_IDLE, pq.TransactionStatus.INTRANS)
_AUTO: Final = [[adapt.PyFormat.AUTO] * count for count in range(65)]
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_INT8: Final = Struct("!q")


@dataclass(frozen=True, slots=True)
class _Call:
    """A statement with its values as they are sent.

    `then` hears how many rows it changed, `tell` what rows it gave.
    """

    key: tuple[str, tuple[int, ...] | None]
    given: Any
    formats: Any
    then: Callable[[int], None] | None = None
    tell: Callable[[Rows], None] | None = None

    @property
    def has_a_say(self) -> bool:
        return self.then is not None or self.tell is not None


class Straight:
    """The hot statements of one connection; used by its thread alone."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        cursor = psycopg.Cursor(connection)
        for name, loader in _LOADERS.items():
            cursor.adapters.register_loader(name, loader)
        self._adapting = adapt.Transformer(cursor)
        self._names: dict[tuple[str, tuple[int, ...] | None], bytes] = {}
        self._made = 0
        self._forgets = session.forgets(connection)
        self._queue: list[_Call] = []
        self._queued_in = b""

    def is_open(self) -> bool:
        """Whether the session waits for statements, one at a time."""
        pgconn = self.connection.pgconn
        return pgconn.transaction_status in _WAITING and not pgconn.pipeline_status

    def run(self, sql: str, values: Sequence[Any]) -> tuple[Rows, int]:
        """Rows, and how many there are or were changed. Raises what a cursor would raise.

        What was to be done later is done before; raises what follows from it, too.
        """
        if self._queue:
            if self._queued_in == current.state().mark:
                return self._answer(self._together(self._take(), self._call(sql, values)))
            self.catch_up()
        session.follow(self.connection, self.connection.pgconn)
        self._begin()
        call = self._call(sql, values)
        result = self._sent(call)
        is_lost = result.status == pq.ExecStatus.FATAL_ERROR and self._is_lost(call, result)
        if is_lost and self._is_idle():
            result = self._sent(call)
        return self._answer(result)

    def later(
        self, sql: str, values: Sequence[Any], then: Callable[[int], None] | None = None
    ) -> None:
        """Do this before the next statement of the session, in the transaction that is going on."""
        self._hold_back(self._call(sql, values, then=then))

    def ahead(self, sql: str, values: Sequence[Any], tell: Callable[[Rows], None]) -> None:
        """Ask this before the next statement of the session."""
        self._hold_back(self._call(sql, values, tell=tell))

    def _hold_back(self, call: _Call) -> None:
        if self._queue and self._queued_in != current.state().mark:
            self.catch_up()
        if not self._queue:
            session.follow(self.connection, self.connection.pgconn)
            self._queued_in = current.state().mark
            session.hold_back(self.connection, self.catch_up)
        self._queue.append(call)

    def catch_up(self) -> None:
        """Do now what was to be done later. Raises what a cursor would raise, and what follows."""
        queue = self._take()
        if queue:
            self._together(queue[:-1], queue[-1])

    def drop(self) -> None:
        """Do nothing of what was to be done later: its transaction is given up."""
        self._take()

    def commit(self) -> None:
        """End the transaction, if there is one."""
        if any(call.has_a_say for call in self._queue):
            # Somebody has a say in it.
            self.catch_up()
        queue = self._take()
        if self._is_idle() and not queue:
            return
        results = self._piped(queue, begins=self._is_idle(), ends=True)
        if len(results) <= len(queue) or results[-1].status not in _GOOD:
            raise self._error(results[-1])

    def _take(self) -> list[_Call]:
        queue, self._queue = self._queue, []
        session.hold_back(self.connection, None)
        return queue

    def _together(self, queue: Sequence[_Call], last: _Call) -> pq.abc.PGresult:
        """The result of the last, after all others and what follows from them."""
        calls = [*queue, last]
        is_new = not self.connection.autocommit and self._is_idle()
        results = self._piped(calls, begins=is_new)
        if results[-1].status == pq.ExecStatus.FATAL_ERROR and is_new:
            failed = calls[len(results) - 1]
            if self._is_lost(failed, results[-1]):
                # Nothing else was done in this transaction yet.
                self.connection.pgconn.exec_(b"ROLLBACK")
                results = self._piped(calls, begins=True)
        for call, result in zip(calls, results, strict=False):
            if result.status not in _GOOD:
                raise self._error(result)
            if call.then is not None:
                call.then(result.command_tuples or 0)
            if call.tell is not None:
                call.tell(self._answer(result)[0])
        return results[-1]

    def _piped(
        self, calls: Sequence[_Call], *, begins: bool, ends: bool = False
    ) -> list[pq.abc.PGresult]:
        commands = [
            pipeline.Command(self._name(call.key), given=call.given, formats=call.formats)
            for call in calls
        ]
        begun, ended = [_BEGIN] if begins else [], [_COMMIT] if ends else []
        return pipeline.together(self.connection, [*begun, *commands, *ended])[len(begun) :]

    def _call(self, sql: str, values: Sequence[Any], **follows: Any) -> _Call:
        adapting = self._adapting
        given = adapting.dump_sequence(values, _AUTO[len(values)])
        return _Call((sql, adapting.types), given, adapting.formats, **follows)

    def _sent(self, call: _Call) -> pq.abc.PGresult:
        name = self._name(call.key)
        return self.connection.pgconn.exec_prepared(
            name, call.given, call.formats, pq.Format.BINARY
        )

    def _answer(self, result: pq.abc.PGresult) -> tuple[Rows, int]:
        if result.status == pq.ExecStatus.TUPLES_OK:
            adapting = self._adapting
            adapting.set_pgresult(result)
            rows = adapting.load_rows(0, result.ntuples, tuple)
            adapting.set_pgresult(None)
            return rows, result.ntuples
        if result.status != pq.ExecStatus.COMMAND_OK:
            raise self._error(result)
        return [], result.command_tuples or 0

    def _is_idle(self) -> bool:
        return self.connection.pgconn.transaction_status == _IDLE

    def _begin(self) -> None:
        # As psycopg does before the first statement of a transaction.
        if not self.connection.autocommit and self._is_idle():
            result = self.connection.pgconn.exec_(b"BEGIN")
            if result.status != pq.ExecStatus.COMMAND_OK:
                raise self._error(result)

    def _name(self, key: tuple[str, tuple[int, ...] | None]) -> bytes:
        if self._forgets != session.forgets(self.connection):
            self._names.clear()
            self._forgets = session.forgets(self.connection)
        return self._names.get(key) or self._prepare(key)

    def _prepare(self, key: tuple[str, tuple[int, ...] | None]) -> bytes:
        if len(self._names) >= MOST:
            oldest = self._names.pop(next(iter(self._names)))
            self.connection.pgconn.exec_(b"DEALLOCATE " + oldest)
        self._made += 1
        name = b"countersign_%d" % self._made
        sql, types = key
        result = self.connection.pgconn.prepare(name, _numbered(sql), types)
        if result.status != pq.ExecStatus.COMMAND_OK:
            raise self._error(result)
        self._names[key] = name
        return name

    def _error(self, result: pq.abc.PGresult) -> psycopg.Error:
        if self.connection.pgconn.status == pq.ConnStatus.BAD:
            # Not the server says so: it is gone.
            return psycopg.OperationalError(self.connection.pgconn.get_error_message())
        return errors.error_from_result(result)

    def _is_lost(self, call: _Call, result: pq.abc.PGresult) -> bool:
        """Whether the statement has to be prepared anew."""
        if errors.error_from_result(result).sqlstate not in _LOST:
            return False
        self._names.pop(call.key, None)
        return True


def _numbered(sql: str) -> bytes:
    """The places of values as PostgreSQL writes them: `%s` is `$1`, `$2`, …, and `%%` is `%`."""
    first, *others = (part.replace("%%", "%") for part in sql.split("%s"))
    return "".join([first, *(f"${n}{part}" for n, part in enumerate(others, start=1))]).encode()


class _Json(adapt.Loader):
    """Its text, as Django's JSONField reads it; in front of it stands a version."""

    format = pq.Format.BINARY

    def load(self, data: Buffer) -> str:
        return bytes(data[1:]).decode()


class _Moment(adapt.Loader):
    """Microseconds since 2000 as a moment in UTC."""

    format = pq.Format.BINARY

    def load(self, data: Buffer) -> datetime:
        return _EPOCH + timedelta(microseconds=_INT8.unpack(data)[0])


_LOADERS: Final[Mapping[str, type[Any]]] = {"jsonb": _Json, "timestamptz": _Moment}
