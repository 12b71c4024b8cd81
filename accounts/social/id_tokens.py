"""ID tokens of providers, checked as OpenID Connect Core §3.1.3.7 says.

The algorithm is one that the key's own kind allows (RFC 8725 §3.1); the key comes from the issuer's
published set, never from the token.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import jwt
import orjson

from sessions_app.errors import ProviderUnusable

LEEWAY_SECONDS: Final = 60
MOST_AGE_SECONDS: Final = 600
MOST_LENGTH: Final = 16_384
_ALGORITHMS: Final[Mapping[str, tuple[str, str]]] = {
    "RS256": ("RSA", ""),
    "RS384": ("RSA", ""),
    "RS512": ("RSA", ""),
    "PS256": ("RSA", ""),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "EdDSA": ("OKP", "Ed25519"),
}
_HASHES: Final = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}
_HEADERS: Final = frozenset({"alg", "kid", "typ", "x5t", "x5t#S256", "nonce"})

# Every claim is checked here, in the order of the specification.
_SIGNATURE_ALONE: Final[Any] = {
    f"verify_{claim}": False for claim in ("aud", "iss", "exp", "iat", "nbf", "sub", "jti")
}

Keys = Callable[[bool], list[dict[str, Any]]]
"""The issuer's keys; called with True for those of this very moment."""


def verify(
    token: object,
    *,
    keys: Keys,
    expected_issuer: Callable[[Mapping[str, Any]], str],
    expected_audience: str,
    expected_nonce: str,
    now: datetime,
) -> dict[str, Any]:
    """The claims of a token that is right in every respect. Raises ProviderUnusable.

    `expected_issuer` may depend on claims that are not verified yet: what it gives is compared.
    """
    if not isinstance(token, str) or len(token) > MOST_LENGTH:
        raise _wrong("there is none")
    header = _header(token)
    claims = _signed(token, header, _key(header, keys))
    if claims.get("iss") != expected_issuer(claims):
        raise _wrong("another issuer")
    _require_audience(claims, expected_audience)
    _require_times(claims, int(now.timestamp()))
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce, expected_nonce):
        raise _wrong("another nonce")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255 or not subject.isprintable():
        raise _wrong("no subject")
    return claims


def require_access_hash(claims: Mapping[str, Any], access_token: object, algorithm: str) -> None:
    """Check `at_hash` where there is one (OpenID Connect Core §3.1.3.8)."""
    if "at_hash" not in claims:
        return
    digest = _HASHES.get(algorithm[-3:], hashlib.sha512)(str(access_token).encode()).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    if not hmac.compare_digest(half, str(claims["at_hash"])):
        raise _wrong("another access token")


def algorithm_of(token: str) -> str:
    """The algorithm that a verified token was signed with."""
    return str(_header(token)["alg"])


def _header(token: str) -> dict[str, Any]:
    try:
        part = token.split(".", maxsplit=1)[0].encode()
        header = orjson.loads(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
    except (ValueError, binascii.Error):
        raise _wrong("not a token") from None
    # No `crit`, `jwk`, `jku`, `x5c`, `x5u`: nothing in a token says how it is to be verified.
    if not isinstance(header, dict) or not set(header) <= _HEADERS:
        raise _wrong("an unknown header")
    if header.get("alg") not in _ALGORITHMS:
        raise _wrong("an unknown algorithm")
    return header


def _key(header: Mapping[str, Any], keys: Keys) -> jwt.PyJWK:
    for is_anew in (False, True):
        fitting = [key for key in keys(is_anew) if _fits(key, header)]
        if len(fitting) == 1 or (fitting and "kid" in header):
            try:
                return jwt.PyJWK(fitting[0], algorithm=header["alg"])
            except jwt.PyJWTError:
                raise _wrong("an unusable key") from None
    raise _wrong("no such key")


def _fits(key: Mapping[str, Any], header: Mapping[str, Any]) -> bool:
    kind, curve = _ALGORITHMS[header["alg"]]
    is_kind = key.get("kty") == kind and (not curve or key.get("crv") == curve)
    is_for_this = key.get("use", "sig") == "sig" and key.get("alg", header["alg"]) == header["alg"]
    return is_kind and is_for_this and ("kid" not in header or key.get("kid") == header["kid"])


def _signed(token: str, header: Mapping[str, Any], key: jwt.PyJWK) -> dict[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=[header["alg"]],
            options=_SIGNATURE_ALONE,
        )
    except (jwt.PyJWTError, ValueError):
        raise _wrong("a signature that does not hold") from None
    return claims


def _require_audience(claims: Mapping[str, Any], expected: str) -> None:
    audience = claims.get("aud")
    all_of_them = audience if isinstance(audience, list) else [audience]
    if expected not in all_of_them:
        raise _wrong("another audience")
    authorized = claims.get("azp")
    if authorized is None and len(all_of_them) > 1:
        raise _wrong("several audiences and no authorized party")
    if authorized is not None and authorized != expected:
        raise _wrong("another authorized party")


def _require_times(claims: Mapping[str, Any], now: int) -> None:
    times = {name: claims.get(name) for name in ("exp", "iat")}
    if "nbf" in claims:
        times["nbf"] = claims["nbf"]
    if not all(isinstance(value, int | float) for value in times.values()):
        raise _wrong("times are missing")
    is_over = claims["exp"] <= now - LEEWAY_SECONDS
    is_early = max(claims["iat"], claims.get("nbf", 0)) > now + LEEWAY_SECONDS
    if is_over or is_early or claims["iat"] < now - MOST_AGE_SECONDS:
        raise _wrong("another time")


def _wrong(what: str) -> ProviderUnusable:
    return ProviderUnusable(f"The provider's ID token has {what}.")
