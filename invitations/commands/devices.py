"""Commands that register a device in a session, give it new keys and revoke it."""

import hashlib
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from accounts import queries as accounts
from accounts.errors import ProofInvalid
from accounts.models import Device, KnownKey, User
from accounts.services import device_keys, devices
from identity import errors
from identity.actor import Actor, ActorKind
from identity.crypto import evidence
from identity.services import attestations
from invitations.commands.command import Command, Input, Result, Target, registry, reviewed
from invitations.commands.users import decoded
from invitations.services import notices


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


class EditDevice(Input, frozen=True):
    """Another name of a device, or whether it is accepted; absent parts stay."""

    user: UUID
    device: UUID
    name: str | None = None
    status: Literal["active", "suspended"] | None = None
    reason: str = ""


class RegisterDevice(Input, frozen=True):
    """A further device of the actor's own, registered in a session.

    `registration` is the server's statement in base64 that encloses what the holder of both keys
    signed (`invitations.services.own_devices`); without it nothing is registered.
    """

    user: UUID
    name: str
    signature_key: str
    encryption_key: str
    registration: str


def register(details: RegisterDevice, *, by: Actor, now: datetime) -> Result:
    """Register the device and tell the account's owner by mail."""
    user = _own_user(details, by)
    device = devices.register(
        user=user,
        name=details.name,
        signature_key=details.signature_key,
        encryption_key=details.encryption_key,
        push_token="",
        registration_kind=KnownKey.Registration.SESSION,
        registration=decoded(details.registration),
        by=by,
        now=now,
    )
    notices.device_registered(user, device, now=now)
    return _answer(device.id)


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


def edit(details: EditDevice, *, by: Actor, now: datetime) -> Result:
    """Rename the device, suspend it or accept it again."""
    accounts.device_of(details.user, details.device)
    if details.name is not None:
        devices.rename(device_id=details.device, name=details.name, by=by, now=now)
    if details.status == "suspended":
        devices.suspend(device_id=details.device, reason=details.reason, by=by, now=now)
    if details.status == "active":
        devices.resume(device_id=details.device, by=by, now=now)
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


def _renames_own(details: EditDevice, by: Actor) -> bool:
    # Whoever was shut out by others must not let its own device in again.
    is_own = by.public_id is not None and details.user == by.public_id
    return is_own and details.status is None


def _account_edited(details: EditDevice) -> UUID | None:
    return None if details.status is None else details.user


def _edit_facts(details: EditDevice) -> dict[str, Any]:
    return {"changes_status": details.status is not None}


def _validate_edit(details: EditDevice) -> None:
    held = accounts.device_of(details.user, details.device)
    if held.status == Device.Status.REVOKED:
        raise errors.Conflict("This device is revoked.")
    if details.name is not None:
        devices.checked_name(details.name)


def _is_in_own_session(details: RegisterDevice, by: Actor) -> bool:
    # A session of staff was proved by a password, and where it is asked for by a one-time
    # password. A device that registers another one needs the right to invite devices.
    return by.kind is ActorKind.STAFF and details.user == by.public_id


def _own_user(details: RegisterDevice, by: Actor) -> User:
    user = User.objects.filter(public_id=details.user).first()
    if user is None or user.id != by.user_id:
        raise errors.Forbidden("You can register devices of your own account only.")
    return user


def _has_device(details: RegisterDevice) -> dict[str, Any]:
    """What a policy may ask about the account that gets a further device.

    One that was revoked counts too: else revoking it would make the next one the first again.
    """
    return {"has_device": Device.objects.filter(user__public_id=details.user).exists()}


def _validate_registration(details: RegisterDevice) -> None:
    """The server itself must have attested the proofs for these very keys and this account."""
    keys = device_keys.read(details.signature_key, details.encryption_key)
    try:
        attested = attestations.read_request(decoded(details.registration) or b"")
    except evidence.EvidenceInvalid:
        raise ProofInvalid from None
    said = msgspec.json.decode(attested)
    expected = {
        "name": details.name,
        "signature_key": keys.signature.hex,
        "encryption_key": keys.encryption.pem,
    }
    is_meant = (said.get("user"), said.get("details")) == (str(details.user), expected)
    if not is_meant or "holder" not in said:
        raise ProofInvalid("The proof is about another device or other keys.")


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
        name="device.register",
        action="add",
        resource="/users/{user}/devices",
        permission="devices:invite",
        input=RegisterDevice,
        execute=register,
        validate=_validate_registration,
        is_own=_is_in_own_session,
        is_own_reviewed=reviewed,
        facts=_has_device,
        secrets=frozenset({"registration"}),
    ),
    Command(
        name="device.edit",
        action="edit",
        resource="/users/{user}/devices/{device}",
        permission="devices:edit",
        input=EditDevice,
        execute=edit,
        validate=_validate_edit,
        is_own=_renames_own,
        ways_in_of=_account_edited,
        facts=_edit_facts,
    ),
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
