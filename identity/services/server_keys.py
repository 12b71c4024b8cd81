"""Server keys: made, rotated, retired; and the private halves, opened once per process."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from identity import actor, errors, ids
from identity.actor import Actor
from identity.crypto import ecdsa_p256, ed25519, rsa
from identity.models import Scope, ServerKey
from identity.scoping import current, prepared
from identity.services import active_keys, audit, opened_keys, scope_settings, sealing
from identity.services.opened_keys import PrivateKey

RETIRING: Final = timedelta(days=90)
"""How long an old key is still of use after its successor came (specification §3.8)."""
ROTATE_AFTER: Final = timedelta(days=365)
"""A key that is older is due for rotation; pages say so, and nothing rotates it by itself."""
ENCRYPTION: Final = ServerKey.Purpose.ENCRYPTION
SIGNATURE: Final = ServerKey.Purpose.SIGNATURE
TOKEN: Final = ServerKey.Purpose.TOKEN
APPLICATION: Final = ServerKey.Purpose.APPLICATION


_ACTIVE: Final = prepared.prepare(
    lambda status: ServerKey.objects.filter(status=status).values_list("purpose", "public", "id"),
    "status",
)


_USABLE: Final = prepared.prepare(
    lambda purpose, active, retiring, now: (
        ServerKey.objects.filter(
            Q(status=active) | Q(status=retiring, expires_at__gt=now), purpose=purpose
        )
        .order_by("-activated_at", "-id")
        .values_list("id")
    ),
    "purpose",
    "active",
    "retiring",
    "now",
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A key pair that is not stored yet; the private half is sealed for the row `key_id`."""

    key_id: UUID
    purpose: ServerKey.Purpose
    kid: str
    public: str
    sealed_private: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClientKeys:
    """What a client of the scope is configured with."""

    encryption_pem_base64: str
    """The active RSA key: its SPKI PEM once more in base64."""
    encryption_spki_base64: str
    """The same key: its SPKI DER in base64."""
    signature_hex: str
    """The active P-256 key: the compressed point in 66 hexadecimal digits."""
    signature_key_id: UUID


def make_pair(*, purpose: ServerKey.Purpose, rsa_bits: int) -> Pair:
    """A new random pair. RSA takes 40 ms and more: call this outside a transaction."""
    key_id = ids.new()
    if purpose == ENCRYPTION:
        opener = rsa.generate(rsa_bits)
        kid, public, private = opener.public.kid, opener.public.pem, rsa.private_der(opener)
    elif purpose == APPLICATION:
        application = ed25519.generate()
        raw, private = application.public.raw, ed25519.private_bytes(application)
        kid, public = hashlib.sha256(raw).digest(), raw.hex()
    else:
        signer = ecdsa_p256.generate()
        kid, public = signer.public.kid, signer.public.hex
        private = bytes.fromhex(ecdsa_p256.private_hex(signer))
    sealed = sealing.seal(private, purpose=opened_keys.sealed_as(purpose), subject=str(key_id))
    return Pair(key_id, purpose, kid.hex(), public, sealed)


def make_pairs(*, rsa_bits: int) -> list[Pair]:
    """One new pair of each purpose."""
    return [make_pair(purpose=purpose, rsa_bits=rsa_bits) for purpose in (ENCRYPTION, SIGNATURE)]


def insert(pair: Pair, *, scope_id: UUID, now: datetime) -> ServerKey:
    """Store a pair as the active one, in the caller's transaction and under its audit event."""
    return ServerKey.objects.create(
        id=pair.key_id,
        scope_id=scope_id,
        purpose=pair.purpose,
        kid=pair.kid,
        public=pair.public,
        sealed_private=pair.sealed_private,
        activated_at=now,
    )


def rotate(*, purpose: ServerKey.Purpose, by: Actor, now: datetime) -> ServerKey:
    """Make a new active key; the one before stays of use for 90 days.

    Of two rotations at the same time the later one replaces the earlier one's key.
    """
    with current.in_scope(by.scope_id):
        scope = Scope.objects.get(id=by.scope_id)
        bits = scope_settings.of(scope.settings).rsa_bits
        pair = make_pair(purpose=purpose, rsa_bits=bits)
        with transaction.atomic():
            # The row of the scope puts rotations in order, even if there is no active key.
            Scope.objects.select_for_update(no_key=True).get(id=by.scope_id)
            active = ServerKey.objects.filter(purpose=purpose, status=ServerKey.Status.ACTIVE)
            before = active.first()
            active.update(status=ServerKey.Status.RETIRING, expires_at=now + RETIRING)
            key = insert(pair, scope_id=by.scope_id, now=now)
            facts = {"purpose": str(purpose), "replaced": before.kid if before else None}
            _record("server-key.rotated", key.kid, by=by, now=now, facts=facts)
        active_keys.forget(by.scope_id, purpose)
    return key


