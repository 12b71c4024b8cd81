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
        users.locked(user_id)
        if has_duties(user_id):
            raise errors.Forbidden("Have the account deleted by somebody who manages users.")
        users.delete(user_id=user_id, by=by, now=now)


def has_duties(user_id: UUID) -> bool:
    """Whether others are served by this account: by a role beyond that of members, or as staff."""
    plain = User.objects.filter(id=user_id, kind=User.Kind.PERSON, is_staff=False)
    roles = RoleAssignment.objects.filter(user_id=user_id).exclude(predefined=_PLAIN_ROLE)
    return not plain.exists() or roles.exists()
