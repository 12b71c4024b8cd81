"""Web sockets by ASGI: carried in order, bounded, and closed when something is wrong."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Self

import pytest

from identity.web import sockets

ADDRESS = "192.0.2.1"


class Echo:
    """A line that repeats what it hears, known once it was told a name."""

    def __init__(self) -> None:
        self.address = ADDRESS
        self.is_known = False
        self.is_closed = False
        self.heard: list[str] = []
        self.threads: set[int] = set()

    def answer(self, text: str) -> str:
        self.threads.add(threading.get_ident())
        self.heard.append(text)
        if text == "fail":
            raise RuntimeError("on purpose")
        self.is_known = self.is_known or text == "alice"
        return f"heard {text}"

    def close(self) -> None:
        self.is_closed = True


def scope(**more: Any) -> dict[str, Any]:
    return {
        "type": "websocket",
        "scheme": "ws",
        "path": "/api",
        "query_string": b"",
        "client": (ADDRESS, 4711),
        "headers": [(b"host", b"id.example.org")],
        **more,
    }


class Peer:
    """The other end of one connection."""

    def __init__(self, application: sockets.Sockets, **more: Any) -> None:
        self._to: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._scope = scope(**more)
        self._application = application

    async def __aenter__(self) -> Self:
        self._task = asyncio.ensure_future(
            self._application(self._scope, self._to.get, self._from.put)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.say({"type": "websocket.disconnect", "code": 1000})
        await asyncio.wait_for(self._task, 5)

    async def say(self, message: dict[str, Any]) -> None:
        await self._to.put(message)

    async def connect(self) -> dict[str, Any]:
        await self.say({"type": "websocket.connect"})
        return await self.heard()

    async def text(self, text: str) -> None:
        await self.say({"type": "websocket.receive", "text": text})

    async def heard(self) -> dict[str, Any]:
        return await asyncio.wait_for(self._from.get(), 5)


def run(act: Coroutine[Any, Any, None]) -> None:
    asyncio.run(act)


def test_answers_texts_in_their_order_outside_the_loop() -> None:
    line = Echo()

    async def talk() -> None:
        async with Peer(sockets.Sockets(lambda _: line)) as peer:
            assert await peer.connect() == {"type": "websocket.accept"}
            for number in range(20):
                await peer.text(str(number))
            for number in range(20):
                assert (await peer.heard())["text"] == f"heard {number}"

    run(talk())
    assert line.heard == [str(number) for number in range(20)]
    assert threading.get_ident() not in line.threads
    assert line.is_closed


def test_gives_a_face_the_request_in_the_words_of_wsgi() -> None:
    seen: list[dict[str, Any]] = []

    def opening(environ: dict[str, Any]) -> None:
        seen.append(environ)

    async def talk() -> None:
        headers = [(b"x-forwarded-for", b"192.0.2.7"), (b"x-forwarded-for", b"192.0.2.8")]
        more = {"path": "/s/caf%C3%A9/api", "query_string": b"a=1", "headers": headers}
        async with Peer(sockets.Sockets(opening), **more) as peer:
            assert await peer.connect() == {"type": "websocket.close", "code": 1008}

    run(talk())
    (environ,) = seen
    assert environ["PATH_INFO"] == "/s/café/api"
    assert environ["QUERY_STRING"] == "a=1"
    assert environ["REMOTE_ADDR"] == ADDRESS
    assert environ["HTTP_X_FORWARDED_FOR"] == "192.0.2.7,192.0.2.8"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"bytes": b"\0"}, 1003),
        ({"text": "x" * (sockets.MOST_TEXT + 1)}, 1009),
        ({"text": "fail"}, 1011),
    ],
)
def test_closes_what_it_can_not_answer(message: dict[str, Any], code: int) -> None:
    line = Echo()

    async def talk() -> None:
        async with Peer(sockets.Sockets(lambda _: line)) as peer:
            await peer.connect()
            await peer.say({"type": "websocket.receive", **message})
            assert await peer.heard() == {"type": "websocket.close", "code": code}

    run(talk())
    assert line.is_closed


def test_lets_a_silent_stranger_go_and_keeps_whom_it_knows() -> None:
    stranger, known = Echo(), Echo()
    lines = iter([stranger, known])

    async def talk() -> None:
        application = sockets.Sockets(lambda _: next(lines), patience=0.2)
        async with Peer(application) as one, Peer(application) as other:
            await one.connect()
            await other.connect()
            await other.text("alice")
            assert (await other.heard())["text"] == "heard alice"
            assert await one.heard() == {"type": "websocket.close", "code": 1001}
            await asyncio.sleep(0.3)
            await other.text("still here")
            assert (await other.heard())["text"] == "heard still here"

    run(talk())
    assert stranger.is_closed


def test_has_room_for_so_many_of_one_address_and_frees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "MOST_OF_ADDRESS", 2)

    async def talk() -> None:
        application = sockets.Sockets(lambda _: Echo())
        async with Peer(application) as first:
            assert (await first.connect())["type"] == "websocket.accept"
            async with Peer(application) as second:
                assert (await second.connect())["type"] == "websocket.accept"
                async with Peer(application) as third:
                    assert await third.connect() == {"type": "websocket.close", "code": 1008}
            async with Peer(application) as fourth:
                assert (await fourth.connect())["type"] == "websocket.accept"

    run(talk())


def test_sends_requests_elsewhere() -> None:
    async def ask() -> None:
        answered: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        application = sockets.Sockets(lambda _: Echo())
        await application({"type": "http"}, answered.get, answered.put)
        assert (await answered.get())["status"] == 426
        assert b"web server" in (await answered.get())["body"]

    run(ask())
