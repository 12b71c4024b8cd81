"""Signing up by a user key: with an invitation, or where the scope lets newcomers in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from accounts.services import fields, user_names
from invitations.errors import InvitationInvalid
from invitations.services import acceptance, joining, key_proofs
from invitations.services.governance import Pending
from sessions_app.services import user_key_challenges, user_key_sign_in
from sessions_app.services.sessions import Origin
from sessions_app.services.user_key_challenges import Act, Proven
from sessions_app.services.user_key_sign_in import Person


@dataclass(frozen=True, slots=True)
class Asked:
    """Who wants to join, under which key; `invite_string` is empty where there is none."""

    public_key: str
    person: Person
    invite_string: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """The signed text; with an invitation also its one-time key's raw r||s over the text."""

    message: str
    signature: str
    invite_string: str = field(default="", repr=False)
    one_time_signature: bytes = b""


def challenge(asked: Asked, *, now: datetime) -> str:
    """The text to sign, which names the key, the person and the SHA-256 of the invite string.

    Everybody gets one: it tells nothing about invitations, nor whether the name is free. Raises
    `KeyInvalid`, `identity.errors.Invalid`.
    """
    person = asked.person
    said = {
        "username": user_names.chosen(person.username, holds=asked.public_key)
        if person.username
        else "",
        "full_name": fields.line(person.full_name, name="full_name", most=200),
        "invitation": acceptance.digest(asked.invite_string) if asked.invite_string else "",
    }
    return user_key_challenges.text_to_sign(
        act=Act.SIGN_UP, public_key=asked.public_key, said=said, now=now
    )


def complete(answer: Answer, *, origin: Origin, now: datetime) -> UUID | Pending:
    """The row's id of the new user, or the proposal that policy asks for.

    The challenge is spent whatever comes of it. Not to be called in a transaction. Raises
    ChallengeRefused, SignatureInvalid, `InvitationInvalid`, `InvitationNeedsDevice`, SignUpClosed
    without an invitation, `accounts.errors.NameTaken`, `WalletTaken`, and what policies refuse.
    """
    proven = user_key_challenges.prove(answer.message, answer.signature, act=Act.SIGN_UP, now=now)
    person = Person(str(proven.said["username"]), str(proven.said["full_name"]))
    invited = str(proven.said["invitation"])
    if not invited and not answer.invite_string:
        return user_key_sign_in.sign_up(proven.key, person, origin=origin, now=now).id
    if acceptance.digest(answer.invite_string) != invited:
        raise InvitationInvalid
    found, by = acceptance.held(
        answer.invite_string,
        proven.message,
        answer.one_time_signature,
        address=origin.address,
        now=now,
    )
    joined = joining.by_key(
        invitation_id=found.id,
        key=user_key_sign_in.wallet_of(proven.key),
        person=person,
        shown=_shown(proven, found.one_time_key, answer.one_time_signature),
        address=by.address,
        now=now,
    )
    return joined if isinstance(joined, Pending) else joined.user_id


def _shown(proven: Proven, one_time_key: str, one_time_signature: bytes) -> Mapping[str, str]:
    """What whoever checks the record later needs to see that both keys signed."""
    return {
        "statement": key_proofs.text(proven.message),
        "signature": key_proofs.text(proven.signature),
        "one_time_key": one_time_key,
        "one_time_signature": key_proofs.text(one_time_signature),
    }
