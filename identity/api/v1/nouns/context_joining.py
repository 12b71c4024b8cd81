"""Joining a context with a key that its holder proves: a text to sign, then its signature."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec

from accounts.services import context_joins
from accounts.services.context_joins import Wish
from identity.actor import ActorKind
from identity.api.v1 import route, shapes
from identity.api.v1.nouns.sign_in_by_wallet import TextToSign
from identity.api.v1.nouns.user_keys import Key, SignedByKey
from identity.api.v1.route import Asked, Reply
from identity.api.v1.shapes import Body, Shown
from invitations.services import context_joining
from invitations.services.governance import Pending
from sessions_app.errors import ChallengeRefused
from sessions_app.services import user_key_challenges

PERMISSION: Final = "members:create"
MemberId = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class WantedPlace(Body, frozen=True):
    """The user id in the context, and the key that its holder is to prove."""

    member: MemberId
    public_key: Key


class JoinedContext(Shown, frozen=True):
    """The member as it is now; `change`: added, replaced (the key), edited or nothing."""

    context: str
    member: str
    public_key: str
    is_staff: bool
    joined_at: datetime
    proven_at: datetime
    user: UUID | None
    change: str


def _is_welcome(asked: Asked) -> bool:
    given: WantedPlace = asked.body
    wish = Wish(asked.ids["context"], given.member, given.public_key)
    return _is_person(asked) and context_joins.is_welcome(wish, by=asked.caller.actor)


def _is_for_oneself(asked: Asked) -> bool:
    given: SignedByKey = asked.body
    try:
        return _is_person(asked) and context_joining.is_own(
            given.message, asked.ids["context"], by=asked.caller.actor
        )
    except ChallengeRefused:
        # No text of ours is about nobody: whoever has the right is told so by the proof.
        return False


def _is_person(asked: Asked) -> bool:
    return asked.caller.actor.kind in {ActorKind.SESSION, ActorKind.DEVICE}


@route.act(
    "POST",
    "/contexts/{context}/join/challenge",
    PERMISSION,
    "contexts_join_challenge",
    "A text for a key to sign that is to join a context; good once, for five minutes",
    body=WantedPlace,
    shows=TextToSign,
    own=_is_welcome,
    is_own_by_token=True,
    is_for_programs=True,
)
def challenge(asked: Asked) -> TextToSign:
    """For oneself where the context lets one in; programs get it for those whose proof they bring.

    Where joining is open, one's user id is one's user name; anywhere one may prove the very pair of
    user id and key that was vouched for.
    """
    given: WantedPlace = asked.body
    message = context_joining.challenge(
        Wish(asked.ids["context"], given.member, given.public_key),
        is_own=_is_welcome(asked),
        by=asked.caller.actor,
        now=asked.now,
    )
    return TextToSign(message, int(user_key_challenges.LASTS.total_seconds()))


@route.act(
    "POST",
    "/contexts/{context}/join",
    PERMISSION,
    "contexts_join",
    "Join a context, or let somebody join it, by a text that the key signed",
    body=SignedByKey,
    shows=JoinedContext,
    own=_is_for_oneself,
    is_own_by_token=True,
    is_for_programs=True,
    is_dangerous=True,
    is_alone=True,
    may_wait=True,
)
def join(asked: Asked) -> Reply:
    """The member with a proven key, at once or when others approved it."""
    given: SignedByKey = asked.body
    proven = context_joining.prove(
        given.message,
        given.signature,
        asked.ids["context"],
        by=asked.caller.actor,
        now=asked.now,
    )
    submit = asked.caller.submit_own if proven.is_own else asked.caller.submit
    answer = submit("member.join", proven.details)
    if isinstance(answer, Pending):
        return route.waiting(asked, answer)
    return Reply(_joined(answer.result))


def _joined(result: Mapping[str, Any]) -> JoinedContext:
    joined: JoinedContext = shapes.of_result(JoinedContext, result["member"])
    return joined


ROUTES: Final = (challenge, join)
