"""API keys: credentials of programs, made, changed, renewed, switched off and revoked."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from identity import errors, limits
from identity.actor import Actor, ActorKind
from identity.limits import Limits
from identity.models import ApiKey
from identity.scoping import current
from identity.scoping.key_doors import ApiKeyDoor
from identity.services import api_key_limits, api_key_secrets, audit
from identity.services.api_key_errors import ApiKeyRevoked, ApiKeyWithoutSecret, TooManyApiKeys
from identity.services.api_key_limits import PROGRAM, Reach
from identity.services.api_key_secrets import Credential

MOST: Final = 500
"""Keys of one scope that are not revoked and whose time is not over."""
LONGEST_NAME: Final = 200
LONGEST_OVERLAP: Final = timedelta(days=30)
USED_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose account a key acts for, None for the scope's own backend, and how clients see it."""

    user_id: UUID | None = None
    role: str = ""
    purpose: str = PROGRAM
    via: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def columns(self) -> dict[str, Any]:
        """As the row has it."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


BACKEND: Final = Holder()


def create(  # noqa: PLR0913 - one keyword for each thing that a key is
    *,
    key_id: UUID,
    name: str,
    credential: Credential,
    by: Actor,
    now: datetime,
    words: Collection[str] = (),
    holder: Holder = BACKEND,
    limits: Limits = limits.NONE,
    expires_at: datetime | None = None,
    called: str = "",
) -> ApiKey:
    """Make a key; `called` is what requests name it by, its id unless given.

    It holds no permission that its maker lacks, and none of `identity.permissions.NOT_OF_KEYS`; one
    that a key makes reaches no farther. Raises ApiKeyTooWide, TooManyApiKeys, Invalid, Conflict for
    an id, a name in requests or a secret that a key has already, SealUnavailable.
    """
    row = ApiKey(
        id=key_id,
        key_id=called or str(key_id),
        name=_name(name),
        permissions=api_key_limits.require_grantable(words, by=by),
        expires_at=_end(expires_at, now=now),
        scope_id=by.scope_id,
        made_by_key=by.api_key_id,
        **dict.fromkeys(("created_at", "updated_at"), now),
        **dict.fromkeys(("created_by", "updated_by"), by.user_id),
        **credential.columns(key_id),
        **holder.columns,
    )
    row.limits = limits
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        if holder.purpose == PROGRAM:
            maker = _maker(_locked(by), by=by, now=now)
            api_key_limits.require_within(api_key_limits.of_key(row), maker)
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
    limits: limits.Change = limits.NO_CHANGE,
    expires_at: datetime | None = None,
) -> ApiKey:
    """Change what is given; an end can be moved, not taken away.

    New permissions are those of whoever gives them, as at the making, and whoever loosens limits
    gives all permissions anew. A key changes no key that reaches beyond itself. Raises Missing,
    ApiKeyRevoked, ApiKeyTooWide, `identity.errors.Invalid`.
    """
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        row, maker = _handled(key_id, by=by, now=now)
        if row.status == ApiKey.Status.REVOKED:
            raise ApiKeyRevoked
        before = row.limits
        if name is not None:
            row.name = _name(name)
        if words is not None:
            row.permissions = api_key_limits.require_grantable(words, by=by)
        if role is not None:
            row.role = role[:64]
        if expires_at is not None:
            row.expires_at = _end(expires_at, now=now)
        row.limits = limits.of(before)
        if not row.limits.is_within(before):
            api_key_limits.require_grantable(row.permissions, by=by)
        api_key_limits.require_within(api_key_limits.of_key(row), maker)
        _save(row, by=by, now=now)
        _record("api-key.edited", row, by=by, now=now)
    return row


def rotate(*, key_id: UUID, overlap: timedelta, by: Actor, now: datetime) -> str:
    """Give a key a new secret, which is returned and stored nowhere in clear.

    The one before counts until the overlap is over, any older one no more. Whoever gets the secret
    gets what the key may do: that takes all of its permissions. Raises Missing, ApiKeyRevoked,
    ApiKeyWithoutSecret, ApiKeyTooWide, `identity.errors.Invalid`,
    SealUnavailable.
    """
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise errors.Invalid("The old secret counts for at most 30 more days.", field="overlap")
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        row, _ = _handled(key_id, by=by, now=now)
        if row.status == ApiKey.Status.REVOKED:
            raise ApiKeyRevoked
        if row.kind == ApiKey.Kind.SIGNATURE or row.purpose != PROGRAM:
            raise ApiKeyWithoutSecret
        api_key_limits.require_grantable(row.permissions, by=by)
        secret = api_key_secrets.renew(row, until=now + overlap if overlap else None)
        _save(row, by=by, now=now)
        facts = {"overlap_seconds": int(overlap.total_seconds())}
        _record("api-key.rotated", row, by=by, now=now, **facts)
    return secret


def disable(*, key_id: UUID, by: Actor, now: datetime) -> ApiKey:
    """Switch a key off, from the next request on, until it is enabled. Again is the same.

    Raises Missing, ApiKeyRevoked, for programs ApiKeyTooWide.
    """
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        row, _ = _handled(key_id, by=by, now=now)
        _switch(row, ApiKey.Status.DISABLED, "api-key.disabled", by=by, now=now)
    return row


def enable(*, key_id: UUID, by: Actor, now: datetime) -> ApiKey:
    """Switch a key on again, which gives all its permissions anew. Again is the same.

    Raises Missing, ApiKeyRevoked, ApiKeyTooWide.
    """
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        row, _ = _handled(key_id, by=by, now=now)
        if row.status == ApiKey.Status.DISABLED and row.purpose == PROGRAM:
            api_key_limits.require_grantable(row.permissions, by=by)
        _switch(row, ApiKey.Status.ACTIVE, "api-key.enabled", by=by, now=now)
    return row


def revoke(*, key_id: UUID, by: Actor, now: datetime) -> ApiKey:
    """End a key for ever, from the next request on. Again is the same.

    Raises Missing, for programs ApiKeyTooWide.
    """
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        row, _ = _handled(key_id, by=by, now=now)
        if row.status != ApiKey.Status.REVOKED:
            _revoke(row, by=by, now=now)
    return row


def revoke_all_of(user_id: UUID, *, by: Actor, now: datetime) -> int:
    """Revoke the keys that act for a user; how many those were."""
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        rows = ApiKey.objects.select_for_update().filter(user_id=user_id)
        keys = list(rows.exclude(status=ApiKey.Status.REVOKED).order_by("id"))
        for row in keys:
            _revoke(row, by=by, now=now)
    return len(keys)


def note_used(door: ApiKeyDoor, *, now: datetime) -> None:
    """Note that a key was used, at most once a minute; not an event of the record.

    The scope must be in force.
    """
    if door.last_used_at is None or now - door.last_used_at >= USED_EVERY:
        is_due = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - USED_EVERY)
        ApiKey.objects.filter(is_due, id=door.id).update(last_used_at=now)


def _living(now: datetime) -> Any:
    in_time = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    return ApiKey.objects.filter(in_time).exclude(status=ApiKey.Status.REVOKED)


def _insert(row: ApiKey, *, now: datetime) -> None:
    if len(_living(now).values_list("id")[:MOST]) >= MOST:
        raise TooManyApiKeys
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise errors.Conflict("There is such an API key already.") from None


def _locked(by: Actor, *key_ids: UUID) -> Mapping[UUID, ApiKey]:
    """These keys and the actor's own, locked in one order, so that no two wait for each other."""
    wanted = {*key_ids, *([by.api_key_id] if by.api_key_id else [])}
    rows = ApiKey.objects.select_for_update(no_key=True).filter(id__in=wanted)
    return {row.id: row for row in rows.order_by("id")} if wanted else {}


