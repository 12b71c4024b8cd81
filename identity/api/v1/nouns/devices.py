"""Devices: the keys of people and programs, each revoked alone."""

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from accounts import queries as accounts
from identity.api.v1 import route, shapes
from identity.api.v1.route import Asked, Change
from identity.api.v1.shapes import Body, Newest, Shown
from identity.errors import Missing
from identity.paging import After, Window


class Device(Shown, frozen=True):
    """A device with its public keys: a compressed P-256 point in hex, an RSA key in PEM."""

    id: UUID
    user: UUID
    name: str
    status: str
    signature_key: str
    encryption_key: str
    registered_at: datetime
    keys_changed_at: datetime
    updated_at: datetime
    last_seen_at: datetime | None
    revoked_at: datetime | None
    revoke_reason: str


class DeviceFilters(Newest, frozen=True):
    """Which devices; of the own account they need no permission."""

    status: Literal["unverified", "active", "suspended", "revoked"] | None = None
    user: UUID | None = None


class Revocation(Body, frozen=True):
    """Why the device ends."""

    reason: str = ""


class DeviceEdit(Body, frozen=True):
    """Another name, or whether the device is accepted; absent fields stay."""

    name: str | None = None
    status: Literal["active", "suspended"] | None = None
    reason: str = ""


class NewKeys(Body, frozen=True):
    """The device's new keys; `proof` is a COSE_Sign1 over both by the new signature key, base64."""

    signature_key: str
    encryption_key: str
    proof: str


def _is_itself(asked: Asked) -> bool:
    return bool(asked.caller.actor.device_id == asked.ids["device"])


def _are_own(asked: Asked) -> bool:
    return asked.query.user is not None and asked.query.user == asked.caller.actor.public_id


def _is_of_caller(asked: Asked) -> bool:
    public_id = asked.caller.actor.public_id
    try:
        return public_id is not None and accounts.device(asked.ids["device"]).user == public_id
    except Missing:
        return False


def _with_user(asked: Asked) -> dict[str, Any]:
    # Commands name the user too, since policies are about their path.
    return {**asked.given(), "user": accounts.device(asked.ids["device"]).user}


@route.listing(
    "/devices",
    "devices:list",
    "devices_list",
    "Devices",
    of=Device,
    query=DeviceFilters,
    own=_are_own,
)
def devices(asked: Asked, after: After) -> Window[Any]:
    """Devices by time of registration."""
    del asked
    return accounts.devices_window(after)


@route.read(
    "/devices/{device}", "devices:list", "devices_get", "A device", shows=Device, own=_is_itself
)
def device(asked: Asked) -> Device:
    """One device of anybody in the scope."""
    shown: Device = shapes.of_row(Device, accounts.device(asked.ids["device"]))
    return shown


_device = shapes.part("device", Device)

ROUTES: Final = (
    devices,
    device,
    route.change(
        "PATCH",
        "/devices/{device}",
        "devices:edit",
        "devices_edit",
        "Rename a device, suspend it or accept it again",
        Change("device.edit", _device, prepare=_with_user),
        body=DeviceEdit,
        shows=Device,
        own=_is_of_caller,
    ),
    route.change(
        "POST",
        "/devices/{device}/revocation",
        "devices:delete",
        "devices_revoke",
        "Revoke a device at once and for ever",
        Change("device.revoke", _device, prepare=_with_user),
        body=Revocation,
        shows=Device,
        own=_is_of_caller,
    ),
    route.change(
        "PUT",
        "/devices/{device}/keys",
        "devices:edit",
        "devices_rotate_keys",
        "Give the calling device new keys",
        Change("device.rotate", _device, prepare=_with_user, brings_keys=True),
        body=NewKeys,
        shows=Device,
        own=_is_itself,
    ),
)
