"""What a scope publishes at well-known addresses: its token keys, and what its server offers."""

import hashlib
import re
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from identity.api.v1.sent import ROOT
from identity.crypto import base64url, ecdsa_p256
from identity.scoping import current
from identity.services import token_keys
from identity.web import scope_resolution
from identity.web.lane import Answer
from identity.web.scope_resolution import Named, Resolved
from sessions_app.services import tokens

KEYS: Final = "/.well-known/jwks.json"
METADATA: Final = "/.well-known/oauth-authorization-server"
MAX_AGE: Final = 300
"""Seconds that a verifier may keep the keys; one that meets an unknown `kid` asks at once."""
_OF_ISSUER: Final = re.compile(re.escape(METADATA) + r"(/s/[^/]+)")
_PUBLIC: Final = {
    "Cache-Control": f"public, max-age={MAX_AGE}",
    # Public keys are for everybody, browsers of other origins included.
    "Access-Control-Allow-Origin": "*",
    "Vary": "X-Scope-Id",
}


def keys(environ: dict[str, Any]) -> Answer:
    """The keys of the scope's tokens that may still be in use (RFC 7517 §5), newest first."""
    now = datetime.now(UTC)
    scope = scope_resolution.resolve(scope_resolution.of_environ(environ), now=now)
    with current.in_scope(scope.scope_id):
        published = token_keys.published(now=now)
    return _answer(environ, {"keys": [_jwk(kid, key) for kid, key in published]})


def metadata(environ: dict[str, Any]) -> Answer:
    """What the scope's authorization server offers (RFC 8414 §3.2), and no more than that."""
    now = datetime.now(UTC)
    named = scope_resolution.of_environ(environ)
    scope = scope_resolution.resolve(named, now=now)
    return _answer(environ, _offered(scope))


def is_of_issuer(environ: dict[str, Any]) -> bool:
    """Whether it is the metadata's address with the issuer's path behind it (RFC 8414 §3.1)."""
    path = environ.get("PATH_INFO", "")
    is_there = path.startswith(METADATA) and _OF_ISSUER.fullmatch(path) is not None
    return is_there and environ["REQUEST_METHOD"] in {"GET", "HEAD"}


def metadata_of_issuer(environ: dict[str, Any]) -> Answer:
    """The same at that address."""
    found = _OF_ISSUER.fullmatch(environ["PATH_INFO"])
    slug, _ = scope_resolution.split_path(f"{found[1]}/") if found else ("", "")
    asked = scope_resolution.of_environ(environ)
    named = Named(header=asked.header, host=asked.host, slug=slug, path=METADATA)
    scope = scope_resolution.resolve(named, now=datetime.now(UTC))
    return _answer(environ, _offered(scope))


def _offered(scope: Resolved) -> dict[str, Any]:
    issuer = tokens.issuer(scope.slug)
    return {
        "issuer": issuer,
        "jwks_uri": f"{issuer}{KEYS}",
        "introspection_endpoint": f"{issuer}{ROOT}/token/introspect",
        "revocation_endpoint": f"{issuer}{ROOT}/token/revoke",
        "authorization_endpoint": f"{issuer}/login",
        "token_endpoint": f"{issuer}{ROOT}/token",
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        # Applications have no secret: a code is theirs by its verifier.
        "token_endpoint_auth_methods_supported": ["none"],
        "authorization_response_iss_parameter_supported": True,
        "service_documentation": f"{issuer}{ROOT}/docs/",
    }


def _jwk(kid: str, key: ecdsa_p256.PublicKey) -> dict[str, str]:
    """A P-256 public key (RFC 7518 §6.2.1)."""
    point = key.key.public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": base64url.encode(point.x.to_bytes(32, "big")),
        "y": base64url.encode(point.y.to_bytes(32, "big")),
        "kid": kid,
        "alg": "ES256",
        "use": "sig",
    }


def _answer(environ: dict[str, Any], shown: dict[str, Any]) -> Answer:
    body = orjson.dumps(shown)
    tag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    headers = {"Content-Type": "application/json", "ETag": tag, **_PUBLIC}
    if environ.get("HTTP_IF_NONE_MATCH", "") == tag:
        return Answer(304, b"", headers)
    return Answer(200, body, headers)
