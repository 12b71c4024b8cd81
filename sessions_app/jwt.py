"""JSON Web Tokens of our own making (RFC 7519, RFC 7515): ES256 in one exact form.

The only headers that exist are those that `_header` writes, byte for byte. A token that says
anything else about algorithm, key, type or critical extensions is no token of ours, so none of
what RFC 8725 warns of can be tried on the reader.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from identity.crypto import ecdsa_p256
from identity.crypto.errors import SignatureInvalid
from identity.crypto.remembered import Remembered
from sessions_app.errors import TokenRefused

ACCESS: Final = "at+jwt"  # RFC 9068 §2.1
REFRESH: Final = "rt+jwt"
MOST_LENGTH: Final = 8192
CLOCK_LEEWAY: Final = 5
"""Seconds that a token of ours may seem to come from the future."""
MOST_PROVEN: Final = 4096
"""Access tokens whose signature this process remembers; a program sends one many times."""
_HEADER: Final = re.compile(rb'\{"alg":"ES256","kid":"([0-9a-f]{64})","typ":"([a-z]+\+jwt)"\}')
_HALF_ORDER: Final = 0x7FFFFFFF800000007FFFFFFFFFFFFFFFDE737D56D38BCF4279DCE5617E3192A8


@dataclass(slots=True)
class Unverified:
    """The parts of a token in our form; nothing of it is true yet. Nobody changes its claims.

    `signed_by` is the point of the key whose signature was seen to hold: of these very bytes, so it
    holds for ever. Everything else that a token says is asked each time.
    """

    kid: str
    use: str
    session_id: UUID
    signing_input: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    claims: dict[str, Any] = field(repr=False)
    digest: bytes = field(repr=False)
    signed_by: bytes | None = None


_proven: Final = Remembered[bytes, Unverified](MOST_PROVEN)
"""By the SHA-256 of the token, which is not kept itself."""


def sign(claims: dict[str, Any], *, use: str, kid: str, key: ecdsa_p256.PrivateKey) -> str:
    """The token; the same bytes for the same claims. Times are NumericDates in whole seconds."""
    signing_input = _header(use, kid) + b"." + _encoded(orjson.dumps(claims))
    return (signing_input + b"." + _encoded(ecdsa_p256.sign(key, signing_input))).decode()


def parse(token: str, *, expected_use: str) -> Unverified:
    """Take a token apart. Raises TokenRefused unless it has our one form and this use."""
    if len(token) > MOST_LENGTH or not token.isascii():
        raise TokenRefused
    text = token.encode()
    digest = hashlib.sha256(text).digest()
    known = _proven.get(digest)
    if known is not None and known.use == expected_use:
        return known
    parts = text.split(b".")
    if len(parts) != 3:
        raise TokenRefused
    header, payload, signature = (_decoded(part) for part in parts)
    found = _HEADER.fullmatch(header)
    if found is None or found[2].decode() != expected_use or len(signature) != 64:
        raise TokenRefused
    claims = _object(payload)
    return Unverified(
        kid=found[1].decode(),
        use=expected_use,
        session_id=_uuid(claims.get("sid")),
        signing_input=parts[0] + b"." + parts[1],
        signature=signature,
        claims=claims,
        digest=digest,
    )


def verify(
    token: Unverified,
    *,
    key: ecdsa_p256.PublicKey,
    expected_issuer: str,
    expected_audience: str,
    now: datetime,
) -> None:
    """Check signature, issuer, audience and times (RFC 8725 §3). Raises TokenRefused.

    A signature has one form: high S would be a second text for the same token.
    """
    if token.signed_by != key.point:
        _verify_signature(token, key)
    claims, seconds = token.claims, int(now.timestamp())
    if claims.get("iss") != expected_issuer or claims.get("aud") != expected_audience:
        raise TokenRefused
    issued_at, expires_at = claims.get("iat"), claims.get("exp")
    if not isinstance(issued_at, int) or not isinstance(expires_at, int):
        raise TokenRefused
    if expires_at <= seconds or issued_at > seconds + CLOCK_LEEWAY:
        raise TokenRefused


def _verify_signature(token: Unverified, key: ecdsa_p256.PublicKey) -> None:
    try:
        ecdsa_p256.verify(key, token.signature, token.signing_input)
    except SignatureInvalid:
        raise TokenRefused from None
    if int.from_bytes(token.signature[32:], "big") > _HALF_ORDER:
        raise TokenRefused
    token.signed_by = key.point
    if token.use != ACCESS:
        return  # A refresh token is sent once.
    _proven.keep(token.digest, token)


def _header(use: str, kid: str) -> bytes:
    return _encoded(f'{{"alg":"ES256","kid":"{kid}","typ":"{use}"}}'.encode())


def _object(payload: bytes) -> dict[str, Any]:
    try:
        claims = orjson.loads(payload)
    except orjson.JSONDecodeError:
        raise TokenRefused from None
    if not isinstance(claims, dict):
        raise TokenRefused
    return claims


def _uuid(value: object) -> UUID:
    try:
        found = UUID(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or str(found) != value:
        raise TokenRefused
    return found


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _decoded(part: bytes) -> bytes:
    """The bytes of a base64url text in its one form (RFC 7515 §2): no padding, no spare bits."""
    try:
        data = base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        raise TokenRefused from None
    if _encoded(data) != part:
        raise TokenRefused
    return data
