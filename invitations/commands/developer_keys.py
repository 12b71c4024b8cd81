"""Commands about developer keys: whose holder is added signs for users of the scope."""

from datetime import datetime
from uuid import UUID

from accounts.errors import GrantTooWide
from identity import developer_key_queries as queries
from identity.actor import Actor
from identity.services import developer_keys
from invitations.commands.command import Command, Input, Result, registry


class AddDeveloperKey(Input, frozen=True):
    """A further key; `developer_key` is chosen by the client."""

    developer_key: UUID
    name: str
    public_key: str
    is_owner: bool = False


class RevokeDeveloperKey(Input, frozen=True):
    """The end of a key, for ever."""

    developer_key: UUID


def add(details: AddDeveloperKey, *, by: Actor, now: datetime) -> Result:
    """Register the key."""
    developer_keys.add(
        key_id=details.developer_key,
        name=details.name,
        public_key=details.public_key,
        is_owner=details.is_owner,
        by=by,
        now=now,
    )
    return _described(details.developer_key)


def revoke(details: RevokeDeveloperKey, *, by: Actor, now: datetime) -> Result:
    """End it."""
    developer_keys.revoke(key_id=details.developer_key, by=by, now=now)
    return _described(details.developer_key)


def _described(key_id: UUID) -> Result:
    return {"developer_key": queries.described(queries.developer_key(key_id))}


def _validate_new(details: AddDeveloperKey) -> None:
    developer_keys.checked_name(details.name)
    developer_keys.parsed(details.public_key)


def _check_new(details: AddDeveloperKey, by: Actor) -> None:
    if details.is_owner and not by.may("scopes:edit"):
        raise GrantTooWide("An owner's key changes settings of the scope: this needs scopes:edit.")


def _validate_end(details: RevokeDeveloperKey) -> None:
    queries.developer_key(details.developer_key)


registry.add(
    Command(
        name="developer-key.add",
        action="add",
        resource="/developer-keys",
        permission="developer-keys:create",
        input=AddDeveloperKey,
        execute=add,
        validate=_validate_new,
        check=_check_new,
    ),
    Command(
        name="developer-key.revoke",
        action="delete",
        resource="/developer-keys/{developer_key}",
        permission="developer-keys:delete",
        input=RevokeDeveloperKey,
        execute=revoke,
        validate=_validate_end,
    ),
)
