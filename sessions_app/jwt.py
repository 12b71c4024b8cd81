"""JSON Web Tokens of our own making (RFC 7519, RFC 7515), in one exact form for each use.

Access tokens are signed with ES256, for everybody to verify. Refresh tokens, which nobody but this
server verifies, carry an HMAC (HS256) under a secret of the token key. The only headers that exist
are those that `_header` writes, byte for byte: the algorithm comes from the use. A token that says
anything else about algorithm, key, type or critical extensions is no token of ours, so none of
what RFC 8725 warns of can be tried on the reader.
"""

import base64
import binascii
import functools
import hashlib
import hmac
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
_ALGORITHMS: Final = {ACCESS: "ES256", REFRESH: "HS256"}
_LENGTHS: Final = {ACCESS: 64, REFRESH: 32}
_HEADER: Final = re.compile(
    rb'\{"alg":"([A-Z0-9]+)","kid":"([0-9a-f]{64})","typ":"([a-z]+\+jwt)"\}'
)
_HALF_ORDER: Final = 0x7FFFFFFF800000007FFFFFFFFFFFFFFFDE737D56D38BCF4279DCE5617E3192A8


@dataclass(slots=True)
class Unverified:
    """The parts of a token in our form; nothing of it is true yet. Nobody changes its claims.

    `signature` is the code of a refresh token. `signed_by` is the point of the key whose signature
    was seen to hold: of these very bytes, so it holds for ever. Everything else that a token says
    is asked each time.
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


def sign(claims: dict[str, Any], *, kid: str, key: ecdsa_p256.PrivateKey) -> str:
    """An access token. Times are NumericDates in whole seconds."""
    signing_input = _header(ACCESS, kid) + b"." + _encoded(orjson.dumps(claims))
    return (signing_input + b"." + _encoded(ecdsa_p256.sign(key, signing_input))).decode()


def authenticate(claims: dict[str, Any], *, kid: str, secret: bytes) -> str:
    """A refresh token; the same bytes for the same claims. `secret` has 32 bytes."""
    signing_input = _header(REFRESH, kid) + b"." + _encoded(orjson.dumps(claims))
    return (signing_input + b"." + _encoded(_code(secret, signing_input))).decode()


def parse(token: str, *, expected_use: str) -> Unverified:
    """Take a token apart. Raises TokenRefused unless it has our one form and this use."""
    if len(token) > MOST_LENGTH or not token.isascii():
        raise TokenRefused
    text = token.encode()
    digest = hashlib.sha256(text).digest()
    known = _proven.get(digest)
    if known is not None and expected_use == ACCESS:
        return known
    parts = text.split(b".")
    if len(parts) != 3:
        raise TokenRefused
    header, payload, signature = (_decoded(part) for part in parts)
    found = _HEADER.fullmatch(header)
    if found is None or header != _header_text(expected_use, found[2].decode()):
        raise TokenRefused
    if len(signature) != _LENGTHS[expected_use]:
        raise TokenRefused
    claims = _object(payload)
    return Unverified(
        kid=found[2].decode(),
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
    """Check an access token: signature, issuer, audience and times (RFC 8725 §3).

    A signature has one form: high S would be a second text for the same token. Raises TokenRefused.
    """
    if token.use != ACCESS:
        raise TokenRefused
    if token.signed_by != key.point:
        _verify_signature(token, key)
    _verify_claims(token.claims, expected_issuer, expected_audience, now)


def verify_code(
    token: Unverified,
    *,
    secret: bytes,
    expected_issuer: str,
    expected_audience: str,
    now: datetime,
) -> None:
    """Check a refresh token: its code, issuer, audience and times. Raises TokenRefused."""
    if token.use != REFRESH:
        raise TokenRefused
    if not hmac.compare_digest(token.signature, _code(secret, token.signing_input)):
        raise TokenRefused
    _verify_claims(token.claims, expected_issuer, expected_audience, now)


def _verify_claims(
    claims: dict[str, Any], expected_issuer: str, expected_audience: str, now: datetime
) -> None:
    seconds = int(now.timestamp())
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
    _proven.keep(token.digest, token)


def _code(secret: bytes, signing_input: bytes) -> bytes:
    return hmac.digest(secret, signing_input, hashlib.sha256)


@functools.lru_cache(maxsize=1024)
def _header(use: str, kid: str) -> bytes:
    return _encoded(_header_text(use, kid))


def _header_text(use: str, kid: str) -> bytes:
    return f'{{"alg":"{_ALGORITHMS[use]}","kid":"{kid}","typ":"{use}"}}'.encode()


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
