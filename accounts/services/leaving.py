"""People who delete their own account."""

from datetime import datetime
from uuid import UUID

from accounts.models import RoleAssignment, User
from accounts.services import users, writing
from identity import errors
from identity.actor import Actor

_PLAIN_ROLE = "member"


def leave(*, user_id: UUID, by: Actor, now: datetime) -> None:
    """Delete an account at its owner's wish, with all that belongs to it.

    Whoever holds a role or is staff has duties here: others let them go, as the scope's policies
    ask. Raises `Missing`, `Forbidden`.
    """
    with writing.of(by):
        user = users.locked(user_id)
        duties = RoleAssignment.objects.filter(user=user).exclude(predefined=_PLAIN_ROLE)
        if user.is_staff or user.kind != User.Kind.PERSON or duties.exists():
            raise errors.Forbidden("Have the account deleted by somebody who manages users.")
        users.delete(user_id=user_id, by=by, now=now)
