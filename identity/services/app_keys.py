"""Keys of applications' servers: minted once, the public half kept, many at the same time."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q

from identity import ids
from identity.actor import Actor
from identity.crypto import ed25519, wallet_keys
from identity.crypto.did_address import KeyKind, Role
from identity.models import ApiKey
from identity.scoping import current, prepared
from identity.services import audit

PURPOSE: Final = "app"
MOST: Final = 16
_PUBLIC: Final = prepared.prepare(
    lambda purpose, status, now: (
        ApiKey.objects.filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=now), purpose=purpose, status=status
        )
        .order_by("-created_at", "-id")
        .values_list("public_key", flat=True)[:MOST]
    ),
    "purpose",
    "status",
    "now",
)


def mint(*, name: str, by: Actor, now: datetime) -> wallet_keys.PrivateKey:
    """A new key for the server of the actor's scope's application.

    Its private half is returned, to be shown once, and kept nowhere. The newest 16 count.
    """
    private = wallet_keys.private_of(KeyKind.ED25519, _seed())
    with current.in_scope(by.scope_id), transaction.atomic():
        row = ApiKey.objects.create(
            id=ids.new(),
            scope_id=by.scope_id,
            key_id=private.public.address(Role.APPLICATION),
            kind=ApiKey.Kind.SIGNATURE,
            public_key=private.public.raw.hex(),
            name=name,
            purpose=PURPOSE,
            via="shell",
            created_at=now,
            created_by=by.user_id,
            updated_at=now,
            updated_by=by.user_id,
        )
        audit.record(
            "api-key.created",
            by=by,
            subject=("api-key", str(row.id)),
            now=now,
            facts={"name": name, "kind": str(row.kind), "purpose": PURPOSE},
        )
    return private


def secret_text(private: wallet_keys.PrivateKey) -> str:
    """The private key as it is handed over, once: `0x`, then seed and public key in hex."""
    if not isinstance(private.secret, ed25519.PrivateKey):
        raise TypeError("an application's key is of Ed25519")
    return "0x" + (ed25519.private_bytes(private.secret) + private.public.raw).hex()


def living(*, now: datetime) -> list[ed25519.PublicKey]:
    """The keys that may sign for the application of the scope in force, newest first."""
    rows = _PUBLIC.rows(purpose=PURPOSE, status=ApiKey.Status.ACTIVE, now=now)
    return [ed25519.parse_public(bytes.fromhex(public)) for (public,) in rows]


def _seed() -> bytes:
    return ed25519.private_bytes(ed25519.generate())
