"""Devices: registered with their own keys, changed, suspended and revoked, each alone."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from accounts import errors
from accounts.models import Device, KnownKey, User
from accounts.queries import registration as registration_queries
from accounts.services import device_keys, did_proofs, dids, fields, owners, writing
from identity import errors as refusals
from identity.actor import Actor
from identity.services import audit

MOST_PUSH_TOKEN = 4096
MOST_REASON = 512
MOST_NAME = 128
SEEN_EVERY = timedelta(minutes=1)
_MOST_NOTED = 16_384
_noted: dict[UUID, datetime] = {}


def register(  # noqa: PLR0913 - one keyword for each field of the device
    *,
    user: User,
    name: str,
    signature_key: str,
    encryption_key: str,
    push_token: str,
    registration_kind: KnownKey.Registration,
    registration: bytes | None,
    signer_key: str = "",
    by: Actor,
    now: datetime,
) -> Device:
    """Register an active device of a user who is not disabled.

    `signature_key` is a P-256 point in hex, `encryption_key` an RSA SPKI in PEM; `registration` is
    the signed request that brought them and `signer_key` the key that signed it (empty where the
    server attests the request). Raises
    `accounts.errors.KeyInvalid`, `KeyTaken`, `TooManyDevices`, `UserInactive` and
    `identity.errors.Invalid`.
    """
    keys = device_keys.read(signature_key, encryption_key)
    if keys.signature.hex == signer_key:
        raise errors.KeyInvalid("Make a key of your own: others know the one-time key.")
    device = Device(name=name, push_token=push_token, status=Device.Status.ACTIVE)
    arrival = device_keys.Arrival(registration_kind, registration, signer_key)
    with writing.of(by):
        add(device, user, keys, arrival, by=by, now=now)
        facts = {"user": str(user.id), "kind": registration_kind, **keys.facts()}
        record("device.registered", device, by=by, now=now, **facts)
    return device


def add(
    device: Device,
    user: User,
    keys: device_keys.Keys,
    arrival: device_keys.Arrival,
    *,
    by: Actor,
    now: datetime,
) -> None:
    """Store a device that has a name and a status; records nothing.

    Raises what `register` raises. The user's row stays locked, so that parallel registrations
    can't pass the limit together.
    """
    device.name = fields.line(device.name, name="device_name", most=MOST_NAME, least=1)
    fields.opaque(device.push_token, name="push_token", most_bytes=MOST_PUSH_TOKEN)
    room = _room(user)
    device.scope_id = by.scope_id
    device.user = user
    device.signature_key = keys.signature.hex
    device.encryption_key = keys.encryption.pem
    device.server_key_id = room.signing_key_id
    device.registered_at = device.keys_changed_at = device.updated_at = now
    device_keys.claim(keys.digests, keys, device=device, arrival=arrival, now=now)
    device.save(force_insert=True)


def rotate_keys(
    *,
    device_id: UUID,
    signature_key: str,
    encryption_key: str,
    proof: bytes,
    registration: bytes | None,
    by: Actor,
    now: datetime,
) -> Device:
    """Give an active device new keys; one of the two may stay as it is.

    `proof` is a COSE_Sign1 of the new signature key over both keys (`device_keys.proof_payload`),
    `registration` the request for the change, signed with the device's present key. Old keys stay
    on record as evidence and can never be used again. The same keys again change nothing. Raises
    `Missing`, `Conflict` for a device that is not active, `accounts.errors.KeyInvalid`,
    `KeyTaken`, `ProofInvalid`.
    """
    keys = device_keys.read(signature_key, encryption_key)
    device_keys.require_proof(proof, device_id=device_id, expected_keys=keys)
    with writing.of(by):
        device = locked(device_id)
        if device.status != Device.Status.ACTIVE:
            raise refusals.Conflict(f"This device is {device.status}.")
        present = device_keys.read(device.signature_key, device.encryption_key)
        changed = set(keys.digests) - set(present.digests)
        if not changed:
            return device
        arrival = device_keys.Arrival(
            KnownKey.Registration.ROTATION, registration, device.signature_key
        )
        device_keys.claim(changed, keys, device=device, arrival=arrival, now=now)
        if keys.signature.hex != device.signature_key:
            _end_did(device, by=by, now=now)
        device.signature_key, device.encryption_key = keys.signature.hex, keys.encryption.pem
        device.keys_changed_at = device.updated_at = now
        device.save()
        record("device.keys-rotated", device, by=by, now=now, **keys.facts())
    return device


def revoke(*, device_id: UUID, reason: str, by: Actor, now: datetime) -> Device:
    """End a device at once and for ever; again is the same.

    Raises `Missing` and `accounts.errors.LastOwnerDevice` for the last active device of the last
    owner, which needs a second person.
    """
    with writing.of(by):
        owners.require_another_device_than(device_id)
        return _revoke(locked(device_id), reason, by=by, now=now)


def revoke_reviewed(*, device_id: UUID, reason: str, by: Actor, now: datetime) -> Device:
    """End a device as others have approved, be it the last one. Raises `Missing`."""
    with writing.of(by):
        return _revoke(locked(device_id), reason, by=by, now=now)


def rename(*, device_id: UUID, name: str, by: Actor, now: datetime) -> Device:
    """Give a device another name. Raises `Missing`, `Conflict` for a revoked device, `Invalid`."""
    shown = checked_name(name)
    with writing.of(by):
        device = locked(device_id)
        if device.status == Device.Status.REVOKED:
            raise refusals.Conflict("This device is revoked.")
        if device.name != shown:
            before, device.name, device.updated_at = device.name, shown, now
            device.save(update_fields=["name", "updated_at"])
            record("device.renamed", device, by=by, now=now, before=before, after=shown)
    return device


def checked_name(name: str) -> str:
    """A device's name as it is stored. Raises `Invalid`."""
    return fields.line(name, name="name", most=MOST_NAME, least=1)


