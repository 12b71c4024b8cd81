"""What a browser does with new keys, in Python: opens challenges, signs texts and votes."""

import base64
import json
import time
from typing import Any
from uuid import UUID

from accounts import queries
from accounts.models import User
from identity.actor import Actor, ActorKind
from identity.crypto import cose_device, ecdsa_p256, rsa
from identity.scoping import current
from identity.sdk.keys import DeviceKeys
from tests.cast import Member, World


def in_session(member: Member) -> Actor:
    """The member as signed in with a password: it came without a device."""
    with current.in_scope(member.user.scope_id):
        User.objects.filter(id=member.user.id).update(is_staff=True)
        return queries.actor_of_user(user_id=member.user.id, kind=ActorKind.STAFF)


def opened(keys: DeviceKeys, challenge: bytes) -> str:
    """The answer to a challenge, as base64."""
    return base64.b64encode(rsa.decrypt(keys.encryption, challenge)).decode()


def key_statement(
    world: World, keys: DeviceKeys, sealed: bytes, *, kind: str, subject: str, **changes: Any
) -> bytes:
    """The exact text that the holder of new keys signs."""
    said = {
        "type": kind,
        "audience": str(world.scope.id),
        "subject": subject,
        "device_name": "this browser",
        "signature_key": keys.signature_pubkey,
        "encryption_key": keys.encryption_pubkey,
        "challenge": opened(keys, sealed),
        "issued_at": int(time.time()),
        **changes,
    }
    return json.dumps(said).encode()


def signed(keys: DeviceKeys, text: bytes) -> bytes:
    """The text signed with the new signature key: raw r||s."""
    return ecdsa_p256.sign(keys.signature, text)


def statement(
    member: Member,
    action: str,
    resource: str,
    details: dict[str, Any],
    *,
    at: int | None = None,
    device: UUID | None = None,
    key: ecdsa_p256.PrivateKey | None = None,
) -> bytes:
    """A statement of the member's device, as `cose.js` makes it."""
    payload = {"action": action, "resource": resource, "details": details}
    return cose_device.seal_request(
        json.dumps(payload).encode(),
        device=device or member.device.id,
        signing_key=key or member.session.keys.signature,
        recipient=member.session.server.encryption,
        now=int(time.time()) if at is None else at,
    ).sign1
