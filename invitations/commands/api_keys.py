"""Commands about API keys: who makes one hands out a standing right to act."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import msgspec

from accounts import queries as accounts
from identity import errors
from identity.actor import Actor
from identity.models import ApiKey
from identity.services import api_key_limits, api_key_secrets, api_keys
from identity.services.api_key_secrets import Credential
from identity.services.api_keys import Holder
from invitations.commands.command import Command, Input, Result, Target, registry
from sessions_app import queries

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class CreateApiKey(Input, frozen=True):
    """A new key; `api_key` is chosen by the client, `user` is whose account it acts for.

    Without a `public_key` it is a bearer secret, which the server makes and tells once.
    """

    api_key: UUID
    name: str
    permissions: tuple[str, ...] = ()
    user: UUID | None = None
    role: str = ""
    public_key: str = ""
    expires_at: Moment | None = None


class EditApiKey(Input, frozen=True):
    """A change of some fields; absent ones stay."""

    api_key: UUID
    name: str | None = None
    permissions: tuple[str, ...] | None = None
    expires_at: Moment | None = None


class RevokeApiKey(Input, frozen=True):
    """The end of a key, for ever."""

    api_key: UUID


def create(details: CreateApiKey, *, by: Actor, now: datetime) -> Result:
    """Make the key; the secret is in the result and nowhere else."""
    secret = "" if details.public_key else api_key_secrets.new_secret()
    owner = accounts.user_id_of(details.user) if details.user else None
    credential = _credential(details, secret)
    api_keys.create(
        key_id=details.api_key,
        name=details.name,
        credential=credential,
        words=details.permissions,
        holder=Holder(user_id=owner, role=details.role, via="v1"),
        expires_at=details.expires_at,
        by=by,
        now=now,
    )
    return {**_described(details.api_key, now=now), "secret": secret}


def _credential(details: CreateApiKey, secret: str) -> Credential:
    if not secret:
        return api_key_secrets.signing(details.public_key)
    return api_key_secrets.bearer(secret)


def edit(details: EditApiKey, *, by: Actor, now: datetime) -> Result:
    """Change the key."""
    api_keys.edit(
        key_id=details.api_key,
        name=details.name,
        words=details.permissions,
        expires_at=details.expires_at,
        by=by,
        now=now,
    )
    return _described(details.api_key, now=now)


def revoke(details: RevokeApiKey, *, by: Actor, now: datetime) -> Result:
    """End the key."""
    api_keys.revoke(key_id=details.api_key, by=by, now=now)
    return _described(details.api_key, now=now)


def _described(key_id: UUID, *, now: datetime) -> Result:
    return {"api_key": queries.described(queries.api_key(key_id, now=now))}


def _validate_new(details: CreateApiKey) -> None:
    api_key_limits.require_known(details.permissions)
    if details.public_key:
        api_key_secrets.signing(details.public_key)
    if details.user is not None:
        accounts.user_id_of(details.user)
    if len(details.role) > 64:
        raise errors.Invalid("A role's name has at most 64 characters.", field="role")


def _validate_edit(details: EditApiKey) -> None:
    api_key_limits.require_known(details.permissions or ())


def _check_new(details: CreateApiKey, by: Actor) -> None:
    api_key_limits.require_grantable(details.permissions, by=by)


def _check_edit(details: EditApiKey, by: Actor) -> None:
    api_key_limits.require_grantable(details.permissions or (), by=by)


def _target(details: EditApiKey) -> Target:
    row = ApiKey.objects.filter(id=details.api_key).first()
    if row is None:
        raise errors.Missing("There is no such API key.")
    version = int(row.updated_at.astimezone(UTC).timestamp() * 1000)
    return Target("api-key", str(details.api_key), version)


registry.add(
    Command(
        name="api-key.create",
        action="add",
        resource="/api-keys",
        permission="api-keys:create",
        input=CreateApiKey,
        execute=create,
        validate=_validate_new,
        check=_check_new,
    ),
    Command(
        name="api-key.edit",
        action="edit",
        resource="/api-keys/{api_key}",
        permission="api-keys:edit",
        input=EditApiKey,
        execute=edit,
        validate=_validate_edit,
        check=_check_edit,
        target=_target,
    ),
    Command(
        name="api-key.revoke",
        action="delete",
        resource="/api-keys/{api_key}",
        permission="api-keys:delete",
        input=RevokeApiKey,
        execute=revoke,
    ),
)
