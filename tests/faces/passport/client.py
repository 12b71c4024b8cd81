"""A client of this face in this process: it makes a channel and calls methods, as the SDK does."""

import base64
import io
import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from identity.api.passport import desk, sent
from tests import cast

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
ZERO = "0x" + "0" * 40


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@dataclass
class Answer:
    """The body of a reply, which always came with 200."""

    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def result(self) -> Any:
        assert "error" not in self.body, self.body
        return self.body["result"]

    @property
    def error(self) -> dict[str, Any]:
        assert "result" not in self.body, self.body
        error: dict[str, Any] = self.body["error"]
        return error

    @property
    def message(self) -> str:
        return str(self.error["message"])


def exchange(
    world: cast.World | None,
    raw: bytes,
    headers: dict[str, str],
    *,
    method: str = "POST",
    path: str = "/",
    now: datetime | None = None,
) -> tuple[int, dict[str, str], bytes]:
    """One HTTP request, with the headers that are given and no others."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": f"/s/{world.scope.slug}{path}" if world else path,
        "CONTENT_LENGTH": str(len(raw)),
        "CONTENT_TYPE": "application/json",
        "REMOTE_ADDR": "192.0.2.20",
        "HTTP_HOST": "countersign.test",
    }
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": text for name, text in headers.items()}
    answer = desk.answer(sent.of_environ(environ, io.BytesIO(raw)), now=now or datetime.now(UTC))
    return answer.status, dict(answer.headers), answer.body


@dataclass
class Client:
    """One channel to a scope. `proof` are headers that say who calls."""

    world: cast.World
    key: bytes = field(default_factory=lambda: os.urandom(32))
    proof: dict[str, str] = field(default_factory=dict)
    is_raw: bool = False

    @property
    def wrapped(self) -> str:
        public = self.world.server.encryption
        plain = self.key if self.is_raw else base64.b64encode(self.key)
        return b64(public.key.encrypt(plain, OAEP))

    @property
    def headers(self) -> dict[str, str]:
        return {
            "x-scope-id": str(self.world.scope.id),
            "x-encrypted-key": self.wrapped,
            "x-encrypted-user": self.seal(b"null"),
        }

    def seal(self, plain: bytes) -> str:
        nonce = os.urandom(12)
        return b64(nonce + AESGCM(self.key).encrypt(nonce, plain, None))

    def seal_json(self, value: Any) -> str:
        return self.seal(json.dumps(value).encode())

    def open(self, text: str) -> bytes:
        raw = base64.b64decode(text, validate=True)
        return AESGCM(self.key).decrypt(raw[:12], raw[12:], None)

    def open_json(self, text: str) -> Any:
        return json.loads(self.open(text))

    def call(
        self, method: str, params: Any = None, *, now: datetime | None = None, **headers: str | None
    ) -> Answer:
        """Call a method; keyword names are headers with `_` for `-`, and None leaves one out."""
        given: dict[str, str | None] = {**self.headers, **self.proof}
        given |= {name.replace("_", "-"): text for name, text in headers.items()}
        body = {"jsonrpc": "2.0", "id": 1, "method": method}
        if params is not None:
            body["params"] = params
        kept = {name: text for name, text in given.items() if text is not None}
        status, told, raw = exchange(None, json.dumps(body).encode(), kept, now=now)
        assert status == 200
        reply = json.loads(raw)
        assert reply["jsonrpc"] == "2.0"
        return Answer(reply, told)


class Developer:
    """The holder of a P-256 key, who vouches for users (specification §5)."""

    def __init__(self, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None) -> None:
        self.key = key or ec.generate_private_key(ec.SECP256R1())

    @property
    def spki(self) -> str:
        return b64(
            self.key.public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )

    def sign(self, text: str) -> str:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return b64(self.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))
        return b64(self.key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))

    def assertion(self, text: str, **changed: str) -> dict[str, str]:
        return {
            "kind": "key",
            "id": self.spki,
            "clientData": text,
            "signature": self.sign(text),
            "algorithm": "SHA256",
        } | changed

    def vouch(self, client: Client, username: str) -> dict[str, str]:
        """Headers that say: this is the user, the developer says so."""
        sealed = client.seal_json({"username": username})
        signed = client.seal_json(self.assertion(sealed))
        return {"x-encrypted-user": sealed, "x-encrypted-key-signature": signed}
