"""Calls to a face of JSON-RPC from the shell: signed, answered, and what of the answer is shown."""

import base64
import json
import re
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from identity.crypto import call_signature
from identity.crypto.call_signature import Stamp

TIMEOUT: Final = 30.0
WAYS: Final = ("hmac", "basic", "bearer")
_STEP: Final = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]*)|\[(\d{1,6})\]")


class CallFailed(Exception):
    """Nobody answered, or not in this protocol; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Key:
    """An API key as its program holds it: with a secret, or with a private key that signs."""

    id: str
    secret: str = field(default="", repr=False)
    private: Ed25519PrivateKey | None = field(default=None, repr=False)

    def sign(self, data: bytes) -> bytes:
        """Ed25519 where there is a private key, else the HMAC under the secret."""
        if self.private is not None:
            return self.private.sign(data)
        return call_signature.hmac_of(self.secret, data)


def private_key(path: Path) -> Ed25519PrivateKey:
    """Read a PEM file. Raises CallFailed."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise CallFailed(f"Can't read {path}: {error.strerror}.") from error
    except (TypeError, ValueError) as error:
        raise CallFailed(f"{path} holds no private key in PEM without a password.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise CallFailed(f"The key in {path} is not one of Ed25519.")
    return key


def call(url: str, method: str, params: Any, *, key: Key | None, way: str) -> dict[str, Any]:
    """One call, authorized as asked, and its answer: with `result` or with `error`.

    `bearer` first asks for a token with a signature of the key. Without a key nothing is
    authorized. Raises CallFailed.
    """
    token = ""
    if key is not None and way == "bearer":
        granted = _sent(url, _envelope("manager/auth", _grant(key)), None, "")
        if "error" in granted:
            return granted
        token = str(granted["result"]["accessToken"])
    return _sent(url, _envelope(method, params), key, f"Bearer {token}" if token else way)


def part_of(answer: Any, path: str) -> Any:
    """What stands at a path such as `.result.list[0].id`; None where nothing does.

    Raises CallFailed for what is no path.
    """
    place, found = 0, answer
    while path != "." and place < len(path):
        step = _STEP.match(path, place)
        if step is None:
            raise CallFailed(f"“{path}” is no path: write it as .result.list[0].id")
        name, index = step.groups()
        if name is not None:
            found = found.get(name) if isinstance(found, dict) else None
        else:
            inside = isinstance(found, list) and int(index) < len(found)
            found = found[int(index)] if inside else None
        place = step.end()
    return found


def text_of(value: Any, *, is_raw: bool) -> str:
    """JSON in ASCII, so that nothing in it steers a terminal; raw, texts as they are."""
    return value if is_raw and isinstance(value, str) else json.dumps(value)


def _envelope(method: str, params: Any) -> bytes:
    content = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return json.dumps(content, separators=(",", ":")).encode()


def _grant(key: Key) -> dict[str, Any]:
    stamp = _stamp()
    signature = key.sign(call_signature.grant_data(stamp))
    return {
        "grantType": "api_key_signature",
        "apiKeyId": key.id,
        "signature": base64.b64encode(signature).decode(),
        "timestamp": stamp.milliseconds,
        "nonce": stamp.nonce,
    }


def _authorization(url: str, body: bytes, key: Key, way: str) -> str:
    if way == "basic":
        return "Basic " + base64.b64encode(f"{key.id}:{key.secret}".encode()).decode()
    stamp, path = _stamp(), httpx.URL(url).raw_path.decode()
    data = call_signature.request_data(stamp, method="POST", path=path, body=body)
    return call_signature.header(key.id, stamp, key.sign(data))


def _stamp() -> Stamp:
    return Stamp(time.time_ns() // 1_000_000, secrets.token_hex(16))


def _sent(url: str, body: bytes, key: Key | None, way: str) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"}
    if way.startswith("Bearer "):
        headers["Authorization"] = way
    elif key is not None:
        headers["Authorization"] = _authorization(url, body, key, way)
    try:
        answer = httpx.post(url, content=body, headers=headers, timeout=TIMEOUT)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CallFailed(f"Nobody answers at {url}: {error}") from error
    try:
        content = answer.json() if answer.status_code == httpx.codes.OK else None
    except ValueError:
        content = None
    if not isinstance(content, dict) or not content.keys() & {"result", "error"}:
        raise CallFailed(
            f"{url} answers {answer.status_code}, and not in this protocol. Does the address end "
            "with /api?"
        )
    return content
