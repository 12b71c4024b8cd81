"""Signatures of applications' servers over requests: method, path, query, body and times."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from identity.crypto import answer_signature, ed25519
from identity.crypto.errors import SignatureInvalid

LIFE: Final = 300
"""Seconds between `iat` and `exp`."""
TOLERANCE: Final = 5


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it is signed. `path` has no query; every value in `query` is a text."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Mapping[str, Any]
    issued_at: int
    expires_at: int


def sign(request: Request, key: ed25519.PrivateKey) -> str:
    """`0x` and 128 hexadecimal digits. Raises ValueError for a body that is not JSON."""
    return answer_signature.hex_signature(key, _signed(request))


def verify(request: Request, signature: str, key: ed25519.PublicKey, *, now: int) -> bytes:
    """Check that the key signed this request, for now.

    Returns the SHA-256 of the signature: remembered until TOLERANCE after `expires_at`, it tells
    a replay, for Ed25519 has one signature per message and key. Raises SignatureInvalid.
    """
    if request.expires_at + TOLERANCE < now or request.issued_at > now + TOLERANCE:
        raise SignatureInvalid
    if not 0 <= request.expires_at - request.issued_at <= LIFE:
        raise SignatureInvalid
    answer_signature.verify_hex(key, signature, _signed(request))
    return hashlib.sha256(signature.encode()).digest()


def _signed(request: Request) -> dict[str, Any]:
    return {
        "iat": request.issued_at,
        "exp": request.expires_at,
        "body": request.body,
        "query": request.query,
        "method": request.method.lower(),
        "url": request.path,
    }
