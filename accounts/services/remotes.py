"""Remotes of a scope: linked, changed, paused, resumed, unlinked. Their secrets stay sealed.

All functions that change one raise OutsideLimits for a key that is limited to some contexts.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts import context_limits
from accounts.models import Remote, RemoteChange
from accounts.services import remote_secrets, writing
from accounts.services.remote_records import record
from identity import errors
from identity.actor import Actor
from identity.errors import DomainError, Kind
from identity.services import outside
from identity.services.webhooks import host_of

MOST: Final = 10
_FIELDS: Final = ("name", "url", "api_key_id", "solution_there")
_LENGTHS: Final[Mapping[str, int]] = {"name": 100, "api_key_id": 128, "solution_there": 128}
_ACTIVE, _PAUSED = Remote.Status.ACTIVE, Remote.Status.PAUSED
_RESTED: Final[Mapping[str, Any]] = {"failures": 0, "failing_since": None, "rests_until": None}


class TooManyRemotes(DomainError):
    """Each of them costs a row for each change."""

    kind = Kind.CONFLICT
    code = "remote.too-many"
    title = "The scope has as many remotes as allowed. Unlink one first."


class RemotePaused(DomainError):
    """Nothing is carried to it until it is resumed."""

    kind = Kind.CONFLICT
    code = "remote.paused"
    title = "This remote is paused. Resume it first."


def link(
    *, remote_id: UUID, given: Mapping[str, Any], sealed_secret: bytes, by: Actor, now: datetime
) -> Remote:
    """Link the scope to a remote; the same call again gives the same one. Nothing is asked of it.

    `given`: name, url (as it is posted to), api_key_id, solution_there. Raises AddressRefused,
    Invalid, TooManyRemotes, Conflict for a taken id or name.
    """
    wanted = checked(given)
    remote_secrets.require_sealed(sealed_secret, remote_id=remote_id)
    require_whole(by)
    with writing.of(by):
        earlier = Remote.objects.filter(id=remote_id).first()
        if earlier is not None:
            if all(getattr(earlier, field) == value for field, value in wanted.items()):
                return earlier
            raise errors.Conflict("Another remote has this id.")
        if Remote.objects.count() >= MOST:
            raise TooManyRemotes
        remote = Remote(
            id=remote_id,
            scope_id=by.scope_id,
            sealed_secret=sealed_secret,
            created_at=now,
            created_by=by.user_id,
            updated_at=now,
            **wanted,
        )
        _save(remote, is_new=True)
        record("remote.linked", remote, by=by, now=now)
    return remote


def edit(*, remote_id: UUID, changes: Mapping[str, Any], by: Actor, now: datetime) -> Remote:
    """Change what is given: name, url, api_key_id, solution_there, sealed_secret.

    A stored secret is never sent to another host than the one it was given for. Earlier failures
    are forgotten. Raises Missing, AddressRefused, Invalid, Conflict for a taken name.
    """
    new_secret = changes.get("sealed_secret")
    if new_secret is not None:
        remote_secrets.require_sealed(new_secret, remote_id=remote_id)
    require_whole(by)
    with writing.of(by):
        remote = locked(remote_id)
        old_host = host_of(remote.url)
        present = {field: getattr(remote, field) for field in _FIELDS}
        merged = checked({field: changes.get(field, present[field]) for field in _FIELDS})
        if host_of(merged["url"]) != old_host and new_secret is None:
            raise errors.Invalid("With another host, give the secret anew.", field="secret")
        for field, value in merged.items():
            setattr(remote, field, value)
        if new_secret is not None:
            remote.sealed_secret = new_secret
        _forget_failures(remote)
        _touch(remote, now=now)
        facts = {"old_host": old_host, "is_secret_changed": new_secret is not None}
        record("remote.edited", remote, by=by, now=now, facts=facts)
    return remote


def pause(*, remote_id: UUID, by: Actor, now: datetime) -> Remote:
    """Carry nothing more until it is resumed; changes wait. Again is the same. Raises Missing."""
    require_whole(by)
    with writing.of(by):
        remote = locked(remote_id)
        if remote.status == _ACTIVE:
            remote.status, remote.reason = _PAUSED, Remote.Reason.BY_HAND
            _touch(remote, now=now)
            record("remote.paused", remote, by=by, now=now)
    return remote


def resume(*, remote_id: UUID, by: Actor, now: datetime) -> Remote:
    """Carry on, at once with all that waited. Again is the same. Raises Missing."""
    require_whole(by)
    with writing.of(by):
        remote = locked(remote_id)
        if remote.status == _PAUSED or remote.failures:
            remote.status, remote.reason = _ACTIVE, Remote.Reason.NONE
            _forget_failures(remote)
            _touch(remote, now=now)
            record("remote.resumed", remote, by=by, now=now)
    return remote


def unlink(*, remote_id: UUID, by: Actor, now: datetime) -> None:
    """Forget a remote with its secret and all that waits for it. What is there stays there.

    Raises Missing.
    """
    require_whole(by)
    with writing.of(by):
        remote = locked(remote_id)
        dropped, _ = RemoteChange.objects.filter(
            remote_id=remote_id, state=RemoteChange.State.PENDING
        ).delete()
        RemoteChange.objects.filter(remote_id=remote_id).delete()
        record("remote.unlinked", remote, by=by, now=now, facts={"dropped_changes": dropped})
        remote.delete()


def require_whole(by: Actor) -> None:
    """Refuse keys that are limited to some solutions or contexts: remotes are the whole scope's.

    Raises OutsideLimits.
    """
    context_limits.require_every_solution(by=by)
    context_limits.require_every_context(by=by)


def checked(given: Mapping[str, Any]) -> dict[str, str]:
    """The fields in the form that is stored. Raises AddressRefused, Invalid."""
    outside.parse(given["url"], outside.guard())
    values = {"url": given["url"]}
    for field, most in _LENGTHS.items():
        text = given[field].strip()
        if not text or len(text) > most or not text.isprintable():
            raise errors.Invalid(f"{field} is one line of 1 to {most} characters.", field=field)
        values[field] = text
    key = values["api_key_id"]
    if not key.isascii() or any(sign in key for sign in " ;:"):
        raise errors.Invalid("api_key_id is not the id of an API key.", field="api_key_id")
    return values


def locked(remote_id: UUID) -> Remote:
    """`found` with its row locked until the transaction ends. Raises Missing."""
    remote = Remote.objects.select_for_update().filter(id=remote_id).first()
    if remote is None:
        raise errors.Missing("There is no such remote.")
    return remote


def _forget_failures(remote: Remote) -> None:
    for field, value in _RESTED.items():
        setattr(remote, field, value)
    remote.last_error = ""


def _touch(remote: Remote, *, now: datetime) -> None:
    remote.version += 1
    remote.updated_at = now
    _save(remote)


def _save(remote: Remote, *, is_new: bool = False) -> None:
    try:
        with transaction.atomic():
            remote.save(force_insert=is_new)
    except IntegrityError:
        raise errors.Conflict("Another remote has this name.", field="name") from None
