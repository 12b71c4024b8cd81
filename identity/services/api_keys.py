"""API keys: credentials of programs, made, changed, revoked; bearer secrets are shown once."""

import hashlib
import os
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from identity import errors, permissions
from identity.actor import Actor
from identity.crypto import ecdsa_p256
from identity.errors import DomainError, Kind
from identity.models import ApiKey
from identity.scoping import current
from identity.scoping.session_doors import ApiKeyDoor
from identity.services import audit

PREFIX: Final = "csk_"
"""How a bearer secret of our own form begins, so that scanners find one that leaked."""
MOST: Final = 500
"""Active keys of one scope."""
LONGEST_NAME: Final = 200
USED_EVERY: Final = timedelta(minutes=1)
_SECRET_LENGTH: Final = len(PREFIX) + 43 + 8


class TooManyApiKeys(DomainError):
    """Each of them is a way in that somebody has to look after."""

    kind = Kind.CONFLICT
    code = "api-key.too-many"
    title = "The scope has as many API keys as allowed. Revoke one first."


class ApiKeyTooWide(DomainError):
    """`facts["permissions"]` are the words that the maker does not hold, or that no key may."""

    kind = Kind.FORBIDDEN
    code = "api-key.too-wide"
    title = "An API key can't be given these permissions by you."


class ApiKeyRevoked(DomainError):
    """A revoked key stays as it is."""

    kind = Kind.CONFLICT
    code = "api-key.revoked"
    title = "This API key is revoked for ever. Make another one."