def retire_expired(*, now: datetime) -> int:
    """Retire the keys of the scope in force whose 90 days are over; how many those were.

    Their private halves are destroyed: what was encrypted to them stays closed for ever.
    """
    scope_id = current.required_scope()
    with transaction.atomic():
        rows = ServerKey.objects.select_for_update().filter(
            status=ServerKey.Status.RETIRING, expires_at__lte=now
        )
        keys = list(rows)
        for key in keys:
            key.status = ServerKey.Status.RETIRED
            key.sealed_private = b""
            key.save(update_fields=["status", "sealed_private"])
            opened_keys.forget(key.id)
        by = actor.system(scope_id)
        for key in keys:
            facts = {"purpose": str(key.purpose)}
            _record("server-key.retired", key.kid, by=by, now=now, facts=facts)
    return len(keys)


def private(key_id: UUID) -> PrivateKey:
    """The private key of a row of the scope in force, from memory after the first time.

    Raises Missing for another scope's key and for a retired one, SealBroken, SealUnavailable.
    """
    return opened_keys.get(key_id)


def encryption_key(key_id: UUID) -> rsa.PrivateKey:
    """`private` for a key that opens envelopes. Raises Missing for one that signs."""
    key = opened_keys.get(key_id)
    if not isinstance(key, rsa.PrivateKey):
        raise errors.Missing("There is no such encryption key.")
    return key


def usable_encryption_keys(*, now: datetime) -> list[rsa.PrivateKey]:
    """The active key and those that retire, newest first: clients may have any of them."""
    status = ServerKey.Status
    rows = _USABLE.rows(purpose=ENCRYPTION, active=status.ACTIVE, retiring=status.RETIRING, now=now)
    return [encryption_key(key_id) for (key_id,) in rows]


def signing_key(key_id: UUID) -> ecdsa_p256.PrivateKey:
    """`private` for a key that signs. Raises Missing for one that opens envelopes."""
    key = opened_keys.get(key_id)
    if not isinstance(key, ecdsa_p256.PrivateKey):
        raise errors.Missing("There is no such signature key.")
    return key


def active_signing_key() -> ecdsa_p256.PrivateKey:
    """The key with which the scope in force signs now. Raises Missing."""
    return signing_key(_active(SIGNATURE).id)


def usable_signing_keys(*, now: datetime) -> list[ecdsa_p256.PrivateKey]:
    """The active key and those that retire: clients may know any of them."""
    in_time = Q(status=ServerKey.Status.ACTIVE) | Q(
        status=ServerKey.Status.RETIRING, expires_at__gt=now
    )
    keys = ServerKey.objects.filter(in_time, purpose=SIGNATURE).order_by("-activated_at", "-id")
    return [signing_key(key_id) for key_id in keys.values_list("id", flat=True)]


def usable(*, kid: str, now: datetime) -> ServerKey:
    """The key of this kid, active or still within its 90 days. Raises Missing."""
    in_time = Q(status=ServerKey.Status.ACTIVE) | Q(
        status=ServerKey.Status.RETIRING, expires_at__gt=now
    )
    key = ServerKey.objects.filter(in_time, kid=kid).first()
    if key is None:
        raise errors.Missing("There is no such key, or it is no longer of use.")
    return key


def client_keys() -> ClientKeys:
    """The active keys of the scope in force. Raises Missing."""
    rows = _ACTIVE.rows(status=ServerKey.Status.ACTIVE)
    found = {purpose: (public, key_id) for purpose, public, key_id in rows}
    if ENCRYPTION not in found or SIGNATURE not in found:
        raise errors.Missing("The scope has no active server keys.")
    signature_hex, signature_key_id = found[SIGNATURE]
    encryption = rsa.stored_public(found[ENCRYPTION][0])
    return ClientKeys(
        encryption_pem_base64=encryption.pem_base64,
        encryption_spki_base64=encryption.spki_base64,
        signature_hex=signature_hex,
        signature_key_id=signature_key_id,
    )


def signature_keys() -> Sequence[str]:
    """Every signature key that the scope in force ever had, oldest first, as compressed points."""
    keys = ServerKey.objects.filter(purpose=SIGNATURE).order_by("activated_at", "id")
    return list(keys.values_list("public", flat=True))


def _active(purpose: ServerKey.Purpose) -> ServerKey:
    key = ServerKey.objects.filter(purpose=purpose, status=ServerKey.Status.ACTIVE).first()
    if key is None:
        raise errors.Missing("The scope has no active server key.")
    return key


def _record(name: str, kid: str, *, by: Actor, now: datetime, facts: Mapping[str, object]) -> None:
    audit.record(name, by=by, subject=("server-key", kid), now=now, facts=facts)
