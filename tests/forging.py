"""Tokens as somebody else would make them: any header, any claims, any signature."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import orjson

from identity.crypto import ecdsa_p256
from identity.services import token_keys
from tests import cast


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def part(value: Any) -> str:
    data = value if isinstance(value, bytes) else orjson.dumps(value)
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def header_of(token: str) -> dict[str, Any]:
    read: dict[str, Any] = orjson.loads(raw(token.split(".", maxsplit=1)[0]))
    return read


def claims_of(token: str) -> dict[str, Any]:
    read: dict[str, Any] = orjson.loads(raw(token.split(".")[1]))
    return read


def signed(header: Any, claims: Any, key: ecdsa_p256.PrivateKey) -> str:
    """ES256 by this key over whatever the header says."""
    signing_input = f"{part(header)}.{part(claims)}"
    return f"{signing_input}.{part(ecdsa_p256.sign(key, signing_input.encode()))}"


def with_mac(header: Any, claims: Any, secret: bytes) -> str:
    """HS256 under this secret."""
    signing_input = f"{part(header)}.{part(claims)}"
    mac = hmac.new(secret, signing_input.encode(), hashlib.sha256).digest()
    return f"{signing_input}.{part(mac)}"


def own_key(world: cast.World) -> token_keys.TokenKey:
    """The key with which the scope itself signs: what an attacker can't have."""
    with cast.in_scope(world):
        return token_keys.active(now=datetime.now(UTC))


def own_secret(world: cast.World) -> bytes:
    """The secret of the scope's token key: what an attacker can't have either."""
    with cast.in_scope(world):
        now = datetime.now(UTC)
        return token_keys.secret(token_keys.active(now=now).kid, now=now)


def own(world: cast.World, header: Any, claims: Any, *, alg: str) -> str:
    """A token as the scope itself would make one of this algorithm, whatever the header says."""
    if alg == "HS256":
        return with_mac(header, claims, own_secret(world))
    return signed(header, claims, own_key(world).private)
