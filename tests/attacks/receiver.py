"""Another side to call: real sockets that answer with whatever bytes a test wants, in its pace."""

import contextlib
import datetime as dt
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Speak = Callable[[socket.socket, bytes], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def saying(answer: bytes) -> Speak:
    """Says these bytes at once."""

    def speak(stream: socket.socket, request: bytes) -> None:
        stream.sendall(answer)

    return speak


HELLO = saying(OK)


def dripping(start: bytes, drop: bytes, pause: float = 0.05) -> Speak:
    """Says the start, and then one drop after the other for as long as somebody listens."""

    def speak(stream: socket.socket, request: bytes) -> None:
        stream.sendall(start)
        while True:
            stream.sendall(drop)
            time.sleep(pause)

    return speak


class Receiver:
    """Listens on a free port of 127.0.0.1 or ::1 and keeps what it was sent."""

    def __init__(
        self, speak: Speak = HELLO, *, host: str = "127.0.0.1", trust: "Trust | None" = None
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.requests: list[bytes] = []
        self.connections = 0
        self._speak = speak
        self._tls = trust.server() if trust else None
        self._listening = socket.create_server((host, 0), family=family)
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                stream, _ = self._listening.accept()
                self.connections += 1
                threading.Thread(target=self._answer, args=(stream,), daemon=True).start()

    def _answer(self, stream: socket.socket) -> None:
        with contextlib.suppress(OSError), stream:
            if self._tls is not None:
                stream = self._tls.wrap_socket(stream, server_side=True)
            with stream:
                request = _whole(stream)
                self.requests.append(request)
                self._speak(stream, request)


def _whole(stream: socket.socket) -> bytes:
    """A request with as much of a body as it announces."""
    request = b""
    while part := stream.recv(65536):
        request += part
        head, end, body = request.partition(b"\r\n\r\n")
        announced = re.search(rb"(?i)content-length: (\d+)", head)
        if end and len(body) >= int(announced[1] if announced else 0):
            break
    return request


class Trust:
    """A certificate authority and a server certificate for one name."""

    def __init__(self, folder: Path, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = dt.datetime.now(dt.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName([_name(name)]), critical=False)
            .sign(key, hashes.SHA256())
        )
        self._file = folder / "server.pem"
        self._pem = certificate.public_bytes(serialization.Encoding.PEM)
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        self._file.write_bytes(self._pem + private)

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._file)
        return context

    def client(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self._pem.decode())


def _name(name: str) -> x509.GeneralName:
    with contextlib.suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(name))
    return x509.DNSName(name)


@contextlib.contextmanager
def listening(speak: Speak = HELLO, host: str = "127.0.0.1") -> Iterator[Receiver]:
    with Receiver(speak, host=host) as receiver:
        yield receiver
