"""Papers in two scopes for the second wall, and a pooler to stand in between."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection


@pytest.fixture
def papers(committed: Any) -> Any:
    """alpha in acme and gamma in the other scope, committed."""
    committed.paper(committed.folder(committed.acme, "ours"), "alpha")
    committed.paper(committed.folder(committed.other, "theirs"), "gamma")
    return committed


@pytest.fixture
def relay() -> Iterator[Any]:
    """A proxy that hides the server process behind a key of its own, as poolers do."""
    given = connection.settings_dict
    relay = _Relay(given["HOST"] or "127.0.0.1", int(given["PORT"] or 5432))
    relay.start()
    yield relay
    relay.stop()


class _Relay:
    """Passes bytes between clients and the server, with another BackendKeyData."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = [self._listener]
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        self._run(self._accept)

    def stop(self) -> None:
        for opened in self._sockets:
            with contextlib.suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=10)
        for opened in self._sockets:
            opened.close()

    def _run(self, work: Callable[..., None], *arguments: Any) -> None:
        self._threads.append(threading.Thread(target=work, args=arguments, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server)
                self._sockets += [client, server]
                self._run(self._pass, client, server, bytes)
                self._run(self._pass, server, client, _other_process)

    def _pass(
        self, source: socket.socket, target: socket.socket, change: Callable[[bytes], bytes]
    ) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(change(data))
            target.shutdown(socket.SHUT_WR)


def _other_process(data: bytes) -> bytes:
    """BackendKeyData is 'K', length 12, process id, secret (protocol documentation §55.7)."""
    head, found, rest = data.partition(b"K\x00\x00\x00\x0c")
    return head + found + b"\x7f\xff\xff\xff" + rest[4:] if found else data
