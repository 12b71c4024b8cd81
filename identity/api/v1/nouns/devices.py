"""Devices: the keys of people and programs, each revoked alone."""

from datetime import datetime
from typing import Final
from uuid import UUID

from accounts import queries as accounts
from identity.api.v1 import route, shapes
from identity.api.v1.route import Asked
from identity.api.v1.shapes import Shown


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


@route.read("/devices/{device}", "devices:list", "devices_get", "A device", shows=Device)
def get(asked: Asked) -> Device:
    """One device of anybody in the scope."""
    shown: Device = shapes.of_row(Device, accounts.device(asked.ids["device"]))
    return shown


ROUTES: Final = (get,)
