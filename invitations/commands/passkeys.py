"""The command with which staff take somebody's passkey away: one that was lost or copied."""

import operator
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import queries as accounts
from accounts.queries import passkeys as queries
from accounts.services import passkeys
from identity.actor import Actor
from identity.services import audit
from invitations.commands.command import Command, Input, Result, registry
from invitations.commands.users import user_facts
from sessions_app.services import sessions


class RemovePasskey(Input, frozen=True):
    """A passkey of a user of this scope, and why it goes."""

    user: UUID
    passkey: UUID
    reason: str = ""


def remove(details: RemovePasskey, *, by: Actor, now: datetime) -> Result:
    """Remove it and end the user's sessions, some of which it may have begun."""
    user_id = accounts.user_id_of(details.user)
    with transaction.atomic(), audit.gathered():
        passkeys.take_away(
            user_id=user_id, passkey_id=details.passkey, reason=details.reason, by=by, now=now
        )
        sessions.end_all_of(user_id, by=by, now=now, reason="passkey-removed")
    return {"passkey": {"id": str(details.passkey), "user": str(details.user)}}


def _validate(details: RemovePasskey) -> None:
    queries.one(accounts.user_id_of(details.user), details.passkey)


def _facts(details: RemovePasskey) -> Mapping[str, Any]:
    row = queries.one(accounts.user_id_of(details.user), details.passkey)
    return {**user_facts(details), "passkey_name": row.name, "passkey_state": row.state}


registry.add(
    Command(
        name="passkey.remove",
        action="delete",
        resource="/users/{user}/passkeys/{passkey}",
        permission="passkeys:delete",
        input=RemovePasskey,
        execute=remove,
        validate=_validate,
        # As with a lost generator: what is asked of the account afterwards may be less.
        raises_rights_of=operator.attrgetter("user"),
        ways_in_of=operator.attrgetter("user"),
        facts=_facts,
    ),
)
