"""A server in memory: real envelopes and real keys, only the network is replaced."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from identity.crypto import cose, ecdsa_p256, rsa, strict_json

if TYPE_CHECKING:
    from uuid import UUID

VECTORS = json.loads((Path(__file__).parents[3] / "vectors/enterprise.json").read_text())
KEYS = VECTORS["keys"]
NOW: int = VECTORS["now"]
ENCRYPTION = rsa.load_private_pem(KEYS["server"]["rsa_private_pem"])
URL = "https://countersign.test/s/acme/request"

Answering = Callable[[dict[str, Any]], dict[str, Any]]
Meddling = Callable[[bytes, httpx.Response], httpx.Response]


def honest(request: bytes, response: httpx.Response) -> httpx.Response:
    """A network that hands over what it got."""
    del request
    return response


class Chunks(httpx.SyncByteStream):
    """A body that tells how much of it was read."""

    def __init__(self, chunks: list[bytes]) -> None:
        self.chunks = chunks
        self.read = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            self.read += len(chunk)
            yield chunk


class Server:
    """Opens requests, asks `answer` what to say, seals it; `meddle` is the attacker's place."""

    def __init__(self) -> None:
        self.encryption = ENCRYPTION
        self.signature = ecdsa_p256.parse_private(KEYS["server"]["ecdsa_private"])
        self.recipients: dict[UUID, rsa.PublicKey] = {}
        self.signers: dict[UUID, ecdsa_p256.PublicKey] = {}
        self.answer: Answering = lambda payload: {"status": "success", "details": payload}
        self.meddle: Meddling = honest
        self.now = NOW
        self.received: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []
        self.http = httpx.Client(transport=httpx.MockTransport(self._handle))

    def _handle(self, request: httpx.Request) -> httpx.Response:
        assert request.method == "POST"
        assert str(request.url) == URL
        assert request.headers["Content-Type"] == "application/octet-stream"
        assert "Authorization" not in request.headers
        assert "Cookie" not in request.headers
        self.bodies.append(request.content)
        response = self.meddle(request.content, self.respond(request.content))
        if not response.is_closed:
            return response
        # A response made of bytes counts as read already; one from a network does not.
        return httpx.Response(
            response.status_code, headers=response.headers, stream=Chunks([response.content])
        )

    def respond(self, body: bytes) -> httpx.Response:
        outer = cose.read_outer(body)
        inner = cose.open_inner(outer, self.encryption)
        audience = cose.audience(self.encryption.public.kid)
        signer = self.signers.get(outer.device)
        try:
            cose.verify_inner(inner, signer, expected_audience=audience, now=self.now)
        except cose.EnvelopeUntimely:
            return self.refuse(body, "-5", 401)
        payload = strict_json.decode(inner.payload)
        self.received.append(payload)
        return httpx.Response(200, content=self.seal(body, self.answer(payload)))

    def seal(self, body: bytes, content: dict[str, Any], **changes: Any) -> bytes:
        outer = cose.read_outer(body)
        arguments: dict[str, Any] = {
            "device": outer.device,
            "recipient": self.recipients[outer.device],
            "request_digest": outer.digest,
            "signing_key": self.signature,
            "now": self.now,
        }
        return cose.seal_reply(strict_json.encode(content), **arguments | changes)

    def refuse(self, body: bytes, code: str, status: int, **headers: str) -> httpx.Response:
        content = {"status": "unauthorized", "error_code": code, "message": "fixed text"}
        error = cose.sign_error(
            strict_json.encode(content),
            request_digest=cose.read_outer(body).digest,
            signing_key=self.signature,
            now=self.now,
        )
        return httpx.Response(status, content=error, headers=headers)
