"""Signatures of programs over their calls: what is signed, by a shared secret or a key of theirs.

One header carries them, whatever the key is: `pmx-hmac-sha256 <key id>;1;<milliseconds>;<nonce>;
<signature in base64>`.
"""

import base64
import functools
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from identity.crypto import ed25519
from identity.crypto.errors import SignatureInvalid

SCHEME: Final = "pmx-hmac-sha256"
VERSION: Final = "1"
HMAC_SIZE: Final = 20
"""Bytes of the HMAC that are sent; the rest is cut off."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a call was signed, in milliseconds since 1970, and a text that is taken once."""

    milliseconds: int
    nonce: str

    @property
    def text(self) -> str:
        """Both as they are signed and sent."""
        return f"{self.milliseconds};{self.nonce}"


def request_data(stamp: Stamp, *, method: str, path: str, body: bytes) -> bytes:
    """What is signed of a request: `path` as it was asked for, with its query, and the raw body."""
    return f"{stamp.text};{method.upper()}\n{path}\n".encode() + body + b"\n"


def grant_data(stamp: Stamp, data: str = "") -> bytes:
    """What is signed to ask for a token: method and path are empty there."""
    return f"{stamp.text};\n\n{data}\n".encode()


def hmac_of(secret: str, data: bytes) -> bytes:
    """The first 20 bytes of HMAC-SHA-256 under the secret as UTF-8."""
    return hmac.digest(secret.encode(), data, hashlib.sha256)[:HMAC_SIZE]


def verify_hmac(secrets: Iterable[bytes], signature: bytes, data: bytes) -> None:
    """Check that one of these secrets made the signature. Raises SignatureInvalid."""
    for secret in secrets:
        expected = hmac.digest(secret, data, hashlib.sha256)[:HMAC_SIZE]
        if hmac.compare_digest(expected, signature):
            return
    raise SignatureInvalid


def verify_ed25519(public_key: str, signature: bytes, data: bytes) -> None:
    """Check a signature by the key of these 32 bytes in hex. Raises SignatureInvalid."""
    ed25519.verify(_public(public_key), signature, data)


def nonce_digest(stamp: Stamp) -> bytes:
    """32 bytes by which a nonce is remembered, however long it is."""
    return hashlib.sha256(stamp.nonce.encode()).digest()


def header(key_id: str, stamp: Stamp, signature: bytes) -> str:
    """The value of `Authorization`."""
    return f"{SCHEME} {key_id};{VERSION};{stamp.text};{base64.b64encode(signature).decode()}"


@functools.lru_cache(maxsize=1024)
def _public(public_key: str) -> ed25519.PublicKey:
    return ed25519.parse_public(bytes.fromhex(public_key))
