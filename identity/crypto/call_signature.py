"""Signatures of programs over their calls: what is signed, by a shared secret or a key of theirs.

One header carries them, whatever the key is: `pmx-hmac-sha256 <key id>;1;<milliseconds>;<nonce>;
<signature in base64>`.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

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
    return hmac.new(secret.encode(), data, hashlib.sha256).digest()[:HMAC_SIZE]


def header(key_id: str, stamp: Stamp, signature: bytes) -> str:
    """The value of `Authorization`."""
    return f"{SCHEME} {key_id};{VERSION};{stamp.text};{base64.b64encode(signature).decode()}"
