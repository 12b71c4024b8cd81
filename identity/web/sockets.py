"""Web sockets (RFC 6455) by ASGI: one text in, one text out, in their order.

What is said is answered in threads, because domain and database are not asynchronous; the event
loop only carries. A socket knows no user: a face makes a `Line` for each that is opened.
"""

import asyncio
import functools
import sys
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Protocol
from urllib.parse import unquote

import structlog
from django import db

from identity.web import lane

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

MOST_OPEN: Final = 2048
"""Sockets of one process; whoever comes then may try again later."""
MOST_OF_ADDRESS: Final = 128
MOST_TEXT: Final = 1024 * 1024
PATIENCE: Final = 60.0
"""Seconds that a socket may stay silent whose holder is not known."""
THREADS: Final = 4
_GOING_AWAY, _UNSUPPORTED, _REFUSED, _TOO_BIG, _BROKEN = 1001, 1003, 1008, 1009, 1011
_NOT_HERE: Final = b"Web sockets alone are answered here; send requests to the web server.\n"

_log = structlog.get_logger(__name__)


class Line(Protocol):
    """What a face answers one socket with. Its methods are called in threads, one at a time."""

    @property
    def address(self) -> str:
        """Whom the socket counts for."""

    @property
    def is_known(self) -> bool:
        """Whether its holder has proved who that is: such a socket may be silent."""

    def answer(self, text: str) -> str:
        """The answer to a text."""

    def close(self) -> None:
        """The socket is gone."""


Opening = Callable[[dict[str, Any]], Line | None]
"""Makes a line from a request's environment in WSGI's words; None where nobody answers."""


class Sockets:
    """The ASGI application of all sockets of a process."""

    def __init__(self, opening: Opening, *, patience: float = PATIENCE) -> None:
        self._opening = opening
        self._patience = patience
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="socket")
        self._open = 0
        self._of_address: dict[str, int] = {}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] == "websocket":
            await self._connected(scope, receive, send)
        elif scope["type"] == "http":
            await _refuse_request(send)
        elif scope["type"] == "lifespan":
            await _live(receive, send)

    async def _connected(self, scope: Message, receive: Receive, send: Send) -> None:
        if (await receive())["type"] != "websocket.connect":
            return
        line = self._opening(environ(scope))
        if line is None or not self._has_room(line.address):
            # Before it was accepted this is an answer with status 403.
            await send({"type": "websocket.close", "code": _REFUSED})
            return
        self._count(line.address, 1)
        try:
            await send({"type": "websocket.accept"})
            await self._talk(line, receive, send)
        finally:
            self._count(line.address, -1)
            await self._in_thread(line.close)

    async def _talk(self, line: Line, receive: Receive, send: Send) -> None:
        while True:
            try:
                patience = None if line.is_known else self._patience
                message = await asyncio.wait_for(receive(), patience)
            except TimeoutError:
                await send({"type": "websocket.close", "code": _GOING_AWAY})
                return
            if message["type"] != "websocket.receive":
                return
            code = await self._answered(line, message.get("text"), send)
            if code:
                await send({"type": "websocket.close", "code": code})
                return

    async def _answered(self, line: Line, text: str | None, send: Send) -> int:
        """Answer a text; the code to close with, or 0."""
        if text is None:
            return _UNSUPPORTED
        if len(text) > MOST_TEXT:
            return _TOO_BIG
        try:
            answer = await self._in_thread(functools.partial(line.answer, text))
        except Exception:  # noqa: BLE001 the last resort; it is logged and the socket closed
            _log.exception("socket failed", exc_info=sys.exc_info())
            return _BROKEN
        await send({"type": "websocket.send", "text": answer})
        return 0

    async def _in_thread(self, act: Callable[[], Any]) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, _tended, act)

    def _has_room(self, address: str) -> bool:
        return self._open < MOST_OPEN and self._of_address.get(address, 0) < MOST_OF_ADDRESS

    def _count(self, address: str, change: int) -> None:
        self._open += change
        left = self._of_address.get(address, 0) + change
        if left:
            self._of_address[address] = left
        else:
            del self._of_address[address]


def environ(scope: Message) -> dict[str, Any]:
    """A connection's request in WSGI's words, without a body."""
    found = {
        "REQUEST_METHOD": scope.get("method", "GET"),
        "PATH_INFO": unquote(scope["path"]),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "REMOTE_ADDR": (scope.get("client") or [""])[0],
        "CONTENT_LENGTH": "0",
        "wsgi.url_scheme": {"ws": "http", "wss": "https"}.get(scope["scheme"], scope["scheme"]),
    }
    for name, value in scope["headers"]:
        key = "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
        text = value.decode("latin-1")
        found[key] = f"{found[key]},{text}" if key in found else text
    return found


def _tended(act: Callable[[], Any]) -> Any:
    lane.tend_connections()
    try:
        return act()
    finally:
        for connection in db.connections.all(initialized_only=True):
            if connection.in_atomic_block:
                connection.close()


async def _refuse_request(send: Send) -> None:
    headers = [(b"content-type", b"text/plain"), (b"upgrade", b"websocket")]
    await send({"type": "http.response.start", "status": 426, "headers": headers})
    await send({"type": "http.response.body", "body": _NOT_HERE})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
