"""Answers in bytes: sealed for a verified device, signed in the clear for everybody else."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from identity.api.enterprise import errors
from identity.api.enterprise.auth import Opened
from identity.crypto import cose, ecdsa_p256, rsa
from identity.crypto.errors import KeyInvalid
from identity.errors import DomainError, Invalid
from identity.scoping import doors
from identity.services import server_keys


def recipient(opened: Opened, payload: Mapping[str, Any]) -> rsa.PublicKey:
    """The RSA key to which the answer is encrypted.

    The holder of an invitation has none on record: it is the one in the request, which the
    one-time signature covers. Raises `Invalid` when that can't be read.
    """
    if opened.door.encryption_key:
        return rsa.stored_public(opened.door.encryption_key)
    details = payload.get("details")
    pem = details.get("device_encryption_pubkey") if isinstance(details, Mapping) else None
    if not isinstance(pem, str):
        raise Invalid("device_encryption_pubkey is needed to encrypt the answer.")
    try:
        return rsa.stored_public(pem)
    except KeyInvalid as refusal:
        raise Invalid(f"device_encryption_pubkey: {refusal.detail}") from None


def sealed(
    result: Mapping[str, Any], *, opened: Opened, recipient: rsa.PublicKey, now: datetime
) -> bytes:
    """The answer, signed and encrypted to the device."""
    return cose.seal_reply(
        orjson.dumps(result),
        device=opened.call.device_id,
        recipient=recipient,
        request_digest=opened.digest,
        signing_key=signing_key(opened.door, now),
        now=int(now.timestamp()),
    )


def refused(
    refusal: DomainError, *, key: ecdsa_p256.PrivateKey, digest: bytes, now: datetime
) -> bytes:
    """A refusal before anybody was identified: signed, in the clear, one fixed text per code."""
    return cose.sign_error(
        orjson.dumps(errors.public_body(refusal)),
        request_digest=digest,
        signing_key=key,
        now=int(now.timestamp()),
    )


def signing_key(door: doors.RequestDoor, now: datetime) -> ecdsa_p256.PrivateKey:
    """The key that the device knows from its registration, while that one has not retired."""
    key_id = door.reply_key_id(now)
    return server_keys.active_signing_key() if key_id is None else server_keys.signing_key(key_id)


def active_key() -> ecdsa_p256.PrivateKey:
    """The key with which the scope in force signs, where no device is known."""
    return server_keys.active_signing_key()
