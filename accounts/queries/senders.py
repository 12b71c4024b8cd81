"""Who sent a signed request: whether it is accepted, with which key, and the actor it makes."""

import ipaddress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.queries.grants import grants_of
from identity.actor import Actor, ActorKind
from identity.crypto import ecdsa_p256
from identity.scoping.doors import RequestDoor

ACTIVE_DEVICE = frozenset({"active", "unverified"})


@dataclass(frozen=True, slots=True)
class Sender:
    """The ids of a known sender, all there."""

    scope_id: UUID
    user_id: UUID
    device_id: UUID


def sender_of(door: RequestDoor) -> Sender | None:
    """The sender's ids, None for an unknown device."""
    if door.scope_id is None or door.user_id is None or door.device_id is None:
        return None
    return Sender(door.scope_id, door.user_id, door.device_id)


def verifying_key(door: RequestDoor, *, address: str, now: datetime) -> ecdsa_p256.PublicKey | None:
    """The key under which a request from this address is accepted now; None where none is.

    The holder of an invitation is accepted in whatever state that is: the one command which it
    opens says the same of all of them.
    """
    if door.signature_key is None or door.scope_status != "active":
        return None
    if not _is_accepted(door, now) or not is_allowed_from(door.networks, address):
        return None
    return ecdsa_p256.stored_public(door.signature_key)


def device_actor(door: RequestDoor, sender: Sender, *, address: str) -> Actor:
    """The device with the rights its user has now; must run inside the door's scope."""
    grants = grants_of(sender.user_id)
    return Actor(
        kind=ActorKind.DEVICE,
        scope_id=sender.scope_id,
        user_id=sender.user_id,
        public_id=door.user_public_id,
        device_id=sender.device_id,
        permissions=grants.permissions,
        approves=grants.approves,
        roles=grants.roles,
        groups=grants.groups,
        is_program=door.user_kind == "program",
        device_registered_at=int(door.registered_at.timestamp()) if door.registered_at else None,
        address=address,
    )


def _is_accepted(door: RequestDoor, now: datetime) -> bool:
    if door.invitation_id is not None:
        return True
    is_in_time = door.user_expires_at is None or door.user_expires_at > now
    return is_in_time and door.user_status == "active" and door.device_status in ACTIVE_DEVICE


def is_allowed_from(networks: list[str] | None, address: str) -> bool:
    """Whether a user whose account is bound to networks may act from this address."""
    if not networks:
        return True
    try:
        sender = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(sender in ipaddress.ip_network(network, strict=False) for network in networks)
