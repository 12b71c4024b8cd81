"""Providers of a scope: made, changed, switched on and off, removed; their secrets stay sealed."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction

from identity import errors
from identity.actor import Actor
from identity.crypto.errors import SealBroken
from identity.errors import DomainError, Kind
from identity.scoping import current
from identity.services import audit, resealing, sealing
from sessions_app.models import Provider, Session
from sessions_app.services import provider_kinds

MOST: Final = 30
_SEALED_AS: Final = "provider.client-secret"
SEALED: Final = resealing.column(Provider, "sealed_secret", purpose=_SEALED_AS)
_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_MOST_POSITION: Final = 1000
_ENABLED: Final = Provider.Status.ENABLED


class TooManyProviders(DomainError):
    """Each of them is a button on the page where people sign in."""

    kind = Kind.CONFLICT
    code = "provider.too-many"
    title = "The scope has as many providers as allowed. Delete one first."


def sealed(secret: str, *, provider_id: UUID, kind: str) -> bytes:
    """A client secret as commands carry it: sealed for the row that it is meant for.

    Raises Invalid for what can't be a secret of this kind.
    """
    provider_kinds.require_secret(kind, secret)
    if not secret:
        return b""
    return sealing.seal(secret.encode(), purpose=_SEALED_AS, subject=str(provider_id))


def secret_of(provider: Provider) -> str:
    """The client secret in clear, for a call to the provider; "" where it has none."""
    return _opened(bytes(provider.sealed_secret), provider.id)


def create(
    *,
    provider_id: UUID,
    given: Mapping[str, Any],
    sealed_secret: bytes = b"",
    by: Actor,
    now: datetime,
) -> Provider:
    """Make a provider, enabled; the same call again gives the same one.

    `given`: slug, name, kind, client_id, and where wanted issuer, options, position. Raises
    Invalid, AddressRefused, TooManyProviders, Conflict for a taken id or slug.
    """
    wanted = checked(given)
    provider_kinds.require_secret(wanted["kind"], _opened(sealed_secret, provider_id))
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        earlier = Provider.objects.filter(id=provider_id).first()
        if earlier is not None:
            if all(getattr(earlier, field) == value for field, value in wanted.items()):
                return earlier
            raise errors.Conflict("Another provider has this id.")
        if Provider.objects.count() >= MOST:
            raise TooManyProviders
        provider = Provider(
            id=provider_id,
            scope_id=by.scope_id,
            sealed_secret=sealed_secret,
            created_at=now,
            updated_at=now,
            **wanted,
        )
        _insert(provider)
        _record("provider.created", provider, by=by, now=now)
    return provider


def edit(*, provider_id: UUID, changes: Mapping[str, Any], by: Actor, now: datetime) -> Provider:
    """Change what is given: name, issuer, client_id, options, position, sealed_secret, status.

    Kind and slug stay: what users and clients know a provider by never means another one. Disabling
    shuts out every session that began with it, on its next request. Raises Missing, Invalid,
    AddressRefused.
    """
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        provider = _locked(provider_id)
        before = provider.status
        if "sealed_secret" in changes:
            secret = _opened(changes["sealed_secret"], provider_id)
            provider_kinds.require_secret(provider.kind, secret)
            provider.sealed_secret = changes["sealed_secret"]
        _require_new_secret(provider, changes)
        for field, value in _merged(provider, changes).items():
            setattr(provider, field, value)
        provider.version += 1
        provider.updated_at = now
        provider.save()
        facts = {"is_secret_changed": "sealed_secret" in changes}
        _record(_edited(before, provider.status), provider, by=by, now=now, facts=facts)
    return provider


def delete(*, provider_id: UUID, by: Actor, now: datetime) -> None:
    """Remove a provider: sessions that began with it end; accounts that have it keep it noted.

    Raises Missing.
    """
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        provider = _locked(provider_id)
        begun = Session.objects.filter(provider=provider)
        ended = begun.filter(status=Session.Status.ACTIVE).update(
            status=Session.Status.ENDED, ended_at=now, ended_reason="provider-deleted"
        )
        begun.update(provider=None)
        _record("provider.deleted", provider, by=by, now=now, facts={"ended_sessions": ended})
        provider.delete()


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """A new provider's fields in the form that is stored. Raises Invalid, AddressRefused."""
    kind, slug = given["kind"], given["slug"]
    if kind not in provider_kinds.KINDS:
        known = ", ".join(provider_kinds.KINDS)
        raise errors.Invalid(f"kind is one of {known}.", field="kind")
    if not _SLUG.fullmatch(slug):
        raise errors.Invalid("slug is lower-case letters, digits and hyphens.", field="slug")
    fields = _fields(
        kind,
        name=given["name"],
        client_id=given["client_id"],
        issuer=given.get("issuer", ""),
        options=given.get("options", {}),
        position=given.get("position", 0),
    )
    return {"kind": kind, "slug": slug, **fields}


