"""Cursors before whose every statement the session follows the scope in force."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Self

import psycopg
from django.db.backends.postgresql import base
from psycopg import client_cursor

from identity.scoping.postgresql import session


class Following(psycopg.Cursor[Any]):
    """Every way to send a statement, preceded by `session.follow`.

    Rows of a server-side cursor are those of the state in which it was declared: fetching more
    of them later changes nothing, so fetching does not follow.
    """

    def execute(self, query: Any, params: Any = None, **kwargs: Any) -> Self:
        """Psycopg's, after following."""
        session.follow(self._conn, self._pgconn)
        super().execute(query, params, **kwargs)
        session.note_end(self._conn, self.statusmessage)
        return self

    def executemany(self, query: Any, params_seq: Iterable[Any], **kwargs: Any) -> None:
        """Psycopg's, after following."""
        session.follow(self._conn, self._pgconn)
        super().executemany(query, params_seq, **kwargs)

    def stream(self, query: Any, params: Any = None, **kwargs: Any) -> Iterator[Any]:
        """Psycopg's, after following when the first row is asked for."""
        session.follow(self._conn, self._pgconn)
        yield from super().stream(query, params, **kwargs)

    @contextmanager
    def copy(self, statement: Any, params: Any = None, **kwargs: Any) -> Iterator[psycopg.Copy]:
        """Psycopg's, after following. Copying into an isolated table is refused by the server."""
        session.follow(self._conn, self._pgconn)
        with super().copy(statement, params, **kwargs) as copy:
            yield copy


class ServerBindingCursor(base.CursorMixin, Following):
    """For OPTIONS["server_side_binding"] = True: parameters travel apart from the SQL."""


class ClientBindingCursor(base.CursorMixin, Following, psycopg.ClientCursor[Any]):
    """Django's default: parameters are quoted into the SQL."""


class ServerBindingNamedCursor(base.CursorMixin, Following, psycopg.ServerCursor[Any]):
    """For `iterator()`, with parameters apart from the SQL."""


class ClientBindingNamedCursor(
    base.CursorMixin,
    Following,
    client_cursor.ClientCursorMixin[psycopg.Connection[Any], Any],
    psycopg.ServerCursor[Any],
):
    """For `iterator()`, with parameters quoted into the SQL."""
