"""A load of many connections from one thread: each asks again as soon as it was answered.

Requests are bytes made beforehand; the answers are only taken apart as far as the next request
needs. So the load costs little beside the servers that it measures.
"""

import math
import selectors
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

_LAST_CHUNK = b"0\r\n\r\n"
_PATIENCE = 30.0


class Talk(Protocol):
    """What one connection says: a request, and what it learns from the answer."""

    def ask(self) -> bytes: ...

    def told(self, status: int, body: bytes) -> None: ...


@dataclass
class Load:
    """What became of the requests of one kind in one window."""

    latencies: list[float] = field(default_factory=list)
    refused: dict[int, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def quantile(self, share: float) -> float:
        """Milliseconds within which this share of the answers came."""
        ordered = sorted(self.latencies)
        if not ordered:
            return math.inf
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


class Repeated:
    """The same requests again and again, whatever is answered."""

    def __init__(self, requests: Sequence[bytes], first: int = 0) -> None:
        self.requests = requests
        self.next = first

    def ask(self) -> bytes:
        self.next = (self.next + 1) % len(self.requests)
        return self.requests[self.next]

    def told(self, status: int, body: bytes) -> None:
        """Nothing to learn."""


def request(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """The bytes of one request on a connection that stays."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def press(port: int, groups: Mapping[str, Sequence[Talk]], seconds: float) -> Mapping[str, Load]:
    """Let all talks go on for so long; what each group got, with its own refusals."""
    loads = {name: Load() for name in groups}
    lines = [_Line(port, talk, loads[name]) for name, talks in groups.items() for talk in talks]
    with selectors.DefaultSelector() as selector:
        for line in lines:
            selector.register(line.socket, selectors.EVENT_READ, line)
            line.ask()
        started = time.perf_counter()
        _converse(selector, lines, started + seconds)
        took = time.perf_counter() - started
    for line in lines:
        line.socket.close()
    for load in loads.values():
        load.seconds = took
    return loads


def _converse(selector: selectors.BaseSelector, lines: Sequence["_Line"], ends_at: float) -> None:
    waiting = len(lines)
    while waiting:
        ready = selector.select(_PATIENCE)
        if not ready:
            raise RuntimeError("a server of the benchmark stopped answering")
        for key, _ in ready:
            if not key.data.hear():
                continue
            if time.perf_counter() < ends_at:
                key.data.ask()
            else:
                waiting -= 1


class _Line:
    """One connection."""

    def __init__(self, port: int, talk: Talk, load: Load) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.talk = talk
        self.load = load
        self.heard = b""
        self.asked_at = 0.0

    def ask(self) -> None:
        self.heard = b""
        request = self.talk.ask()
        self.asked_at = time.perf_counter()
        self.socket.sendall(request)

    def hear(self) -> bool:
        """Read what is there; whether the answer is complete."""
        part = self.socket.recv(65536)
        if not part:
            raise RuntimeError(f"a server of the benchmark hung up after {self.heard[:200]!r}")
        self.heard += part
        answer = _answer(self.heard)
        if answer is None:
            return False
        took, (status, body) = time.perf_counter() - self.asked_at, answer
        if 200 <= status < 300:
            self.load.latencies.append(took)
        else:
            self.load.refused[status] = self.load.refused.get(status, 0) + 1
        self.talk.told(status, body)
        return True


def _answer(heard: bytes) -> tuple[int, bytes] | None:
    """Status and body, None as long as something is missing."""
    head, gap, body = heard.partition(b"\r\n\r\n")
    if not gap:
        return None
    status, lower = int(head[9:12]), head.lower()
    announced = lower.partition(b"content-length:")[2].partition(b"\r\n")[0]
    if announced:
        return (status, body) if len(body) >= int(announced) else None
    if b"transfer-encoding: chunked" in lower:
        return (status, _joined(body)) if body.endswith(_LAST_CHUNK) else None
    return status, b""


def _joined(body: bytes) -> bytes:
    parts = []
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        parts.append(rest[:length])
        body = rest[length + 2 :]
    return b"".join(parts)
