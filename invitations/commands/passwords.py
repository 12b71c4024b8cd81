"""The command that changes one's own account password."""

import operator
from datetime import datetime
from uuid import UUID

from accounts import queries
from accounts.services import passwords
from identity.actor import Actor
from invitations.commands.command import Command, Input, Result, registry


class ChangePassword(Input, frozen=True):
    """The verifier of a new password; the old one was checked before. Empty removes it."""

    user: UUID
    password_verifier: str = ""


def change(details: ChangePassword, *, by: Actor, now: datetime) -> Result:
    """Store the verifier."""
    user_id = queries.user_id_of(details.user)
    passwords.store(user_id=user_id, verifier=details.password_verifier, by=by, now=now)
    return {"user": str(details.user)}


def _is_own(details: ChangePassword, by: Actor) -> bool:
    return details.user == by.public_id


registry.add(
    Command(
        name="password.change",
        action="edit",
        resource="/account-management/password",
        permission="passwords:edit",
        input=ChangePassword,
        execute=change,
        is_own=_is_own,
        ways_in_of=operator.attrgetter("user"),
        secrets=frozenset({"password_verifier"}),
    ),
)
