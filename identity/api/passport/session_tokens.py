"""The token of a session here: made out to this face and this channel, good as long as the session.

Clients read one claim, `public_key`; everything else is for us. The signing key is the scope's own
token key, and `key_hash` binds a token to the AES key under which it was handed over: whoever finds
a token alone has nothing.
"""

import hashlib
from typing import Final

from identity.api.passport.route import Asked
from identity.errors import Unauthenticated
from sessions_app import jwt
from sessions_app.services import sessions, tokens
from sessions_app.services.passkey_accounts import Admitted

_NAME: Final = "accounts"
_BOUND: Final = b"countersign channel\n"


def audience(slug: str) -> str:
    """Whom the tokens of this face are made out to, in each scope."""
    return f"{tokens.issuer(slug)}/{_NAME}"


def mint(found: Admitted, asked: Asked) -> str:
    """A token for as long as the session lives; there is no renewal in this protocol.

    `public_key` is the compressed point in hex: clients make the address of it.
    """
    live = sessions.live(found.session, scope_slug=asked.slug)
    seconds = int((live.expires_at - asked.now).total_seconds())
    claims = {
        "public_key": found.key.public_key.hex(),
        "key_hash": _bound(asked),
        "permissions": "full",
    }
    return tokens.access(live, seconds=seconds, now=asked.now, claims=claims)


def check(token: str, asked: Asked) -> sessions.Checked:
    """The session behind a token of this face, scope and channel.

    Raises `sessions_app.errors.TokenRefused` and Unauthenticated.
    """
    found = tokens.inspect(token, expected_use=jwt.ACCESS, now=asked.now)
    door, claims = found.door, found.claims
    sessions.require_usable(door, address=asked.sent.address, now=asked.now)
    if door.scope_id != asked.scope_id or claims["aud"] != audience(door.scope_slug):
        raise Unauthenticated
    if claims.get("key_hash") != _bound(asked):
        raise Unauthenticated
    sessions.mark_seen(door, now=asked.now)
    return sessions.Checked(door, claims)


def _bound(asked: Asked) -> str:
    return "0x" + hashlib.sha256(_BOUND + asked.channel.key).hexdigest()
