"""A client of this face in this process: it proves a key in every way that there is."""

import base64
import io
import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from identity import ids
from identity.actor import Actor
from identity.api.bridge import desk, sent
from identity.api.bridge.scope_words import GROUPS
from identity.crypto import user_key
from identity.limits import checked
from identity.models import ApiKey
from identity.services import api_key_secrets, api_keys
from tests import cast, programs
from tests.programs import Program

ADDRESS = "192.0.2.7"
EVERYTHING = tuple(GROUPS)
_PANEL = ("apiKey", "solution", "context")


@dataclass
class Answer:
    """What was answered, with 200 unless a test says otherwise."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]

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
    def code(self) -> int:
        code: int = self.error["code"]
        return code

    @property
    def data(self) -> Any:
        return self.error["data"]


def exchange(
    body: bytes,
    *,
    authorization: str = "",
    slug: str = "",
    path: str = "/api",
    query: str = "",
    method: str = "POST",
    address: str = ADDRESS,
    now: datetime | None = None,
    **headers: str,
) -> tuple[int, dict[str, str], bytes]:
    """One HTTP request; keyword names are headers with `_` for `-`."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": f"/s/{slug}{path}" if slug else path,
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": address,
        "HTTP_HOST": "countersign.test",
        "HTTP_USER_AGENT": "robot/1",
        **({"HTTP_AUTHORIZATION": authorization} if authorization else {}),
        **{f"HTTP_{name.upper()}": text for name, text in headers.items()},
    }
    told = desk.answer(sent.of_environ(environ, io.BytesIO(body)), now=now or datetime.now(UTC))
    return told.status, dict(told.headers), told.body


def envelope(method: str, params: Any, **more: Any) -> bytes:
    return json.dumps(
        {"jsonrpc": "2.0", "id": 128, "method": method, "params": params, **more}
    ).encode()


def call(method: str, params: Any = None, *, token: str | None = None, **more: Any) -> Answer:
    """Call a method with whatever proof is given, or none."""
    body = envelope(
        method, {} if params is None else params, **({} if token is None else {"token": token})
    )
    status, headers, raw = exchange(body, **more)
    return Answer(status, headers, json.loads(raw))


def bearer(token: str) -> str:
    return f"Bearer {token}"


def basic(key_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{key_id}:{secret}".encode()).decode()


@dataclass
class Stamped:
    """When and with which nonce a request is signed; now, and a new one."""

    milliseconds: int = field(default_factory=lambda: int(datetime.now(UTC).timestamp() * 1000))
    nonce: str = field(default_factory=lambda: base64.b64encode(os.urandom(32)).decode())

    def data(self, body: bytes, *, method: str = "POST", path: str = "/api") -> bytes:
        return f"{self.milliseconds};{self.nonce};{method}\n{path}\n".encode() + body + b"\n"

    def grant(self, data: str = "") -> bytes:
        return f"{self.milliseconds};{self.nonce};\n\n{data}\n".encode()

    def header(self, key_id: str, signature: bytes) -> str:
        signed = base64.b64encode(signature).decode()
        return f"pmx-hmac-sha256 {key_id};1;{self.milliseconds};{self.nonce};{signed}"


def hmac_of(secret: str, data: bytes) -> bytes:
    """Twenty bytes, made by another library than the server's."""
    made = hmac.HMAC(secret.encode(), hashes.SHA256())
    made.update(data)
    return made.finalize()[:20]


@dataclass
class Signer:
    """A program with an Ed25519 key of its own."""

    key: Ed25519PrivateKey
    row: ApiKey

    @property
    def pem(self) -> str:
        return public_pem(self.key)

    def header(self, body: bytes, stamp: Stamped | None = None, path: str = "/api") -> str:
        stamp = stamp or Stamped()
        return stamp.header(self.row.key_id, self.key.sign(stamp.data(body, path=path)))


def public_pem(key: Ed25519PrivateKey | EllipticCurvePrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def signer(by: Actor, *words: str, key: Ed25519PrivateKey | None = None, **limits: Any) -> Signer:
    """A program that signs, with these scope words."""
    key, key_id = key or Ed25519PrivateKey.generate(), ids.new()
    row = api_keys.create(
        key_id=key_id,
        called=key_id.hex,
        name="signer",
        credential=api_key_secrets.signing(public_pem(key), algorithm="ed25519"),
        words=permissions(*words),
        limits=checked(**limits),
        by=by,
        now=datetime.now(UTC),
    )
    return Signer(key, row)


def permissions(*words: str) -> list[str]:
    return sorted(frozenset().union(*(GROUPS[word] for word in words)))


def program(by: Actor, *words: str, **more: Any) -> Program:
    """A program with a shared secret and these scope words; limits by their kinds."""
    return programs.make(by, *permissions(*words), **more)


@dataclass
class Client:
    """A program that calls with a token, as the documentation has it."""

    world: cast.World
    program: Program
    token: str

    def call(self, method: str, params: Any = None, **more: Any) -> Answer:
        return call(method, params, authorization=bearer(self.token), **more)

    def done(self, method: str, params: Any = None) -> Any:
        return self.call(method, params).result

    def solution(self, name: str = "Main") -> str:
        made: str = self.done("solution/createSolution", {"name": name})["solutionId"]
        return made

    def context(self, solution: str = "", **more: Any) -> str:
        params = {
            "solution": solution or self.solution(),
            "name": "Circle",
            "description": "",
            "scope": "private",
            **more,
        }
        made: str = self.done("context/createContext", params)["contextId"]
        return made

    def member(self, context: str, user: str, key: str = "", **more: str) -> str:
        """Add a member and return the key."""
        key = key or new_key()
        params = {"contextId": context, "userId": user, "userPubKey": key, **more}
        assert self.done("context/addUserToContext", params) == "OK"
        return key


def new_key() -> str:
    return user_key.generate().public.text


def auth(key: Program, *words: str, **more: Any) -> Answer:
    """Ask for a token; without words for all that the key has."""
    params: dict[str, Any] = {
        "grantType": "api_key_credentials",
        "apiKeyId": key.row.key_id,
        "apiKeySecret": key.secret,
    }
    if words:
        params["scope"] = list(words)
    return call("manager/auth", params, **more)


def client(world: cast.World, *words: str, **limits: Any) -> Client:
    """A new key with these words, the panel's unless given, and a token of all it has."""
    key = program(world.system, *(words or _PANEL), **limits)
    token: str = auth(key).result["accessToken"]
    return Client(world, key, token)


def known_keys(world: cast.World, given: Any, *, now: datetime) -> tuple[str, str]:
    """Names of a key with the secret of the vectors, and of one with their public key."""
    names = (given["apiKeyId"], "ed25519-of-the-vectors")
    credentials = (
        api_key_secrets.shared(given["apiKeySecret"]),
        api_key_secrets.signing(given["ed25519PublicPem"], algorithm="ed25519"),
    )
    for name, credential in zip(names, credentials, strict=True):
        api_keys.create(
            key_id=ids.new(),
            called=name,
            name=name,
            credential=credential,
            words=permissions("solution"),
            by=world.system,
            now=now,
        )
    return names
