"""Keys of applications' servers: minted once, the public half kept, many at the same time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q

from identity import ids
from identity.actor import Actor
from identity.crypto import ed25519, wallet_keys
from identity.crypto.did_address import KeyKind, Role
from identity.limits import Limits
from identity.models import ApiKey
from identity.scoping import prepared
from identity.services import api_keys
from identity.services.api_key_secrets import Credential
from identity.services.api_keys import Holder

PURPOSE: Final = "app"
MOST: Final = 16
_LIVING: Final = prepared.prepare(
    lambda purpose, status, now: (
        ApiKey.objects.filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=now), purpose=purpose, status=status
        )
        .order_by("-created_at", "-id")
        .values_list("id", "public_key", "last_used_at", "networks")[:MOST]
    ),
    "purpose",
    "status",
    "now",
)


@dataclass(frozen=True, slots=True)
class AppKey:
    """A key that may sign for an application."""

    id: UUID
    public: ed25519.PublicKey
    last_used_at: datetime | None
    networks: tuple[str, ...] = ()

    def is_allowed_from(self, address: str) -> bool:
        """Whether the networks that it is bound to let it act from there."""
        return Limits(networks=self.networks).allow_address(address)


def mint(*, name: str, by: Actor, now: datetime) -> wallet_keys.PrivateKey:
    """A new key for the server of the application that the actor's scope is.

    Its private half is returned, to be shown once, and kept nowhere. The newest 16 count. Raises
    `identity.services.api_key_errors.TooManyApiKeys`.
    """
    seed = ed25519.private_bytes(ed25519.generate())
    private = wallet_keys.private_of(KeyKind.ED25519, seed)
    public = private.public
    api_keys.create(
        key_id=ids.new(),
        name=name,
        credential=Credential(ApiKey.Kind.SIGNATURE, public_key=public.raw.hex()),
        holder=Holder(purpose=PURPOSE, via="shell"),
        called=public.address(Role.APPLICATION),
        by=by,
        now=now,
    )
    return private


def secret_text(private: wallet_keys.PrivateKey) -> str:
    """The private key as it is handed over, once: `0x`, then seed and public key in hex."""
    if not isinstance(private.secret, ed25519.PrivateKey):
        raise TypeError("an application's key is of Ed25519")
    return "0x" + (ed25519.private_bytes(private.secret) + private.public.raw).hex()


def living(*, now: datetime) -> list[AppKey]:
    """The keys that may sign for the application of the scope in force, newest first."""
    rows = _LIVING.rows(purpose=PURPOSE, status=ApiKey.Status.ACTIVE, now=now)
    return [
        AppKey(key_id, ed25519.parse_public(bytes.fromhex(public)), last_used_at, tuple(networks))
        for key_id, public, last_used_at, networks in rows
    ]


def note_used(key: AppKey, *, now: datetime) -> None:
    """Note that a key was used, at most once a minute; not an event of the record."""
    if key.last_used_at is None or now - key.last_used_at >= api_keys.USED_EVERY:
        ApiKey.objects.filter(id=key.id).update(last_used_at=now)
