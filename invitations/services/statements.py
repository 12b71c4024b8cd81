"""Statements that a person's own device signed, handed over inside a session or a JSON body.

Their format is that of requests in an envelope (docs/envelope.md), so that there is one evidence.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from accounts.models import Device, User
from accounts.services import devices
from identity import errors
from identity.actor import Actor
from identity.crypto import cose, ecdsa_p256, strict_json
from identity.crypto.errors import EnvelopeMalformed, EnvelopeUnauthentic
from identity.models import ServerKey
from identity.services import nonces, server_keys

_ACCEPTED: Final = (Device.Status.ACTIVE, Device.Status.UNVERIFIED)


@dataclass(frozen=True, slots=True)
class Statement:
    """What a device signed: one action on one resource. `sign1` is kept as the evidence."""

    action: str
    resource: str
    details: Mapping[str, Any]
    device_id: UUID
    sign1: bytes = field(repr=False)
    by: Actor
    """The actor who handed it over, as acting with this device."""


def read(sign1: bytes, *, by: Actor, now: datetime) -> Statement:
    """Verify a statement: key, device, audience, time; its nonce is taken, so it serves once.

    The device must be an accepted one of the user who hands the statement over, in the scope in
    force, and the very one where the actor came with a device. Must not be called in a
    transaction: a statement whose command is refused is used up all the same. Raises
    `EnvelopeMalformed`, `EnvelopeUnsupported`, `EnvelopeUnauthentic` (one refusal for an unknown,
    foreign or revoked device, a wrong signature and a wrong audience), `EnvelopeUntimely`,
    `EnvelopeReplayed`.
    """
    inner = cose.read_signed_request(sign1)
    device = _device(inner.device, by)
    cose.verify_inner(
        inner,
        None if device is None else ecdsa_p256.stored_public(device.signature_key),
        expected_audience=_expected_audience(inner.audience, now=now),
        now=int(now.timestamp()),
    )
    if device is None:
        raise EnvelopeUnauthentic
    action, resource, details = _said(inner.payload)
    # After the signature, so that strangers can't fill the table.
    expires_at = datetime.fromtimestamp(inner.expires_at, tz=UTC) + timedelta(seconds=cose.SKEW)
    nonces.remember(device_id=device.id, nonce=inner.cti, expires_at=expires_at)
    acting = _acting(by, device)
    if device.status == Device.Status.UNVERIFIED:
        devices.verify_first_use(device_id=device.id, by=acting, now=now)
    devices.mark_seen(device_id=device.id, now=now)
    return Statement(
        action=action,
        resource=resource,
        details=details,
        device_id=device.id,
        sign1=sign1,
        by=acting,
    )


def _said(payload: bytes) -> tuple[str, str, dict[str, Any]]:
    match strict_json.decode(payload):
        case {
            "action": str() as action,
            "resource": str() as resource,
            "details": dict() as details,
            **more,
        } if not more:
            return action, resource, details
    raise EnvelopeMalformed("A statement has an action, a resource and details, nothing else.")


def _device(device_id: UUID, by: Actor) -> Device | None:
    if by.user_id is None or by.device_id not in {None, device_id}:
        return None
    return Device.objects.filter(
        id=device_id,
        user_id=by.user_id,
        user__status=User.Status.ACTIVE,
        user__deleted_at__isnull=True,
        status__in=_ACCEPTED,
    ).first()


def _expected_audience(claimed: str, *, now: datetime) -> str:
    # Any encryption key of this scope that is still of use; another one is nobody's audience.
    kid = claimed.removeprefix("ecs:")
    try:
        key = server_keys.usable(kid=kid, now=now)
    except errors.Missing:
        return ""
    return "ecs:" + key.kid if key.purpose == ServerKey.Purpose.ENCRYPTION else ""


def _acting(by: Actor, device: Device) -> Actor:
    registered_at = int(device.registered_at.timestamp())
    return dataclasses.replace(by, device_id=device.id, device_registered_at=registered_at)
