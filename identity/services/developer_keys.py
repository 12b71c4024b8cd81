"""Developer keys: added, revoked, found by the key itself; whose word counts for users."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from identity import errors, ids
from identity.actor import Actor
from identity.crypto import ecdsa_p256
from identity.errors import DomainError, Kind
from identity.models import DeveloperKey
from identity.scoping import current, prepared
from identity.services import audit

MOST: Final = 32
"""Active keys of one scope."""
LONGEST_NAME: Final = 200
USED_EVERY: Final = timedelta(minutes=1)
_BY_KEY: Final = prepared.prepare(
    lambda public_key, status: DeveloperKey.objects.filter(
        public_key=public_key, status=status
    ).values_list("id", "public_key", "is_owner", "last_used_at"),
    "public_key",
    "status",
)


class TooManyDeveloperKeys(DomainError):
    """Each of them can sign for every user that a developer vouches for."""

    kind = Kind.CONFLICT
    code = "developer-key.too-many"
    title = "The scope has as many developer keys as allowed. Revoke one first."


class DeveloperKeyTaken(DomainError):
    """A key is registered once in a scope, and a revoked one never again."""

    kind = Kind.CONFLICT
    code = "developer-key.taken"
    title = "This key is registered here already, or was revoked."


@dataclass(frozen=True, slots=True)
class KnownKey:
    """An active key of the scope in force."""

    id: UUID
    public: ecdsa_p256.PublicKey
    is_owner: bool
    last_used_at: datetime | None


def add(
    *,
    name: str,
    public_key: str,
    by: Actor,
    now: datetime,
    key_id: UUID | None = None,
    is_owner: bool = False,
) -> DeveloperKey:
    """Register a key: SPKI in PEM or in base64 of DER, or a point in hex; P-256 and nothing else.

    Raises DeveloperKeyTaken, TooManyDeveloperKeys, `identity.errors.Invalid`.
    """
    row = DeveloperKey(
        id=key_id or ids.new(),
        scope_id=by.scope_id,
        name=checked_name(name),
        public_key=parsed(public_key).hex,
        is_owner=is_owner,
        created_at=now,
        created_by=by.user_id,
    )
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        living = DeveloperKey.objects.filter(status=DeveloperKey.Status.ACTIVE)
        if len(living.values_list("id")[:MOST]) >= MOST:
            raise TooManyDeveloperKeys
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            raise DeveloperKeyTaken from None
        _record("developer-key.added", row, by=by, now=now)
    return row


def revoke(*, key_id: UUID, by: Actor, now: datetime) -> DeveloperKey:
    """Take a key's word for nothing from now on, for ever. Again is the same. Raises Missing."""
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        row = DeveloperKey.objects.select_for_update().filter(id=key_id).first()
        if row is None:
            raise errors.Missing("There is no such developer key.")
        if row.status == DeveloperKey.Status.ACTIVE:
            row.status, row.revoked_at = DeveloperKey.Status.REVOKED, now
            row.save(update_fields=["status", "revoked_at"])
            _record("developer-key.revoked", row, by=by, now=now)
    return row


def known(public: ecdsa_p256.PublicKey) -> KnownKey | None:
    """The active key of the scope in force that this is; None for any other."""
    row = _BY_KEY.one(public_key=public.hex, status=DeveloperKey.Status.ACTIVE)
    if row is None:
        return None
    key_id, text, is_owner, last_used_at = row
    return KnownKey(key_id, ecdsa_p256.stored_public(text), is_owner, last_used_at)


def note_used(key: KnownKey, *, now: datetime) -> None:
    """Note that a key was used, at most once a minute; not an event of the record."""
    if key.last_used_at is None or now - key.last_used_at >= USED_EVERY:
        DeveloperKey.objects.filter(id=key.id).update(last_used_at=now)


def parsed(text: str) -> ecdsa_p256.PublicKey:
    """The key in one of the forms that people have it in. Raises `identity.errors.Invalid`."""
    if "PRIVATE KEY" in text:
        fault = "This is a private key, which has been seen here now: make another pair."
        raise errors.Invalid(fault, field="public_key")
    try:
        return ecdsa_p256.parse_any(text.strip())
    except DomainError:
        fault = "Send a P-256 public key: SPKI as PEM or base64, or the point in hex."
        raise errors.Invalid(fault, field="public_key") from None


def checked_name(name: str) -> str:
    """The name as it is stored. Raises `identity.errors.Invalid`."""
    text = " ".join(name.split())
    if not text or len(text) > LONGEST_NAME or not text.isprintable():
        raise errors.Invalid(f"A name has 1 to {LONGEST_NAME} visible characters.", field="name")
    return text


def _record(event: str, row: DeveloperKey, *, by: Actor, now: datetime) -> None:
    facts = {"name": row.name, "public_key": row.public_key, "is_owner": row.is_owner}
    audit.record(event, by=by, subject=("developer-key", str(row.id)), now=now, facts=facts)
