"""Commands that give a device new keys and revoke it."""

import hashlib
from datetime import datetime
from uuid import UUID

from accounts import queries as accounts
from accounts.services import device_keys, devices
from identity import errors
from identity.actor import Actor
from invitations.commands.command import Command, Input, Result, Target, registry
from invitations.commands.users import decoded


class RotateKeys(Input, frozen=True):
    """New keys of a device; see `accounts.services.device_keys.proof_payload` for `proof`.

    `proof` and `registration` (the request itself) are COSE_Sign1 in base64.
    """

    user: UUID
    device: UUID
    signature_key: str
    encryption_key: str
    proof: str
    registration: str = ""


class RevokeDevice(Input, frozen=True):
    """The end of a device."""

    user: UUID
    device: UUID
    reason: str = ""


def rotate_keys(details: RotateKeys, *, by: Actor, now: datetime) -> Result:
    """Give the device its new keys, as it asks with its old ones (specification §4)."""
    accounts.device_of(details.user, details.device)
    if by.device_id != details.device:
        raise errors.Forbidden("Only the device itself can change its keys.")
    devices.rotate_keys(
        device_id=details.device,
        signature_key=details.signature_key,
        encryption_key=details.encryption_key,
        proof=decoded(details.proof) or b"",
        registration=decoded(details.registration),
        by=by,
        now=now,
    )
    return _answer(details.device)


def revoke(details: RevokeDevice, *, by: Actor, now: datetime) -> Result:
    """End the device, unless it is the last one of the last owner."""
    accounts.device_of(details.user, details.device)
    devices.revoke(device_id=details.device, reason=details.reason, by=by, now=now)
    return _answer(details.device)


def revoke_reviewed(details: RevokeDevice, *, by: Actor, now: datetime) -> Result:
    """End the device as others have approved."""
    accounts.device_of(details.user, details.device)
    devices.revoke_reviewed(device_id=details.device, reason=details.reason, by=by, now=now)
    return _answer(details.device)


def _answer(device_id: UUID) -> Result:
    return {"device": accounts.described(accounts.device(device_id))}


def _is_the_device(details: RotateKeys, by: Actor) -> bool:
    return by.device_id == details.device and details.user == by.public_id


def _is_own(details: RevokeDevice, by: Actor) -> bool:
    return by.public_id is not None and details.user == by.public_id


def _validate_keys(details: RotateKeys) -> None:
    accounts.device_of(details.user, details.device)
    keys = device_keys.read(details.signature_key, details.encryption_key)
    proof = decoded(details.proof) or b""
    device_keys.require_proof(proof, device_id=details.device, expected_keys=keys)


def _validate_device(details: RevokeDevice) -> None:
    accounts.device_of(details.user, details.device)


def _present_keys(details: RotateKeys) -> Target:
    device = accounts.device_of(details.user, details.device)
    # A device has no version of its own: a digest of its keys tells one state from another.
    digest = hashlib.sha256(f"{device.signature_key}\n{device.encryption_key}".encode())
    return Target("device", str(details.device), int(digest.hexdigest()[:12], 16))


registry.add(
    Command(
        name="device.rotate",
        action="edit",
        resource="/users/{user}/devices/{device}",
        permission="devices:edit",
        input=RotateKeys,
        execute=rotate_keys,
        validate=_validate_keys,
        target=_present_keys,
        is_own=_is_the_device,
        secrets=frozenset({"registration"}),
    ),
    Command(
        name="device.revoke",
        action="delete",
        resource="/users/{user}/devices/{device}",
        permission="devices:delete",
        input=RevokeDevice,
        execute=revoke,
        execute_reviewed=revoke_reviewed,
        validate=_validate_device,
        is_own=_is_own,
    ),
)
