"""A receiver of webhooks on a port of this machine: keeps what it gets, answers as it is told."""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from identity.crypto import webhook_signature


@dataclass(frozen=True)
class Message:
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def verify(self, public: str) -> None:
        """As a receiver does. Raises SignatureInvalid."""
        content = webhook_signature.signed_content(
            self.id, int(self.headers["webhook-timestamp"]), self.body
        )
        key = webhook_signature.parse_public(public)
        webhook_signature.verify(key, self.headers["webhook-signature"], content)


class Mailbox:
    """Listens for the length of a `with` block. `refused` are the messages it did not take."""

    def __init__(self, status: int = 204, *, port: int = 0, **headers: str) -> None:
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answer = b""
        self.pause = 0.0
        self.taken: list[Message] = []
        self.refused: list[Message] = []
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), _handler(self))
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def keep(self, message: Message) -> int:
        time.sleep(self.pause)
        with self._lock:
            is_taken = 200 <= self.status < 300
            (self.taken if is_taken else self.refused).append(message)
        return self.status

    @property
    def ids(self) -> list[str]:
        return [message.id for message in self.taken]

    @property
    def types(self) -> list[str]:
        return [message.json["type"] for message in self.taken]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


def _handler(mailbox: Mailbox) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(mailbox.keep(Message(headers, body)))
            for name, value in mailbox.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(mailbox.answer)))
            self.end_headers()
            self.wfile.write(mailbox.answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 the base class's name
            pass

    return Handler