def _handled(key_id: UUID, *, by: Actor, now: datetime) -> tuple[ApiKey, Reach | None]:
    """A key that the actor may handle, and how far the actor reaches before anything is changed.

    A program handles none that reaches beyond its own, which may be this very one.
    """
    known = _locked(by, key_id)
    row = known.get(key_id)
    if row is None:
        raise errors.Missing("There is no such API key.")
    maker = _maker(known, by=by, now=now)
    api_key_limits.require_within(api_key_limits.of_key(row), maker)
    return row, maker


def _maker(known: Mapping[UUID, ApiKey], *, by: Actor, now: datetime) -> Reach | None:
    """How far a program reaches; None for whoever is no program."""
    if by.kind is not ActorKind.API_KEY:
        return None
    own = known.get(by.api_key_id) if by.api_key_id else None
    return api_key_limits.of_maker(own, by=by, now=now)


def _switch(row: ApiKey, status: ApiKey.Status, event: str, *, by: Actor, now: datetime) -> None:
    if row.status == ApiKey.Status.REVOKED:
        raise ApiKeyRevoked
    if row.status != status:
        row.status = status
        _save(row, by=by, now=now)
        _record(event, row, by=by, now=now)


def _revoke(row: ApiKey, *, by: Actor, now: datetime) -> None:
    row.status, row.revoked_at = ApiKey.Status.REVOKED, now
    _save(row, by=by, now=now)
    _record("api-key.revoked", row, by=by, now=now)


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


def _record(name: str, row: ApiKey, *, by: Actor, now: datetime, **more: Any) -> None:
    facts = {"name": row.name, "kind": str(row.kind), "permissions": list(row.permissions)}
    bounds = {kind: getattr(row, kind) for kind in ("solutions", "contexts", "networks")}
    facts |= {kind: list(entries) for kind, entries in bounds.items() if entries}
    subject = ("api-key", str(row.id))
    audit.record(name, by=by, subject=subject, now=now, facts={**facts, **more})
