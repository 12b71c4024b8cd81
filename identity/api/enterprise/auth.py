"""Who sent an envelope: from sealed bytes to a verified call (specification §3.4)."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from accounts import queries as accounts
from accounts.services import devices
from identity.actor import Actor, ActorKind
from identity.api.enterprise.call import Call
from identity.crypto import cose, rsa
from identity.crypto.errors import EnvelopeUnauthentic
from identity.scoping import doors
from identity.services import nonces, server_keys
from invitations.services.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Opened:
    """An envelope whose sender is verified, and what its answer needs."""

    call: Call
    payload: bytes
    door: doors.RequestDoor
    digest: bytes


def open_envelope(
    body: bytes,
    *,
    outer: cose.Outer,
    door: doors.RequestDoor,
    address: str,
    now: datetime,
) -> Opened:
    """Steps 4 to 12 for an envelope whose device was looked up; must run inside the door's scope.

    Raises the envelope errors of `identity.crypto.cose`, each the same for all its causes.
    """
    # Steps 4 to 7: a key that is not ours goes the same way as one that fails.
    inner = cose.open_inner(outer, _opening_key(door, now))
    # Steps 8 to 11: an unknown or refused device costs the same and says the same.
    cose.verify_inner(
        inner,
        accounts.verifying_key(door, address=address, now=now),
        expected_audience=cose.audience(outer.recipient_kid),
        now=int(now.timestamp()),
    )
    # Step 12 after the signature, so that strangers can't fill the table.
    expires_at = datetime.fromtimestamp(inner.expires_at + 60, tz=UTC)
    nonces.remember(device_id=inner.device, nonce=inner.cti, expires_at=expires_at)
    sender = _sender(door)
    call = Call(
        actor=_actor(door, sender, address),
        now=now,
        evidence=Evidence(sign1=inner.sign1),
        device_id=inner.device,
        invitation_id=door.invitation_id,
        address=address,
    )
    if door.is_unverified:
        devices.verify_first_use(device_id=inner.device, by=call.actor, now=now)
    if door.invitation_id is None:
        devices.mark_seen(device_id=inner.device, now=now)
    return Opened(call=call, payload=inner.payload, door=door, digest=hashlib.sha256(body).digest())


def _opening_key(door: doors.RequestDoor, now: datetime) -> rsa.PrivateKey | None:
    key_id = door.usable_opening_key_id(now)
    return None if key_id is None else server_keys.encryption_key(key_id)


def _sender(door: doors.RequestDoor) -> accounts.Sender:
    sender = accounts.sender_of(door)
    if sender is None:
        raise EnvelopeUnauthentic
    return sender


def _actor(door: doors.RequestDoor, sender: accounts.Sender, address: str) -> Actor:
    if door.invitation_id is None:
        return accounts.device_actor(door, sender, address=address)
    return Actor(
        kind=ActorKind.INVITATION,
        scope_id=sender.scope_id,
        user_id=sender.user_id,
        public_id=door.user_public_id,
        device_id=sender.device_id,
        address=address,
    )
