"""Access keys as callers: a bearer text, or a signature over a time; each acts for its owner."""

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from accounts.services import role_credentials
from identity.actor import Actor, ActorKind
from identity.api.blocklet import auth
from identity.api.blocklet.caller import Caller
from identity.api.blocklet.sent import Sent
from identity.crypto import access_key, wallet_keys
from identity.crypto.errors import KeyInvalid, SignatureInvalid
from identity.errors import DomainError, Unauthenticated
from identity.scoping import current, key_doors
from identity.scoping.key_doors import ApiKeyDoor
from identity.scoping.session_doors import SessionDoor
from identity.services import access_keys, api_key_secrets, api_keys
from identity.web import scope_resolution
from sessions_app.services import spent_tokens

PREFIX: Final = "blocklet-"
PROVIDER: Final = "accessKey"
_STAMP: Final = re.compile(r"[1-9][0-9]{12}")


_LONG_AGO: Final = datetime.fromtimestamp(0, tz=UTC)
_LIKE_NO_SESSION: Final[dict[str, Any]] = {
    "scope_settings": "{}",
    "user_kind": "person",
    "method": "backend",
    "provider_name": PROVIDER,
    **dict.fromkeys(("audience", "visitor", "holder", "username"), ""),
    "wallet_os": "api",
    "data": {},
    **dict.fromkeys(("created_at", "authenticated_at", "refreshed_at"), _LONG_AGO),
    "refresh_serial": 0,
    **dict.fromkeys(("device_id", "device_status", "provider_status")),
    **dict.fromkeys(("key_status", "key_expires_at", "key_public")),
}
"""What a session says of itself that a key can't: it has no beginning and no proof behind it."""


def is_sent(sent: Sent) -> bool:
    """Whether a request names an access key; a token beside it makes it nobody's."""
    return bool(sent.headers.get("x-access-key-id")) or auth.bearer(sent).startswith(PREFIX)


def caller(sent: Sent, *, now: datetime) -> Caller:
    """The owner of a living key, in the key's role. Raises Unauthenticated, one for every cause."""
    try:
        return _caller(sent, now)
    except (DomainError, KeyInvalid, SignatureInvalid) as refusal:
        raise Unauthenticated from refusal


def _caller(sent: Sent, now: datetime) -> Caller:
    key_id, token = sent.headers.get("x-access-key-id", ""), auth.bearer(sent)
    if key_id and token:
        raise Unauthenticated
    if token:
        door = key_doors.api_key_by_secret(api_key_secrets.digest(token), now=now)
    else:
        door = key_doors.api_key_by_name(key_id)
    kind = "bearer" if token else "signature"
    if door is None or door.kind != kind or door.purpose != access_keys.PURPOSE:
        raise Unauthenticated
    if not door.is_usable(now) or door.user_id is None:
        raise Unauthenticated
    scope_resolution.resolve(sent.named, now=now, credential=door.scope)
    if not door.is_allowed_from(sent.address):
        raise Unauthenticated
    with current.in_scope(door.scope_id):
        if not token:
            _require_stamp(sent, door, now)
        if door.role and not role_credentials.is_held(door.user_id, door.role):
            raise Unauthenticated
        api_keys.note_used(door, now=now)
    return _as_caller(sent, door, now)


def _require_stamp(sent: Sent, door: ApiKeyDoor, now: datetime) -> None:
    """A stamp is signed by the key, for now, and good once."""
    stamp = sent.headers.get("x-access-stamp", "")
    signature = sent.headers.get("x-access-signature", "")
    if not _STAMP.fullmatch(stamp):
        raise Unauthenticated
    access_key.verify_stamp(
        wallet_keys.public_of(bytes.fromhex(door.public_key)),
        signature,
        key_id=door.key_id,
        stamp=int(stamp),
        now=int(now.timestamp() * 1000),
    )
    over = datetime.fromtimestamp(int(stamp) / 1000, tz=UTC)
    last = over + timedelta(milliseconds=access_key.WINDOW, seconds=1)
    digest = hashlib.sha256(f"{door.key_id} {stamp}".encode()).digest()
    spent_tokens.spend(digest, expires_at=last)


def _as_caller(sent: Sent, door: ApiKeyDoor, now: datetime) -> Caller:
    """A key is like a session without beginning, refresh tokens or a fresh proof."""
    if door.user_id is None or door.user_public_id is None:
        raise Unauthenticated
    actor = Actor(
        kind=ActorKind.API_KEY,
        scope_id=door.scope_id,
        user_id=door.user_id,
        public_id=door.user_public_id,
        api_key_id=door.id,
        is_program=True,
    )
    session = SessionDoor(
        **_LIKE_NO_SESSION,
        scope_id=door.scope_id,
        scope_slug=door.scope_slug,
        scope_status=door.scope_status,
        user_id=door.user_id,
        user_public_id=door.user_public_id,
        user_status=door.user_status or "",
        networks=door.networks or [],
        user_expires_at=door.user_expires_at,
        session_id=door.id,
        status=door.status,
        role=door.role,
        user_agent=sent.user_agent or "program",
        address=sent.address,
        last_seen_at=now,
        expires_at=door.expires_at or now,
    )
    by = replace(actor, address=sent.address)
    return Caller(actor=by, door=session, claims={}, token="", from_cookie=False, is_key=True)
