"""Joining a context: a text for the key to sign, and what is asked for by the signed text."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts import context_limits
from accounts.queries import contacts
from accounts.services import context_fields, context_joins
from accounts.services.context_joins import Wish
from identity.actor import Actor
from sessions_app.errors import ChallengeRefused
from sessions_app.services import user_key_challenges
from sessions_app.services.user_key_challenges import Act


@dataclass(frozen=True, slots=True)
class Proven:
    """What a signed text asks for: details of `member.join`, and whether it is for oneself."""

    details: Mapping[str, Any]
    is_own: bool


def challenge(wish: Wish, *, is_own: bool, by: Actor, now: datetime) -> str:
    """The text to sign, for this place and this account, or for whoever programs bring.

    It is given for any context, so it tells nothing of one; a limited key gets it for its own.
    Raises `KeyInvalid`, `identity.errors.Invalid`; for such a key `ContextMissing`,
    `OutsideLimits`.
    """
    if context_limits.are_narrow(by=by):
        contacts.require_context(wish.context_id, by=by)
    context_fields.foreign_id(wish.member_id, name="member")
    said = {"context": wish.context_id, "member": wish.member_id, "user": _own_id(is_own, by)}
    return user_key_challenges.text_to_sign(
        act=Act.JOIN, public_key=wish.public_key, said=said, now=now
    )


def is_own(message: str, context_id: str, *, by: Actor) -> bool:
    """Whether a text, signed or not, is about the actor's account joining where it is welcome.

    Raises ChallengeRefused for what is no text of this form.
    """
    said = user_key_challenges.said(message)
    if said.get("user") != str(by.public_id) or said.get("context") != context_id:
        return False
    return context_joins.is_welcome(
        Wish(context_id, str(said.get("member")), str(said.get("public_key"))), by=by
    )


def prove(message: str, signature: str, context_id: str, *, by: Actor, now: datetime) -> Proven:
    """What the signed text asks for in this context. The challenge is spent.

    Raises ChallengeRefused, also for the text of another account or another context, and
    SignatureInvalid.
    """
    proven = user_key_challenges.prove(message, signature, act=Act.JOIN, now=now)
    said = proven.said
    user = str(said["user"])
    if said["context"] != context_id or user not in ("", str(by.public_id)):
        raise ChallengeRefused
    details = {
        "context": context_id,
        "member": said["member"],
        "public_key": proven.key.text,
        **({"user": user} if user else {}),
    }
    return Proven(details, bool(user))


def _own_id(is_own: bool, by: Actor) -> str:  # noqa: FBT001 - of this module alone
    return str(by.public_id) if is_own else ""
