"""Tokens that wallets sign: three parts like a JWT's, but with rules of their own.

The header is `{"alg":…,"type":"JWT"}`; the body's `iss` is the signer's DID, and its times are
decimal texts. Version 1.1.0 signs the SHA3-256 of the first two parts. Version 1.0.0 signs them as
they are: with ECDSA that covers a constant header alone, so those keys need 1.1.0.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from identity.crypto import base64url, did_address, stable_json, strict_json, wallet_keys
from identity.crypto.did_address import Address, KeyKind
from identity.crypto.errors import (
    AddressInvalid,
    EnvelopeMalformed,
    SignatureInvalid,
    TokenInvalid,
)

PLAIN: Final = "1.0.0"
HASHED: Final = "1.1.0"
LIFE: Final = 300
"""Seconds that a token of ours is valid."""
LONGEST_LIFE: Final = 600
"""Seconds that `exp` may lie in the future."""
TOLERANCE: Final = 5
"""Seconds that a wallet's clock may be wrong."""
MAX_CHARACTERS: Final = 700_000
_MAX_HEADER: Final = 256
_MAX_SIGNATURE: Final = 128
_SECONDS: Final = re.compile(r"0|[1-9][0-9]{0,11}")
_ALGORITHMS: Final = {
    KeyKind.ED25519: "Ed25519",
    KeyKind.SECP256K1: "ES256K",
    KeyKind.ETHEREUM: "Ethereum",
}
_NAMES: Final = {
    KeyKind.ED25519: frozenset({"ed25519"}),
    KeyKind.SECP256K1: frozenset({"es256k", "secp256k1"}),
    KeyKind.ETHEREUM: frozenset({"ethereum"}),
}
_OURS: Final = frozenset({"iss", "iat", "nbf", "exp", "version"})


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says."""

    issuer: Address
    version: str
    body: Mapping[str, Any] = field(repr=False)
    """The whole body, times and issuer included."""
    expires_at: int
    digest: bytes
    """SHA-256 of what was signed: the name under which a token is remembered as used, until
    TOLERANCE after `expires_at`."""

    def text(self, name: str) -> str:
        """A claim that is a text; "" where it is missing or something else."""
        value = self.body.get(name)
        return value if isinstance(value, str) else ""


def verify(
    token: str, key: wallet_keys.PublicKey, *, now: int, longest_life: int = LONGEST_LIFE
) -> Claims:
    """Verify that this key signed the token, for now.

    The algorithm is the key's; the header may only agree. `iss` is the key's own DID; `exp` is
    there and at most `longest_life` seconds away; `iat` and `nbf`, where sent, are not in the
    future. Raises TokenInvalid: one error for everything.
    """
    try:
        head, body, signature = _parts(token)
        _require_header(head, key.kind)
        claims = strict_json.decode(base64url.decode(body))
        signed = f"{head}.{body}".encode()
        version = _version(claims, key.kind)
        wallet_keys.verify(key, base64url.decode(signature), _message(signed, version))
        issuer = _issuer(claims, key)
        expires_at = _expiry(claims, now, longest_life)
    except (ValueError, EnvelopeMalformed, SignatureInvalid, AddressInvalid) as error:
        raise TokenInvalid from error
    return Claims(issuer, version, claims, expires_at, hashlib.sha256(signed).digest())


def sign(
    key: wallet_keys.PrivateKey,
    claims: Mapping[str, Any],
    *,
    issuer: Address,
    now: int,
    life: int = LIFE,
    version: str = HASHED,
) -> str:
    """Make a token that says `claims`, and who signed it and until when.

    Empty values are left out, as wallets do. Raises ValueError for claims that are not JSON or
    that name what only the signer says, for an issuer that is not the key's, and for a version
    that would not sign the body.
    """
    if _OURS & claims.keys():
        raise ValueError("issuer, times and version are the signer's to say")
    if not did_address.is_from_public_key(issuer, key.public.raw, key.public.kind):
        raise ValueError("the issuer is not the key's")
    _require_signs_the_body(key.public.kind, version)
    times = {"iat": str(now), "nbf": str(now), "exp": str(now + life)}
    kept = {name: value for name, value in claims.items() if value not in (None, "", [], {})}
    body = kept | times | {"iss": issuer.did, "version": version}
    header = stable_json.text({"alg": _ALGORITHMS[key.public.kind], "type": "JWT"})
    parts = (header, stable_json.text(body))
    signed = ".".join(base64url.encode(part.encode()) for part in parts)
    signature = wallet_keys.sign(key, _message(signed.encode(), version))
    return f"{signed}.{base64url.encode(signature)}"


def peek_issuer(token: str) -> Address:
    """Who a token *says* has signed it: for finding a key to verify with, and nothing else.

    Raises TokenInvalid.
    """
    try:
        _, body, _ = _parts(token)
        issuer = strict_json.decode(base64url.decode(body)).get("iss")
        if not isinstance(issuer, str):
            raise TokenInvalid
        return did_address.parse(issuer)
    except (ValueError, EnvelopeMalformed, AddressInvalid) as error:
        raise TokenInvalid from error


def _parts(token: str) -> tuple[str, str, str]:
    if len(token) > MAX_CHARACTERS or not token.isascii() or token.count(".") != 2:
        raise TokenInvalid
    head, body, signature = token.split(".")
    if len(head) > _MAX_HEADER or len(signature) > _MAX_SIGNATURE:
        raise TokenInvalid
    return head, body, signature


def _require_header(head: str, kind: KeyKind) -> None:
    match strict_json.decode(base64url.decode(head)):
        case {"alg": str(name), "type": "JWT", **rest} if not rest:
            if name.lower() in _NAMES.get(kind, frozenset()):
                return
    raise TokenInvalid


def _version(claims: Mapping[str, Any], kind: KeyKind) -> str:
    version = claims.get("version", PLAIN)
    if version not in (PLAIN, HASHED):
        raise TokenInvalid
    _require_signs_the_body(kind, version)
    return str(version)


def _require_signs_the_body(kind: KeyKind, version: str) -> None:
    if version != HASHED and (version != PLAIN or kind is not KeyKind.ED25519):
        raise ValueError("keys of ECDSA sign tokens of version 1.1.0 alone")


def _message(signed: bytes, version: str) -> bytes:
    return hashlib.sha3_256(signed).digest() if version == HASHED else signed


def _issuer(claims: Mapping[str, Any], key: wallet_keys.PublicKey) -> Address:
    said = claims.get("iss")
    if not isinstance(said, str) or not said.startswith(did_address.PREFIX):
        raise TokenInvalid
    issuer = did_address.parse(said)
    wallet_keys.verify_owner(issuer, key)
    return issuer


def _expiry(claims: Mapping[str, Any], now: int, longest_life: int) -> int:
    expires_at = _seconds(claims["exp"]) if "exp" in claims else None
    if expires_at is None or not now - TOLERANCE <= expires_at <= now + longest_life + TOLERANCE:
        raise TokenInvalid
    for name in ("iat", "nbf"):
        if name in claims and _seconds(claims[name]) > now + TOLERANCE:
            raise TokenInvalid
    return expires_at


def _seconds(value: Any) -> int:
    if isinstance(value, str) and _SECONDS.fullmatch(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise TokenInvalid
