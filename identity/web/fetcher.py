"""The one way in which this server calls others: guarded, bounded, never redirected.

A name is resolved once, each of its addresses is judged, and the connection goes to one of those
very addresses: no second look-up can lead elsewhere. TLS is verified against the name.
"""

import http.client
import io
import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from identity.errors import DomainError, Kind
from identity.services import outside
from identity.services.outside import Address, Destination, Guard

Resolve = Callable[[str, int], Sequence[str]]

MOST_HEADER_BYTES: Final = 32 * 1024
MOST_ADDRESSES: Final = 3


class FetchFailed(DomainError):
    """Nobody answered, or not in time, or not in HTTP. `detail` says which, in words of ours."""

    kind = Kind.UNAVAILABLE
    code = "fetch.failed"
    title = "The other side did not answer as it should."


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one call may take in all: seconds from the first look-up on, bytes of the body."""

    seconds: float = 10.0
    body_bytes: int = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `is_cut` tells that the body was longer than asked for."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_cut: bool


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a name as the system knows them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def post(
    url: str, *, body: bytes, headers: Mapping[str, str], bounds: Bounds, guard: Guard
) -> Answer:
    """Send a body and read the answer. Raises AddressRefused, FetchFailed."""
    return fetch("POST", url, body=body, headers=headers, bounds=bounds, guard=guard)


def get(url: str, *, headers: Mapping[str, str], bounds: Bounds, guard: Guard) -> Answer:
    """Read a resource. Raises AddressRefused, FetchFailed."""
    return fetch("GET", url, body=b"", headers=headers, bounds=bounds, guard=guard)


def fetch(
    method: str,
    url: str,
    *,
    body: bytes,
    headers: Mapping[str, str],
    bounds: Bounds,
    guard: Guard,
    resolver: Resolve = resolve,
    trust: ssl.SSLContext | None = None,
) -> Answer:
    """One call. A redirect is an answer like others; nothing is decompressed; no proxy is asked.

    `trust` replaces the system's certificate authorities. Raises AddressRefused for what must not
    be called, FetchFailed for what did not work.
    """
    destination = outside.parse(url, guard)
    deadline = _Deadline(bounds.seconds)
    addresses = _addresses(destination, guard, resolver, deadline)
    stream = _connected(addresses, destination, deadline)
    try:
        if destination.scheme == "https":
            stream = _secured(stream, destination, trust, deadline)
        return _exchanged(stream, destination, (method, body, headers), bounds, deadline)
    finally:
        stream.close()


class _Deadline:
    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that are left. Raises FetchFailed when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise FetchFailed("It took too long.")
        return left


def _addresses(
    destination: Destination, guard: Guard, resolver: Resolve, deadline: _Deadline
) -> list[Address]:
    texts = _looked_up(destination, resolver, deadline)
    # A scope id (`fe80::1%eth0`) names a link of this machine.
    addresses = [ipaddress.ip_address(text) for text in dict.fromkeys(texts)]
    if not addresses:
        raise FetchFailed("The name has no address.")
    # One bad address among good ones is enough: somebody tries something.
    for address in addresses:
        outside.check_address(address, destination, guard)
    return addresses[:MOST_ADDRESSES]


def _looked_up(destination: Destination, resolver: Resolve, deadline: _Deadline) -> Sequence[str]:
    # The system's resolver knows no deadline, so it works in a thread that may be left behind.
    answers: queue.SimpleQueue[Sequence[str] | OSError | UnicodeError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(resolver(destination.host, destination.port))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=look_up, name="look-up", daemon=True).start()
    try:
        found = answers.get(timeout=deadline.left())
    except queue.Empty:
        raise FetchFailed("Looking up the name took too long.") from None
    if isinstance(found, Exception):
        raise FetchFailed("The name can't be looked up.")
    return found


def _connected(
    addresses: Sequence[Address], destination: Destination, deadline: _Deadline
) -> socket.socket:
    for address in addresses:
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        stream = socket.socket(family, socket.SOCK_STREAM)
        try:
            stream.settimeout(deadline.left())
            stream.connect((str(address), destination.port))
        except (OSError, FetchFailed):
            stream.close()
            continue
        return stream
    raise FetchFailed("No connection could be made.")


def _secured(
    stream: socket.socket,
    destination: Destination,
    trust: ssl.SSLContext | None,
    deadline: _Deadline,
) -> socket.socket:
    context = trust or _system_trust()
    try:
        stream.settimeout(deadline.left())
        return context.wrap_socket(stream, server_hostname=destination.host)
    except ssl.SSLCertVerificationError:
        raise FetchFailed("The certificate is not valid for this name.") from None
    except OSError:
        raise FetchFailed("No TLS connection could be made.") from None


def _system_trust() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _exchanged(
    stream: socket.socket,
    destination: Destination,
    request: tuple[str, bytes, Mapping[str, str]],
    bounds: Bounds,
    deadline: _Deadline,
) -> Answer:
    method, body, headers = request
    connection = http.client.HTTPConnection(destination.host, destination.port)
    connection.sock = _Bounded(stream, deadline, MOST_HEADER_BYTES + bounds.body_bytes)
    try:
        connection.putrequest(method, destination.target, skip_host=True, skip_accept_encoding=True)
        sent = {
            "Host": destination.authority,
            # Nothing is ever decompressed here, so nothing can be small and become large.
            "Accept-Encoding": "identity",
            "Connection": "close",
            **({"Content-Length": str(len(body))} if body or method == "POST" else {}),
            **headers,
        }
        for name, value in sent.items():
            connection.putheader(name, value)
        connection.endheaders(body or None)
        response = connection.getresponse()
        content = response.read(bounds.body_bytes + 1)
    except _TooLarge:
        raise FetchFailed("The answer is too large.") from None
    except TimeoutError:
        raise FetchFailed("It took too long.") from None
    except http.client.HTTPException:
        raise FetchFailed("The answer is not HTTP.") from None
    except OSError:
        raise FetchFailed("The connection broke.") from None
    return Answer(
        status=response.status,
        headers={name.lower(): value for name, value in response.getheaders()},
        body=content[: bounds.body_bytes],
        is_cut=len(content) > bounds.body_bytes,
    )


class _TooLarge(Exception):
    pass


class _Bounded:
    """The part of a socket that http.client uses, with one deadline and one budget for it all."""

    def __init__(self, stream: socket.socket, deadline: _Deadline, most_bytes: int) -> None:
        self._stream = stream
        self._deadline = deadline
        self._left = most_bytes

    def sendall(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self._stream.settimeout(self._deadline.left())
            view = view[self._stream.send(view) :]

    def makefile(self, mode: str) -> io.BufferedReader:
        del mode
        return io.BufferedReader(_Reader(self))

    def receive_into(self, buffer: Any) -> int:
        self._stream.settimeout(self._deadline.left())
        count = self._stream.recv_into(buffer, min(len(buffer), max(self._left, 0) + 1))
        self._left -= count
        if self._left < 0:
            raise _TooLarge
        return count

    def close(self) -> None:
        """Nothing: `fetch` closes the socket itself."""


class _Reader(io.RawIOBase):
    def __init__(self, bounded: _Bounded) -> None:
        super().__init__()
        self._bounded = bounded

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._bounded.receive_into(buffer)