@dataclass(frozen=True, slots=True)
class Credential:
    """What a key is known by: the digest of a bearer secret, or a public key that signs."""

    kind: ApiKey.Kind
    secret_digest: str = field(default="", repr=False)
    public_key: str = ""

    @property
    def columns(self) -> dict[str, Any]:
        """As the row has it."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose account a key acts for, None for the scope's own backend, and how clients see it."""

    user_id: UUID | None = None
    role: str = ""
    purpose: str = "program"
    via: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def columns(self) -> dict[str, Any]:
        """As the row has it."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


BACKEND: Final = Holder()


def new_secret() -> str:
    """A bearer secret of our own form: 256 random bits, and a checksum that scanners can test."""
    text = PREFIX + urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()
    return f"{text}{zlib.crc32(text.encode()):08x}"


def is_secret(text: str) -> bool:
    """Whether a text has that form: what has not needs no look-up."""
    if len(text) != _SECRET_LENGTH or not text.startswith(PREFIX) or not text.isascii():
        return False
    return f"{zlib.crc32(text[:-8].encode()):08x}" == text[-8:]


def digest(secret: str) -> str:
    """SHA-256 in lower hex: what a bearer secret, of whatever form, is found by."""
    return hashlib.sha256(secret.encode()).hexdigest()


def bearer(secret: str) -> Credential:
    """The credential of a random secret, which a face may have made in a form of its own."""
    return Credential(ApiKey.Kind.BEARER, secret_digest=digest(secret))


def signing(public_key: str) -> Credential:
    """The credential of a compressed P-256 point in hex. Raises Invalid."""
    try:
        return Credential(ApiKey.Kind.SIGNATURE, public_key=ecdsa_p256.parse_public(public_key).hex)
    except DomainError:
        raise errors.Invalid("This is no P-256 key.", field="public_key") from None


def create(  # noqa: PLR0913 - one keyword for each thing that a key is
    *,
    key_id: UUID,
    name: str,
    credential: Credential,
    by: Actor,
    now: datetime,
    words: Collection[str] = (),
    holder: Holder = BACKEND,
    expires_at: datetime | None = None,
    called: str = "",
) -> ApiKey:
    """Make a key; `called` is what requests name it by, its id unless given.

    It holds no permission that its maker lacks, and none of `identity.permissions.NOT_OF_KEYS`.
    Raises ApiKeyTooWide, TooManyApiKeys, `identity.errors.Invalid`, Conflict for an id, a name in
    requests or a secret that a key has already.
    """
    row = ApiKey(
        id=key_id,
        key_id=called or str(key_id),
        name=_name(name),
        permissions=require_grantable(words, by=by),
        expires_at=_end(expires_at, now=now),
        created_at=now,
        created_by=by.user_id,
        updated_at=now,
        updated_by=by.user_id,
        scope_id=by.scope_id,
        **credential.columns,
        **holder.columns,
    )
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        _insert(row, now=now)
        _record("api-key.created", row, by=by, now=now)
    return row


def edit(
    *,
    key_id: UUID,
    by: Actor,
    now: datetime,
    name: str | None = None,
    words: Collection[str] | None = None,
    role: str | None = None,
    expires_at: datetime | None = None,
) -> ApiKey:
    """Change what is given; an end can be moved, not taken away.

    New permissions are those of whoever gives them, as at the making. Raises Missing,
    ApiKeyRevoked, ApiKeyTooWide, `identity.errors.Invalid`.
    """
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        row = _locked(key_id)
        if row.status == ApiKey.Status.REVOKED:
            raise ApiKeyRevoked
        if name is not None:
            row.name = _name(name)
        if words is not None:
            row.permissions = require_grantable(words, by=by)
        if role is not None:
            row.role = role[:64]
        if expires_at is not None:
            row.expires_at = _end(expires_at, now=now)
        _save(row, by=by, now=now)
        _record("api-key.edited", row, by=by, now=now)
    return row


def revoke(*, key_id: UUID, by: Actor, now: datetime) -> ApiKey:
    """End a key for ever, from the next request on. Again is the same. Raises Missing."""
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        row = _locked(key_id)
        if row.status == ApiKey.Status.ACTIVE:
            row.status, row.revoked_at = ApiKey.Status.REVOKED, now
            _save(row, by=by, now=now)
            _record("api-key.revoked", row, by=by, now=now)
    return row


def revoke_all_of(user_id: UUID, *, by: Actor, now: datetime) -> int:
    """Revoke the keys that act for a user; how many those were."""
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        rows = ApiKey.objects.select_for_update().filter(
            user_id=user_id, status=ApiKey.Status.ACTIVE
        )
        keys = list(rows.order_by("id"))
        for row in keys:
            row.status, row.revoked_at = ApiKey.Status.REVOKED, now
            _save(row, by=by, now=now)
            _record("api-key.revoked", row, by=by, now=now)
    return len(keys)


def note_used(door: ApiKeyDoor, *, now: datetime) -> None:
    """Note that a key was used, at most once a minute; not an event of the record.

    The scope must be in force.
    """
    if door.last_used_at is None or now - door.last_used_at >= USED_EVERY:
        ApiKey.objects.filter(id=door.id).update(last_used_at=now)


def require_grantable(words: Collection[str], *, by: Actor) -> list[str]:
    """The permissions in order, if `by` may give them to a key.

    Raises ApiKeyTooWide, `identity.errors.Invalid` for words that there are not.
    """
    asked = frozenset(words)
    unknown = asked - permissions.ALL
    if unknown:
        raise errors.Invalid("There are no such permissions.", permissions=sorted(unknown))
    refused = (asked - by.permissions) | (asked & permissions.NOT_OF_KEYS)
    if refused:
        raise ApiKeyTooWide(permissions=sorted(refused))
    return sorted(asked)


def require_known(words: Collection[str]) -> None:
    """Refuse words that no key may ever hold, before anybody reviews them. Raises Invalid."""
    impossible = frozenset(words) - (permissions.ALL - permissions.NOT_OF_KEYS)
    if impossible:
        raise errors.Invalid("No API key holds these.", permissions=sorted(impossible))


def _living(now: datetime) -> Any:
    in_time = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    return ApiKey.objects.filter(in_time, status=ApiKey.Status.ACTIVE)


def _insert(row: ApiKey, *, now: datetime) -> None:
    if len(_living(now).values_list("id")[:MOST]) >= MOST:
        raise TooManyApiKeys
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise errors.Conflict("There is such an API key already.") from None


def _locked(key_id: UUID) -> ApiKey:
    row = ApiKey.objects.select_for_update().filter(id=key_id).first()
    if row is None:
        raise errors.Missing("There is no such API key.")
    return row


def _name(name: str) -> str:
    text = " ".join(name.split())
    if not text or len(text) > LONGEST_NAME or not text.isprintable():
        raise errors.Invalid(f"A name has 1 to {LONGEST_NAME} visible characters.", field="name")
    return text


def _end(expires_at: datetime | None, *, now: datetime) -> datetime | None:
    if expires_at is not None and expires_at <= now:
        raise errors.Invalid("The end is in the past.", field="expires_at")
    return expires_at


def _save(row: ApiKey, *, by: Actor, now: datetime) -> None:
    row.updated_at, row.updated_by = now, by.user_id
    row.save()


def _record(name: str, row: ApiKey, *, by: Actor, now: datetime) -> None:
    facts = {"name": row.name, "kind": str(row.kind), "permissions": list(row.permissions)}
    audit.record(name, by=by, subject=("api-key", str(row.id)), now=now, facts=facts)
