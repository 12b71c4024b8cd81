"""What the holder of an invitation does with JSON alone: asks for a challenge, signs, accepts."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from identity.crypto import ecdsa_p256
from identity.scoping import current
from identity.sdk.keys import DeviceKeys
from invitations.services import acceptance as service
from invitations.services.governance import Done, Pending
from tests import keyholders
from tests.cast import World


def challenge(
    world: World, bundle: Mapping[str, Any], keys: DeviceKeys, *, at: datetime | None = None
) -> bytes:
    """The first step."""
    with current.in_scope(world.scope.id):
        return service.challenge(
            invite_string=bundle["invite_string"],
            signature_key=keys.signature_pubkey,
            encryption_key=keys.encryption_pubkey,
            now=at or datetime.now(UTC),
        )


def acceptance(
    world: World,
    bundle: Mapping[str, Any],
    keys: DeviceKeys,
    *,
    password: str = "",
    at: datetime | None = None,
    **changes: Any,
) -> service.Acceptance:
    """The second step's body, with the text changed before it is signed."""
    now = at or datetime.now(UTC)
    text = keyholders.key_statement(
        world,
        keys,
        challenge(world, bundle, keys, at=now),
        kind=service.STATEMENT_TYPE,
        subject=hashlib.sha256(bundle["invite_string"].encode()).hexdigest(),
        **{"has_password": bool(password), "issued_at": int(now.timestamp()), **changes},
    )
    one_time = ecdsa_p256.parse_private(bundle["one_time_private_key"])
    return service.Acceptance(
        invite_string=bundle["invite_string"],
        statement=text,
        one_time_signature=ecdsa_p256.sign(one_time, text),
        signature=keyholders.signed(keys, text),
        password=password,
    )


def accept(world: World, made: service.Acceptance, *, at: datetime | None = None) -> Done | Pending:
    """The second step."""
    with current.in_scope(world.scope.id):
        return service.accept(made, now=at or datetime.now(UTC))
