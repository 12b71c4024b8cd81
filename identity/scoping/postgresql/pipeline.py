"""Several prepared statements in one round trip (libpq's pipeline mode).

The server runs them one after the other, as if they had been sent so; after the first that fails it
runs no more of them.
"""

import select
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import pq

_ABORTED: Final = pq.ExecStatus.PIPELINE_ABORTED
_SYNCED: Final = pq.ExecStatus.PIPELINE_SYNC


@dataclass(frozen=True, slots=True)
class Command:
    """A statement by the name under which it was prepared; without a name it is SQL as it is."""

    name: bytes
    sql: bytes = b""
    given: Any = None
    formats: Any = None


def together(
    connection: psycopg.Connection[Any], commands: Sequence[Command]
) -> list[pq.abc.PGresult]:
    """The results in order; there are fewer than commands if one failed, which then is the last.

    The connection waits for statements, and is closed where the conversation breaks off. Raises
    what psycopg raises for that.
    """
    pgconn = connection.pgconn
    try:
        pgconn.enter_pipeline_mode()
        for command in commands:
            _send(pgconn, command)
        pgconn.pipeline_sync()
        _wait_until_sent(pgconn)
        results = _results(pgconn)
        pgconn.exit_pipeline_mode()
    except BaseException:
        # Nobody could tell which answer belongs to what.
        connection.close()
        raise
    return results


def _send(pgconn: pq.abc.PGconn, command: Command) -> None:
    if command.name:
        pgconn.send_query_prepared(command.name, command.given, command.formats, pq.Format.BINARY)
    else:
        pgconn.send_query_params(command.sql, None, result_format=pq.Format.BINARY)


def _wait_until_sent(pgconn: pq.abc.PGconn) -> None:
    while pgconn.flush():
        # The server may have to be listened to before it listens.
        _poll(pgconn, select.POLLIN | select.POLLOUT)
        pgconn.consume_input()


def _results(pgconn: pq.abc.PGconn) -> list[pq.abc.PGresult]:
    results: list[pq.abc.PGresult] = []
    ended = 0
    while ended < 2:
        # libpq would wait with the interpreter in its hand, and whom it waits for might need it.
        while pgconn.is_busy():
            _poll(pgconn, select.POLLIN)
            pgconn.consume_input()
        result = pgconn.get_result()
        if result is None:
            # The end of one statement's results; twice in a row it is the end of everything.
            ended += 1
            continue
        ended = 0
        if result.status == _SYNCED:
            return results
        if result.status != _ABORTED:
            results.append(result)
    raise psycopg.OperationalError(pgconn.get_error_message())


def _poll(pgconn: pq.abc.PGconn, events: int) -> None:
    poller = select.poll()
    poller.register(pgconn.socket, events)
    poller.poll()
