"""Web sockets of this face: each message is a call, and tokens may live as long as the socket."""

import secrets
from datetime import UTC, datetime
from typing import Any

import orjson

from identity import actor
from identity.api.bridge import desk, views
from identity.api.bridge import sent as requests
from identity.api.bridge.connection import Connection
from identity.api.bridge.sent import Sent
from identity.web import client_ip, scope_resolution
from sessions_app.services import machine_ends


class Line:
    """One open socket."""

    def __init__(self, sent: Sent) -> None:
        self._sent = sent
        self._connection = Connection(secrets.token_hex(32))
        self.address = client_ip.neighbourhood(sent.address)

    @property
    def is_known(self) -> bool:
        """Whether a token was bound to it."""
        return bool(self._connection.token)

    def answer(self, text: str) -> str:
        """The answer to a call."""
        now = datetime.now(UTC)
        told = desk.call(text, connection=self._connection, sent=self._sent, now=now)
        return orjson.dumps(told).decode()

    def close(self) -> None:
        """End the sessions that were to last as long as this socket."""
        now = datetime.now(UTC)
        for scope_id in self._connection.scopes:
            by = actor.system(scope_id)
            machine_ends.end_of_connection(self._connection.id, by=by, now=now)


def open_line(environ: dict[str, Any]) -> Line | None:
    """A line for a socket at one of the addresses of calls, None elsewhere."""
    path: str = environ["PATH_INFO"]
    _, place = scope_resolution.split_path(path)
    if place not in views.PATHS:
        return None
    return Line(
        requests.of_socket(
            path=path,
            address=client_ip.of(environ),
            named=scope_resolution.of_environ(environ),
        )
    )
