"""Access keys: API keys that act for a person's account, in the form that wallets' programs use."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from identity import ids
from identity.actor import Actor
from identity.crypto import access_key, ed25519, wallet_keys
from identity.crypto.did_address import KeyKind
from identity.models import ApiKey
from identity.services import api_key_secrets, api_keys
from identity.services.api_key_secrets import Credential
from identity.services.api_keys import Holder

PURPOSE: Final = "access"


@dataclass(frozen=True, slots=True)
class Minted:
    """A new key; `secret` is told once and stored nowhere."""

    key_id: str
    secret: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose account the key acts for, in which role, until when.

    `prefix` begins the text of a bearer; without one the key signs each request.
    """

    user_id: UUID
    name: str
    role: str
    expires_at: datetime
    prefix: str = ""


def mint(wanted: Wanted, *, by: Actor, now: datetime) -> Minted:
    """Make a key without any permission word: it does what its owner does for the own account.

    Raises `identity.services.api_key_errors.TooManyApiKeys`, `identity.errors.Invalid`.
    """
    seed = ed25519.private_bytes(ed25519.generate())
    private = wallet_keys.private_of(KeyKind.ED25519, seed)
    if wanted.prefix:
        secret = access_key.bearer_text(private.public, prefix=wanted.prefix)
        credential = api_key_secrets.bearer(secret)
    else:
        secret = access_key.secret_text(private)
        credential = Credential(ApiKey.Kind.SIGNATURE, public_key=private.public.raw.hex())
    api_keys.create(
        key_id=ids.new(),
        name=wanted.name,
        credential=credential,
        holder=Holder(wanted.user_id, role=wanted.role, purpose=PURPOSE, via="connect"),
        expires_at=wanted.expires_at,
        called=private.public.address(),
        by=by,
        now=now,
    )
    return Minted(private.public.address(), secret, wanted.expires_at)
