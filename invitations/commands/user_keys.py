"""The command with which staff take somebody's user key away: one that was lost or stolen."""

import operator
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts import queries as accounts
from accounts.queries import user_keys as queries
from accounts.services import user_keys
from identity.actor import Actor
from invitations.commands.command import Command, Input, Result, registry
from invitations.commands.users import user_facts


class RemoveUserKey(Input, frozen=True):
    """A user key of an account of this scope, and why it goes."""

    user: UUID
    user_key: UUID
    reason: str = ""


def remove(details: RemoveUserKey, *, by: Actor, now: datetime) -> Result:
    """Remove it; the sessions that it began end."""
    user_keys.take_away(
        user_id=accounts.user_id_of(details.user),
        key_id=details.user_key,
        reason=details.reason,
        by=by,
        now=now,
    )
    return {"user_key": {"id": str(details.user_key), "user": str(details.user)}}


def _validate(details: RemoveUserKey) -> None:
    queries.one(accounts.user_id_of(details.user), details.user_key)


def _facts(details: RemoveUserKey) -> Mapping[str, Any]:
    row = queries.one(accounts.user_id_of(details.user), details.user_key)
    return {**user_facts(details), "public_key": row.public_key}


registry.add(
    Command(
        name="user-key.remove",
        action="delete",
        resource="/users/{user}/user-keys/{user_key}",
        permission="passkeys:delete",
        input=RemoveUserKey,
        execute=remove,
        validate=_validate,
        # As with a passkey: what is asked of the account afterwards may be less.
        raises_rights_of=operator.attrgetter("user"),
        ways_in_of=operator.attrgetter("user"),
        facts=_facts,
    ),
)
