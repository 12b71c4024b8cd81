"""Hot statements on PostgreSQL: prepared once in each session, then run by libpq in one call.

A cursor costs some 60 µs of this process's time for each statement, the call 15; and the thread
lets the interpreter go once, not at every step of the driver's conversation with the server.
Values are written and read by psycopg's own adapters, in Django's types.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Any, Final

import psycopg
from psycopg import adapt, errors, pq
from psycopg.abc import Buffer

from identity.scoping.postgresql import session

MOST: Final = 512
"""Statements kept in one session, the oldest go first."""
Rows = list[tuple[Any, ...]]
_LOST: Final = ("0A000", "26000")
"""A prepared statement that somebody took away, or whose tables have changed since."""
_IDLE: Final = pq.TransactionStatus.IDLE
_WAITING: Final = (_IDLE, pq.TransactionStatus.INTRANS)
_AUTO: Final = [[adapt.PyFormat.AUTO] * count for count in range(65)]
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_INT8: Final = Struct("!q")


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

    def is_open(self) -> bool:
        """Whether the session waits for statements, one at a time."""
        pgconn = self.connection.pgconn
        return pgconn.transaction_status in _WAITING and not pgconn.pipeline_status

    def run(self, sql: str, values: Sequence[Any]) -> tuple[Rows, int]:
        """Rows, and how many there are or were changed. Raises what a cursor would raise."""
        pgconn = self.connection.pgconn
        session.follow(self.connection, pgconn)
        if self._forgets != session.forgets(self.connection):
            self._names.clear()
            self._forgets = session.forgets(self.connection)
        if not self.connection.autocommit and pgconn.transaction_status == _IDLE:
            self._begin()
        adapting = self._adapting
        given: Any = adapting.dump_sequence(values, _AUTO[len(values)])
        key = (sql, adapting.types)
        name = self._names.get(key) or self._prepare(key)
        result = pgconn.exec_prepared(name, given, adapting.formats, pq.Format.BINARY)
        if result.status == pq.ExecStatus.FATAL_ERROR and self._is_lost(key, result):
            name = self._prepare(key)
            result = pgconn.exec_prepared(name, given, adapting.formats, pq.Format.BINARY)
        if result.status == pq.ExecStatus.TUPLES_OK:
            adapting.set_pgresult(result)
            rows = adapting.load_rows(0, result.ntuples, tuple)
            adapting.set_pgresult(None)
            return rows, result.ntuples
        if result.status != pq.ExecStatus.COMMAND_OK:
            raise self._error(result)
        return [], result.command_tuples or 0

    def _begin(self) -> None:
        # As psycopg does before the first statement of a transaction.
        result = self.connection.pgconn.exec_(b"BEGIN")
        if result.status != pq.ExecStatus.COMMAND_OK:
            raise self._error(result)

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

    def _is_lost(self, key: tuple[str, tuple[int, ...] | None], result: pq.abc.PGresult) -> bool:
        """Whether the statement has to be prepared anew, and now can be."""
        if errors.error_from_result(result).sqlstate not in _LOST:
            return False
        self._names.pop(key, None)
        return self.connection.pgconn.transaction_status == _IDLE


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
