"""Raw signing at Fireblocks: a message is handed in as a transaction, and its signature fetched.

https://developers.fireblocks.com: “Signing a request”, “Create a new transaction” with the
operation RAW, “API idempotency”.
"""

import hashlib
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from accounts.ledger.errors import Lapsed, Refused, Unavailable
from identity.crypto import base64url, ed25519
from identity.crypto.errors import KeyInvalid, SignatureInvalid

POLLS: Final = 20
POLL_PAUSE: Final = 3.0
_TIMEOUT: Final = httpx.Timeout(10, connect=5)
_LARGEST: Final = 256 * 1024
_TOKEN_SECONDS: Final = 25  # less than the 30 that are accepted
_PURPOSE: Final = b"countersign raw signing 1\n"
_TRANSACTIONS: Final = "/v1/transactions"
_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_DECLINED: Final = frozenset({"BLOCKED", "CANCELLED", "CANCELLING", "REJECTED"})
_FAILED: Final = frozenset({"FAILED", "TIMEOUT"})
_AWAY: Final = "The remote signer can't be reached at the moment."
_NONSENSE: Final = "The remote signer says what nobody understands."


@dataclass(frozen=True, slots=True)
class Access:
    """A vault account, and the API user who may sign with it."""

    address: str
    vault_id: str
    asset_id: str
    api_key: str = field(repr=False)
    key: rsa.RSAPrivateKey = field(repr=False)


class FireblocksSigner:
    """A `Signer` whose key never leaves Fireblocks.

    A message is handed in under a name that is made of it, so that the same message is signed once
    however often it is asked for: after a crash the call finds what was begun. What people there
    declined is `Refused`, what failed is `Lapsed`: neither is ever signed under that name.
    """

    def __init__(
        self, access: Access, public_key: bytes, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.public_key = public_key
        self._access = access
        self._clock = clock

    def sign(self, message: bytes) -> bytes:
        """See `Signer`. Waits a minute for the signature; then `Unavailable`, and call again."""
        with httpx.Client(
            base_url=self._access.address, timeout=_TIMEOUT, follow_redirects=False
        ) as http:
            found, polls = self._begun(http, message), 0
            while (signature := self._signature(found, message)) is None:
                if polls == POLLS:
                    raise Unavailable("The remote signer has not signed yet.")
                polls += 1
                time.sleep(POLL_PAUSE)
                found = self._read(http, f"{_TRANSACTIONS}/{_id(found)}")
        return signature

    def _begun(self, http: httpx.Client, message: bytes) -> dict[str, Any]:
        access, name = self._access, self._name(message)
        asked = {
            "operation": "RAW",
            "source": {"type": "VAULT_ACCOUNT", "id": access.vault_id},
            "assetId": access.asset_id,
            "externalTxId": name,
            "note": "Countersign",
            "extraParameters": {"rawMessageData": {"messages": [{"content": message.hex()}]}},
        }
        answer = self._call(http, "POST", _TRANSACTIONS, orjson.dumps(asked))
        if answer.status_code == httpx.codes.BAD_REQUEST:
            # Handed in before, or refused: only the name tells.
            return self._read(http, f"{_TRANSACTIONS}/external_tx_id/{name}")
        return _content(answer)

    def _read(self, http: httpx.Client, path: str) -> dict[str, Any]:
        return _content(self._call(http, "GET", path, b""))

    def _name(self, message: bytes) -> str:
        digest = hashlib.sha256(_PURPOSE)
        for part in (self._access.vault_id.encode(), self._access.asset_id.encode(), message):
            digest.update(len(part).to_bytes(4, "big") + part)
        return digest.hexdigest()

    def _signature(self, found: dict[str, Any], message: bytes) -> bytes | None:
        status = found.get("status")
        if status in _DECLINED:
            raise Refused("The remote signer declined to sign.")
        if status in _FAILED:
            raise Lapsed("The remote signer failed to sign, and begins nothing twice.")
        if status != "COMPLETED":
            return None
        signed = found.get("signedMessages")
        first = signed[0] if isinstance(signed, list) and signed else None
        written = first.get("signature") if isinstance(first, dict) else None
        text = written.get("fullSig") if isinstance(written, dict) else None
        try:
            signature = bytes.fromhex(text if isinstance(text, str) else "")
            ed25519.verify(ed25519.parse_public(self.public_key), signature, message)
        except (ValueError, KeyInvalid, SignatureInvalid):
            raise Refused("The remote signer's signature is not the account's.") from None
        return signature

    def _call(self, http: httpx.Client, method: str, path: str, body: bytes) -> httpx.Response:
        headers = {
            "X-API-Key": self._access.api_key,
            "Authorization": f"Bearer {self._token(path, body)}",
            "Content-Type": "application/json",
        }
        try:
            with http.stream(method, path, content=body, headers=headers) as answer:
                content = b""
                for part in answer.iter_bytes():
                    content += part
                    if len(content) > _LARGEST:
                        raise Unavailable(_NONSENSE)
                return httpx.Response(answer.status_code, content=content)
        except httpx.HTTPError:
            # Its text may hold the request's headers; ours says nothing of them.
            raise Unavailable(_AWAY) from None

    def _token(self, path: str, body: bytes) -> str:
        """A token for one request: RS256 over its address and the digest of its body."""
        now = int(self._clock())
        claims = {
            "uri": path,
            "nonce": str(uuid.uuid4()),
            "iat": now,
            "exp": now + _TOKEN_SECONDS,
            "sub": self._access.api_key,
            "bodyHash": hashlib.sha256(body).hexdigest(),
        }
        head = orjson.dumps({"alg": "RS256", "typ": "JWT"})
        signed = f"{base64url.encode(head)}.{base64url.encode(orjson.dumps(claims))}"
        signature = self._access.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{base64url.encode(signature)}"


def _content(answer: httpx.Response) -> dict[str, Any]:
    status = answer.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise Unavailable(_AWAY)
    if status not in {httpx.codes.OK, httpx.codes.CREATED}:
        raise Refused(f"The remote signer does not accept this (HTTP {status}).")
    try:
        found = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        raise Unavailable(_NONSENSE) from None
    if not isinstance(found, dict):
        raise Unavailable(_NONSENSE)
    return found


def _id(found: dict[str, Any]) -> str:
    """The id of a transaction; it becomes part of an address."""
    text = found.get("id")
    if not isinstance(text, str) or not _ID.fullmatch(text):
        raise Unavailable(_NONSENSE)
    return text
