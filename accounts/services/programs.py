"""Programs: users that act by themselves, made together with their device's keys."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from accounts.models import Device, KnownKey, RoleAssignment, User
from accounts.services import device_keys, devices, fields, role_assignments, users, writing
from identity import errors as refusals
from identity.actor import Actor

MOST_ROLES = 20


def create(  # noqa: PLR0913 - one keyword for each field of the user
    *,
    public_id: UUID,
    email: str,
    first_name: str,
    last_name: str,
    signature_key: str,
    encryption_key: str,
    roles: Sequence[str],
    networks: Iterable[str],
    expires_at: datetime | None,
    registration: bytes | None,
    signer_key: str,
    by: Actor,
    now: datetime,
) -> tuple[User, Device]:
    """Make an active program and its device, which is `unverified` until its first valid request.

    A program has no password and no invitation. `roles` are predefined names or ids of custom
    roles; `networks` are the prefixes that it may call from (none: any); `registration` is the
    signed request that brought the keys, `signer_key` the key that signed it. The same call
    by the same actor gives the same program. Raises `accounts.errors.NameTaken`, `KeyTaken`,
    `KeyInvalid`, `RoleUnknown` and `identity.errors.Invalid`.
    """
    keys = device_keys.read(signature_key, encryption_key)
    values = users.checked({"email": email, "first_name": first_name, "last_name": last_name})
    arrival = device_keys.Arrival(KnownKey.Registration.KEYS_AT_CREATION, registration, signer_key)
    with writing.of(by):
        user = users.new(public_id, fields.username(values["email"]), values, by=by, now=now)
        user.kind, user.status = User.Kind.PROGRAM, User.Status.ACTIVE
        user.networks, user.expires_at = fields.networks(networks), _future(expires_at, now)
        held = _distinct(roles)
        made, is_new = users.insert_once(user, is_same=lambda old: _is_same(old, user, keys, held))
        if not is_new:
            return made, _first_device(made)
        device = Device(name=_device_name(values), status=Device.Status.UNVERIFIED)
        devices.add(device, user, keys, arrival, by=by, now=now)
        _give(user, held, device, keys, by=by, now=now)
    return user, device


def _future(expires_at: datetime | None, now: datetime) -> datetime | None:
    if expires_at is not None and expires_at <= now:
        raise refusals.Invalid("A program can't expire before it begins.", field="expires_at")
    return expires_at


def _device_name(values: Mapping[str, str]) -> str:
    return (values["first_name"] or "program")[:128]


def _give(
    user: User,
    roles: Sequence[role_assignments.Named],
    device: Device,
    keys: device_keys.Keys,
    *,
    by: Actor,
    now: datetime,
) -> None:
    for role in roles:
        role_assignments.add(user, role, by=by, now=now)
    names = sorted(role.name for role in roles)
    facts = {"kind": str(user.kind), "device": str(device.id), "roles": names, **keys.facts()}
    users.record("user.created", user, by=by, now=now, **facts)


def _distinct(roles: Sequence[str]) -> list[role_assignments.Named]:
    if len(roles) > MOST_ROLES:
        raise refusals.Invalid(f"Give at most {MOST_ROLES} roles.", field="roles")
    return [role_assignments.resolve(role) for role in dict.fromkeys(roles)]


def _first_device(user: User) -> Device:
    return Device.objects.filter(user=user).order_by("registered_at", "id")[:1].get()


def _is_same(
    earlier: User, made: User, keys: device_keys.Keys, roles: Sequence[role_assignments.Named]
) -> bool:
    device = _first_device(earlier)
    held = RoleAssignment.objects.filter(user=earlier).values_list("predefined", "role_id")
    return (
        earlier.networks == made.networks
        and earlier.expires_at == made.expires_at
        and device.signature_key == keys.signature.hex
        and device.encryption_key == keys.encryption.pem
        and set(held) == {(role.predefined, role.custom and role.custom.id) for role in roles}
    )