def _fields(
    kind: str, *, name: str, client_id: str, issuer: str, options: Mapping[str, Any], position: int
) -> dict[str, Any]:
    for field, text, most in (("name", name, 100), ("client_id", client_id, 255)):
        if not text.strip() or len(text) > most or not text.isprintable():
            raise errors.Invalid(f"{field} is one line of at most {most} characters.", field=field)
    if not 0 <= position <= _MOST_POSITION:
        raise errors.Invalid(f"position is between 0 and {_MOST_POSITION}.", field="position")
    kept = provider_kinds.options(kind, options)
    return {
        "name": name.strip(),
        "client_id": client_id.strip(),
        "issuer": provider_kinds.issuer(kind, issuer, kept),
        "options": kept,
        "position": position,
    }


def _merged(provider: Provider, changes: Mapping[str, Any]) -> dict[str, Any]:
    present = {
        field: getattr(provider, field)
        for field in ("name", "client_id", "issuer", "options", "position")
    }
    merged = _fields(
        provider.kind, **{field: changes.get(field, value) for field, value in present.items()}
    )
    status = changes.get("status", provider.status)
    if status not in Provider.Status.values:
        raise errors.Invalid("status is enabled or disabled.", field="status")
    return {**merged, "status": Provider.Status(status)}


def _require_new_secret(provider: Provider, changes: Mapping[str, Any]) -> None:
    """A stored secret is never sent to another issuer than the one it was given for."""
    is_moved = changes.get("issuer", provider.issuer) != provider.issuer
    if is_moved and provider.sealed_secret and "sealed_secret" not in changes:
        raise errors.Invalid(
            "With another issuer, give the client secret anew.", field="client_secret"
        )


def _edited(before: str, after: str) -> str:
    if before == after:
        return "provider.edited"
    return "provider.enabled" if after == _ENABLED else "provider.disabled"


def _insert(provider: Provider) -> None:
    try:
        with transaction.atomic():
            provider.save(force_insert=True)
    except IntegrityError:
        raise errors.Conflict("Another provider has this slug.", field="slug") from None


def _locked(provider_id: UUID) -> Provider:
    provider = Provider.objects.select_for_update().filter(id=provider_id).first()
    if provider is None:
        raise errors.Missing("There is no such provider.")
    return provider


def _opened(secret: bytes, provider_id: UUID) -> str:
    if not secret:
        return ""
    try:
        opened = sealing.unseal(secret, purpose=_SEALED_AS, subject=str(provider_id))
    except SealBroken:
        raise errors.Invalid(
            "The client secret was not sealed for this provider.", field="client_secret"
        ) from None
    return opened.decode()


def _record(
    name: str,
    provider: Provider,
    *,
    by: Actor,
    now: datetime,
    facts: Mapping[str, Any] | None = None,
) -> None:
    told = {
        "kind": str(provider.kind),
        "slug": provider.slug,
        "issuer": provider.issuer,
        "client_id": provider.client_id,
        "status": str(provider.status),
        "version": provider.version,
        **(facts or {}),
    }
    audit.record(name, by=by, subject=("provider", str(provider.id)), now=now, facts=told)
