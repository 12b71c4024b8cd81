"""The command by which somebody joins a context with a key that they proved to hold."""

from datetime import datetime
from typing import Final
from uuid import UUID

from accounts.services import context_joins
from accounts.services.context_joins import Wish
from identity.actor import Actor, ActorKind
from invitations.commands.command import Command, Input, Result, registry

NAME: Final = "member.join"
_PEOPLE: Final = frozenset({ActorKind.SESSION, ActorKind.DEVICE})


class JoinContext(Input, frozen=True):
    """A key that was proven just now, for a user id in a context.

    `user` is the account that joins of itself; without one, who may add members brought the proof.
    """

    context: str
    member: str
    public_key: str
    user: UUID | None = None


def join(details: JoinContext, *, by: Actor, now: datetime) -> Result:
    """Let the member in."""
    wish = Wish(details.context, details.member, details.public_key)
    doing = context_joins.join_own if _is_own(details, by) else context_joins.join
    joined = doing(wish, by=by, now=now)
    return {
        "member": {
            "context": details.context,
            "member": joined.member_id,
            "public_key": joined.public_key,
            "is_staff": joined.is_staff,
            "joined_at": int(joined.joined_at.timestamp()),
            "proven_at": int(joined.proven_at.timestamp()),
            "user": None if joined.user is None else str(joined.user),
            "change": joined.change,
        }
    }


def _is_own(details: JoinContext, by: Actor) -> bool:
    # Only who is signed in joins as an account; whether the context lets it in is judged then.
    return details.user is not None and details.user == by.public_id and by.kind in _PEOPLE


registry.add(
    # The resource of adding a member: a policy about who gets in holds for every way.
    Command(
        name=NAME,
        action="add",
        resource="/contexts/{context}/members/{member}",
        permission="members:create",
        input=JoinContext,
        execute=join,
        is_own=_is_own,
    )
)
