"""Requests to `/v1` in this process, signed as the sdk signs them."""

import io
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from django.conf import settings

from identity.crypto import ecdsa_p256
from identity.sdk.http_signatures import DeviceAuth
from identity.wsgi import application
from tests.cast import Member
from tests.faces.v1 import described

BASE = settings.BASE_URL
_addresses = itertools.count(1)


class InProcess(httpx.BaseTransport):
    """Carries requests to the WSGI application without a socket."""

    def __init__(self, address: str = "192.0.2.1") -> None:
        self.address = address

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        told: dict[str, Any] = {}

        def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
            told["status"], told["headers"] = int(status.split(maxsplit=1)[0]), headers
            return lambda _: None

        answer = b"".join(application(self._environ(request, body), start))
        described.require(
            httpx.Response(told["status"], headers=told["headers"], content=answer),
            method=request.method,
            path=request.url.path,
        )
        return httpx.Response(
            told["status"], headers=told["headers"], stream=httpx.ByteStream(answer)
        )

    def _environ(self, request: httpx.Request, body: bytes) -> dict[str, Any]:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method,
            "PATH_INFO": request.url.path.encode().decode("latin-1"),  # PEP 3333
            "QUERY_STRING": request.url.query.decode(),
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": self.address,
            "CONTENT_LENGTH": str(len(body)),
            "SCRIPT_NAME": "",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
        }
        for name, value in request.headers.items():
            plain = name.upper().replace("-", "_")
            if plain != "CONTENT_LENGTH":
                environ[plain if plain == "CONTENT_TYPE" else f"HTTP_{plain}"] = value
        return environ


@dataclass
class Signed:
    """A device's client; `prefix` stands in front of `/v1`."""

    device: UUID
    key: ecdsa_p256.PrivateKey
    prefix: str
    http: httpx.Client

    @classmethod
    def of(cls, member: Member, slug: str) -> "Signed":
        return cls(
            device=member.device.id,
            key=member.session.keys.signature,
            prefix=f"/s/{slug}/v1",
            http=httpx.Client(base_url=BASE, transport=InProcess()),
        )

    def send(
        self, method: str, path: str, json: Any = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        return self.http.request(
            method,
            f"{self.prefix}{path}",
            **body(path, json),
            headers=dict(headers or {}),
            auth=DeviceAuth(self.device, self.key),
        )

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.send("GET", path, **more)

    def post(self, path: str, json: Any = None, **more: Any) -> httpx.Response:
        return self.send("POST", path, json, **more)


@dataclass
class Bearer:
    """A client that sends a token with every request; `prefix` stands in front of `/v1`."""

    token: str
    prefix: str
    http: httpx.Client

    @classmethod
    def of(cls, token: str, slug: str) -> "Bearer":
        http = httpx.Client(base_url=BASE, transport=InProcess())
        return cls(token, f"/s/{slug}/v1", http)

    def send(
        self, method: str, path: str, json: Any = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        return self.http.request(
            method,
            f"{self.prefix}{path}",
            **body(path, json),
            headers={"Authorization": f"Bearer {self.token}", **(headers or {})},
        )

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.send("GET", path, **more)

    def post(self, path: str, json: Any = None, **more: Any) -> httpx.Response:
        return self.send("POST", path, json, **more)


FORMS = frozenset({"/token/introspect", "/token/revoke"})
"""Paths that take a form, as the RFCs behind them say."""


def body(path: str, given: Any) -> dict[str, Any]:
    """What is given as httpx takes it: a form on some paths, else JSON."""
    return {"data" if path in FORMS else "json": given}


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """See that the answer is this problem, and read it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["type"] == f"/problems/{code}"
    assert told["status"] == status
    return told