def suspend(*, device_id: UUID, reason: str, by: Actor, now: datetime) -> Device:
    """Refuse a device until it is resumed; again is the same.

    Raises `Missing`, `Conflict` for a device that is not active, `accounts.errors.LastOwnerDevice`.
    """
    with writing.of(by):
        owners.require_another_device_than(device_id)
        device = locked(device_id)
        if device.status == Device.Status.ACTIVE:
            _move(device, Device.Status.SUSPENDED, now=now)
            why = fields.line(reason, name="reason", most=MOST_REASON)
            record("device.suspended", device, by=by, now=now, reason=why)
        elif device.status != Device.Status.SUSPENDED:
            raise refusals.Conflict(f"This device is {device.status}.")
    return device


def resume(*, device_id: UUID, by: Actor, now: datetime) -> Device:
    """Accept a suspended device again. Raises `Missing` and `Conflict` for a revoked device."""
    with writing.of(by):
        device = locked(device_id)
        if device.status == Device.Status.SUSPENDED:
            _move(device, Device.Status.ACTIVE, now=now)
            record("device.resumed", device, by=by, now=now)
        elif device.status == Device.Status.REVOKED:
            raise refusals.Conflict("This device is revoked.")
    return device


def verify_first_use(*, device_id: UUID, by: Actor, now: datetime) -> None:
    """Note that the holder of a device's keys made a valid request: `unverified` ends.

    Does nothing for a device in another state: of two first requests one is recorded.
    """
    with writing.of(by):
        rows = Device.objects.filter(id=device_id, status=Device.Status.UNVERIFIED)
        if rows.update(status=Device.Status.ACTIVE, updated_at=now):
            audit.record("device.verified", by=by, subject=("device", str(device_id)), now=now)


def mark_seen(*, device_id: UUID, now: datetime) -> None:
    """Note roughly when a device was last used: at most one write a minute.

    A trace, not a change, so no audit event. Works in the scope in force. Each process remembers
    what it noted, so that most requests cost no statement.
    """
    noted = _noted.get(device_id)
    if noted is not None and now - noted < SEEN_EVERY:
        return
    if len(_noted) >= _MOST_NOTED:
        _noted.clear()
    _noted[device_id] = now
    is_old = Q(last_seen_at__isnull=True) | Q(last_seen_at__lte=now - SEEN_EVERY)
    Device.objects.filter(is_old, id=device_id).update(last_seen_at=now)


def locked(device_id: UUID) -> Device:
    """The device with its row locked until the transaction ends. Raises `Missing`."""
    device = Device.objects.select_for_update().filter(id=device_id).first()
    if device is None:
        raise refusals.Missing("There is no such device.")
    return device


def record(name: str, device: Device, *, by: Actor, now: datetime, **facts: str) -> None:
    """One audit event about a device."""
    audit.record(name, by=by, subject=("device", str(device.id)), now=now, facts=facts)


def _room(user: User) -> registration_queries.Room:
    """Lock the user's row, then see how many devices there are: nobody adds one in between."""
    status = (
        User.objects.select_for_update()
        .filter(id=user.id, deleted_at__isnull=True)
        .values_list("status", flat=True)
        .first()
    )
    if status in {None, User.Status.DISABLED}:
        raise errors.UserInactive
    room = registration_queries.room_for(user.id)
    if room.devices >= room.most_devices:
        raise errors.TooManyDevices
    return room


def _revoke(device: Device, reason: str, *, by: Actor, now: datetime) -> Device:
    why = fields.line(reason, name="reason", most=MOST_REASON)
    if device.status == Device.Status.REVOKED:
        return device
    device.status = Device.Status.REVOKED
    device.revoked_at = device.updated_at = now
    device.revoked_by = by.user_id
    device.revoke_reason = why
    device.save(update_fields=["status", "revoked_at", "updated_at", "revoked_by", "revoke_reason"])
    _end_did(device, by=by, now=now)
    record("device.revoked", device, by=by, now=now, user=str(device.user_id), reason=why)
    return device


def _end_did(device: Device, *, by: Actor, now: datetime) -> None:
    did = did_proofs.of_device(device.signature_key)
    dids.end_key(did, user_id=device.user_id, by=by, now=now)


def _move(device: Device, status: Device.Status, *, now: datetime) -> None:
    device.status = status
    device.updated_at = now
    device.save(update_fields=["status", "updated_at"])
