"""The keys of a scope that sign tokens, and its key as an application: made when first needed."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from identity import actor, errors
from identity.crypto import ecdsa_p256, ed25519
from identity.crypto.remembered import Remembered
from identity.models import Scope, ServerKey
from identity.scoping import current, prepared
from identity.services import active_keys, audit, opened_keys, server_keys

_ACTIVE: Final = prepared.prepare(
    lambda purpose: ServerKey.objects.filter(
        purpose=purpose, status=ServerKey.Status.ACTIVE
    ).values_list("id", "kid"),
    "purpose",
)

_SECRET: Final = b"countersign secret of a token key"
_secrets: Final = Remembered[tuple[UUID, str], bytes](opened_keys.MOST)


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A key that signs tokens; `kid` as tokens name it."""

    kid: str
    private: ecdsa_p256.PrivateKey = field(repr=False)


def active(*, now: datetime) -> TokenKey:
    """The key with which the scope in force signs tokens now; the first one is made here."""
    key_id, kid = _active_row(server_keys.TOKEN, now=now)
    return TokenKey(kid, server_keys.signing_key(key_id))


def secret(kid: str, *, now: datetime) -> bytes:
    """What only the holder of a token key of the scope in force can make, for codes of its own.

    Whether that key may still be used is the caller's question. Raises Missing for a key that the
    scope has not, or has no more.
    """
    known = _secrets.get((current.required_scope(), kid))
    if known is not None:
        return known
    key_id, active_kid = _active_row(server_keys.TOKEN, now=now)
    if kid != active_kid:
        row = ServerKey.objects.filter(purpose=server_keys.TOKEN, kid=kid).first()
        if row is None:
            raise errors.Missing("There is no such key.")
        key_id = row.id
    scalar = bytes.fromhex(ecdsa_p256.private_hex(server_keys.signing_key(key_id)))
    made = hmac.digest(scalar, _SECRET, hashlib.sha256)
    _secrets.keep((current.required_scope(), kid), made)
    return made


def known_secret(kid: str) -> bytes | None:
    """As `secret`, if this process made it before; no statement is spent on it."""
    return _secrets.get((current.required_scope(), kid))


def application(*, now: datetime) -> ed25519.PrivateKey:
    """The key under which the scope in force speaks to wallets; the first one is made here."""
    key_id, _ = _active_row(server_keys.APPLICATION, now=now)
    key = opened_keys.get(key_id)
    if not isinstance(key, ed25519.PrivateKey):
        raise TypeError("the application's key is no Ed25519 key")
    return key


def published(*, now: datetime) -> list[tuple[str, ecdsa_p256.PublicKey]]:
    """Kid and public half of every key whose tokens may still be in use, newest first.

    Where there is none yet the first one is made here, so that a verifier can fetch it before the
    first token.
    """
    rows = _published(now)
    if not rows:
        _active_row(server_keys.TOKEN, now=now)
        rows = _published(now)
    return [(kid, ecdsa_p256.stored_public(public)) for kid, public in rows]


def _published(now: datetime) -> list[tuple[str, str]]:
    in_time = Q(status=ServerKey.Status.ACTIVE) | Q(
        status=ServerKey.Status.RETIRING, expires_at__gt=now
    )
    rows = ServerKey.objects.filter(in_time, purpose=server_keys.TOKEN)
    return list(rows.order_by("-activated_at", "-id").values_list("kid", "public"))


def first_application() -> bytes | None:
    """The first application key that the scope in force ever had: 32 bytes; None before that.

    Its address names the scope for ever, whatever key it signs with now.
    """
    rows = ServerKey.objects.filter(purpose=server_keys.APPLICATION)
    public = rows.order_by("activated_at", "id").values_list("public", flat=True).first()
    return bytes.fromhex(public) if public else None


def _active_row(purpose: ServerKey.Purpose, *, now: datetime) -> tuple[UUID, str]:
    scope_id = current.required_scope()
    row = active_keys.known(scope_id, purpose, now=now)
    if row is not None:
        return row
    key_id, kid = _ACTIVE.one(purpose=purpose) or _made(purpose, now=now)
    if not transaction.get_connection().in_atomic_block:
        # What a transaction sees may be undone with it.
        active_keys.keep(scope_id, purpose, (key_id, kid), now=now)
    return key_id, kid


def _made(purpose: ServerKey.Purpose, *, now: datetime) -> tuple[UUID, str]:
    """Of two that find no key at the same time one makes it, and the other takes that."""
    scope_id = current.required_scope()
    pair = server_keys.make_pair(purpose=purpose, rsa_bits=0)
    with transaction.atomic():
        Scope.objects.select_for_update(no_key=True).get(id=scope_id)
        row = _ACTIVE.one(purpose=purpose)
        if row is not None:
            return row[0], row[1]
        key = server_keys.insert(pair, scope_id=scope_id, now=now)
        audit.record(
            "server-key.made",
            by=actor.system(scope_id),
            subject=("server-key", key.kid),
            now=now,
            facts={"purpose": str(purpose)},
        )
    return key.id, key.kid
