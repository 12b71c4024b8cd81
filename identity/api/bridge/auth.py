"""Who calls: from a token, a key's secret or a signature over the request to a program.

What does not count is no error by itself: the call is nobody's then, as the protocol has it.
"""

import base64
import binascii
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from identity.actor import Actor
from identity.api.bridge import guesses
from identity.api.bridge.connection import Connection
from identity.api.bridge.frame import Call
from identity.api.bridge.guesses import Wrong
from identity.api.bridge.route import Caller
from identity.api.bridge.sent import Sent
from identity.crypto import call_signature
from identity.crypto.call_signature import Stamp
from identity.crypto.errors import EnvelopeReplayed, SignatureInvalid
from identity.errors import DomainError, Unauthenticated
from identity.scoping import current, key_doors
from identity.scoping.key_doors import ApiKeyDoor
from identity.services import api_key_limits, api_key_secrets, api_keys, nonces
from identity.web import scope_resolution
from identity.web.throttle import Throttle
from sessions_app.errors import TokenRefused
from sessions_app.services import machine_sessions, programs

CLOCK: Final = timedelta(minutes=10)
"""How far the clock of whoever signs may be off."""
REMEMBERED: Final = 2 * CLOCK
"""How long a nonce is taken once: as long as its request could be accepted."""
LONGEST_NONCE: Final = 128
_LONGEST_HEADER: Final = 2048
_LONGEST_ID: Final = 128
_LONGEST_SIGNATURE: Final = 128
_DIGITS: Final = 16

per_key = Throttle(count=settings.REQUESTS_PER_ADDRESS, seconds=60)


def caller(
    sent: Sent, call: Call, connection: Connection | None, *, now: datetime
) -> Caller | None:
    """The program that calls; None for nobody, whatever is wrong with what was shown.

    What the envelope holds counts before the header, and both before what a socket is bound to.
    Raises TooManyRequests, and what is unavailable.
    """
    if call.token:
        return by_token(sent, call.token, connection, now=now)
    if sent.authorization:
        return _by_header(sent, connection, now=now)
    if connection is not None and connection.token:
        return by_token(sent, connection.token, connection, now=now)
    return None


def by_token(
    sent: Sent, token: str, connection: Connection | None, *, now: datetime
) -> Caller | None:
    """The program that an access token is of, None for a token that does not count here."""
    try:
        checked = machine_sessions.check(
            token,
            address=sent.address,
            now=now,
            connection=connection.id if connection else "",
        )
    except TokenRefused:
        return None
    if not is_at_its_scope(sent, checked.door, now=now):
        return None
    return _let_in(checked.door, checked.actor(sent.address), now=now)


def usable_key(sent: Sent, key_id: str, *, now: datetime) -> ApiKeyDoor | None:
    """The program's key of this id, if it may be used now, here and from this address."""
    if not 1 <= len(key_id) <= _LONGEST_ID:
        return None
    door = key_doors.api_key_by_name(key_id)
    if door is None or door.purpose != api_key_limits.PROGRAM:
        return None
    if not door.is_usable(now) or not door.is_allowed_from(sent.address):
        return None
    return door if is_at_its_scope(sent, door, now=now) else None


def is_at_its_scope(sent: Sent, door: ApiKeyDoor, *, now: datetime) -> bool:
    """Whether the address names no other scope than the key is of."""
    try:
        scope_resolution.resolve(sent.named, now=now, credential=door.scope)
    except DomainError:
        return False
    return True


def require_secret(door: ApiKeyDoor, secret: str, *, now: datetime) -> None:
    """Check the secret of a key. Raises Wrong, also for keys that have a public key."""
    try:
        api_key_secrets.require_secret(door, secret, now=now)
    except Unauthenticated:
        raise Wrong from None


def require_signature(
    door: ApiKeyDoor, stamp: Stamp, data: bytes, signature: str, *, now: datetime
) -> None:
    """Check what a key signed just now, and take its nonce. Raises Wrong."""
    signed_at = stamp.milliseconds / 1000
    if abs(now.timestamp() - signed_at) >= CLOCK.total_seconds():
        raise Wrong
    if not 1 <= len(stamp.nonce) <= LONGEST_NONCE or len(signature) > _LONGEST_SIGNATURE:
        raise Wrong
    try:
        given = base64.b64decode(signature, validate=True)
        if door.kind == "signature":
            call_signature.verify_ed25519(_public_key(door), given, data)
        else:
            call_signature.verify_hmac(api_key_secrets.unseal_secrets(door, now=now), given, data)
        with current.in_scope(door.scope_id):
            nonces.remember(
                device_id=door.id,
                nonce=call_signature.nonce_digest(stamp),
                expires_at=now + REMEMBERED,
            )
    except (SignatureInvalid, EnvelopeReplayed, ValueError):
        raise Wrong from None


def _public_key(door: ApiKeyDoor) -> str:
    if door.algorithm != "ed25519":
        raise Wrong
    return door.public_key


def _by_header(sent: Sent, connection: Connection | None, *, now: datetime) -> Caller | None:
    # Exactly one space, and the case of the scheme counts (specification §4).
    scheme, _, rest = sent.authorization.partition(" ")
    if not rest or " " in rest or len(rest) > _LONGEST_HEADER or not rest.isascii():
        return None
    if scheme == "Bearer":
        return by_token(sent, rest, connection, now=now)
    prove = _PROOFS.get(scheme)
    if prove is None:
        return None
    try:
        with guesses.counted(sent.address, now=now):
            door = prove(sent, rest, now=now)
    except Wrong:
        return None
    with current.in_scope(door.scope_id):
        api_keys.note_used(door, now=now)
        actor = programs.acting(door, address=sent.address)
    return _let_in(door, actor, now=now)


def _basic(sent: Sent, rest: str, *, now: datetime) -> ApiKeyDoor:
    try:
        key_id, colon, secret = base64.b64decode(rest, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Wrong from None
    door = usable_key(sent, key_id, now=now) if colon else None
    if door is None:
        raise Wrong
    require_secret(door, secret, now=now)
    return door


def _signed(sent: Sent, rest: str, *, now: datetime) -> ApiKeyDoor:
    parts = rest.split(";")
    if len(parts) != 5 or parts[1] != call_signature.VERSION:
        raise Wrong
    key_id, _, milliseconds, nonce, signature = parts
    if not milliseconds.isdigit() or len(milliseconds) > _DIGITS:
        raise Wrong
    door = usable_key(sent, key_id, now=now)
    if door is None:
        raise Wrong
    stamp = Stamp(int(milliseconds), nonce)
    if stamp.text != f"{milliseconds};{nonce}":
        raise Wrong
    data = call_signature.request_data(
        stamp, method=sent.method, path=sent.target, body=sent.body or b""
    )
    require_signature(door, stamp, data, signature, now=now)
    return door


_PROOFS: Final = {"Basic": _basic, call_signature.SCHEME: _signed}


def _let_in(door: ApiKeyDoor, actor: Actor, *, now: datetime) -> Caller:
    per_key.hit(door.id, now=int(now.timestamp()))
    return Caller(door, actor)
