"""What the registration of a device has to know, in one prepared statement."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, QuerySet, Subquery

from accounts.models import Device
from identity import errors
from identity.models import Scope, ServerKey
from identity.scoping import prepared
from identity.scoping.manager import CurrentScope
from identity.services import scope_settings


@dataclass(frozen=True, slots=True)
class Room:
    """How many devices a user has and may have, and which server key a new one is told of."""

    devices: int
    most_devices: int
    signing_key_id: UUID | None


def _room(user: Any) -> "QuerySet[Any, Any]":
    kept = Device.objects.filter(user_id=user).exclude(status=Device.Status.REVOKED)
    counted = kept.order_by().values("user_id").annotate(count=Count("id")).values("count")
    signing = ServerKey.objects.filter(
        purpose=ServerKey.Purpose.SIGNATURE, status=ServerKey.Status.ACTIVE
    )
    return Scope.objects.filter(id=CurrentScope()).values_list(
        "settings", Subquery(counted), Subquery(signing.values("id")[:1])
    )


_ROOM: Final = prepared.prepare(_room, "user")


def room_for(user_id: UUID) -> Room:
    """How much room a user of the scope in force has for another device. Raises `Missing`."""
    row = _ROOM.one(user=user_id)
    if row is None:
        raise errors.Missing("There is no such scope.")
    settings, devices, signing_key_id = row
    return Room(devices or 0, scope_settings.of(settings).max_devices, signing_key_id)
