"""Signing up and in by a user key: a text to sign, then its signature for a pair of tokens."""

from typing import Annotated, Final

import msgspec

from identity.api.v1 import pairs, route, shapes
from identity.api.v1.nouns.sign_in_by_wallet import TextToSign
from identity.api.v1.pairs import Pair
from identity.api.v1.route import OPEN, Asked, Reply
from identity.api.v1.shapes import Body
from invitations.services import user_key_sign_up
from invitations.services.governance import Pending
from invitations.services.user_key_sign_up import Answer
from sessions_app.services import user_key_challenges, user_key_sign_in
from sessions_app.services.user_key_challenges import Act
from sessions_app.services.user_key_sign_in import Person

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Secret = Annotated[str, msgspec.Meta(max_length=128)]
Message = Annotated[str, msgspec.Meta(max_length=8192)]
Signature = Annotated[str, msgspec.Meta(max_length=130)]


class UserKey(Body, frozen=True):
    """A user key: the Base58Check text of a compressed secp256k1 point."""

    public_key: Key


class SignedByKey(Body, frozen=True):
    """The text as it was given, and the user key's signature over its bytes in UTF-8.

    The signature has 65 bytes in hexadecimal digits or Base64: 27 plus the recovery id, r and s
    of ECDSA over the SHA-256 of the text.
    """

    message: Message
    signature: Signature


class NewUserKey(Body, frozen=True):
    """Who wants to join, under which key.

    Who was invited may keep the user name of the invitation; others whom no name is given are named
    by their key.
    """

    public_key: Key
    username: Annotated[str, msgspec.Meta(max_length=254)] = ""
    full_name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    invite_string: Secret = ""


class JoiningByKey(Body, frozen=True):
    """The text and the user key's signature, as for signing in.

    With an invitation also the invite string, and the raw r||s of the invitation's one-time key
    over the same text (P-256, SHA-256) in Base64.
    """

    message: Message
    signature: Signature
    invite_string: Secret = ""
    one_time_signature: Secret = ""


@route.act(
    "POST",
    "/sign-up/user-key/challenge",
    OPEN,
    "sign_up_user_key_challenge",
    "A text for the key of somebody new to sign; good once, for five minutes",
    body=NewUserKey,
    shows=TextToSign,
)
def begin_joining(asked: Asked) -> TextToSign:
    """Everybody gets one, so it tells nothing about invitations, names and keys."""
    given: NewUserKey = asked.body
    message = user_key_sign_up.challenge(
        user_key_sign_up.Asked(
            given.public_key, Person(given.username, given.full_name), given.invite_string
        ),
        now=asked.now,
    )
    return _shown(message)


@route.act(
    "POST",
    "/sign-up/user-key",
    OPEN,
    "sign_up_user_key",
    "Join with a key of your own, and be signed in",
    body=JoiningByKey,
    shows=Pair,
    status=201,
    may_wait=True,
    is_alone=True,
)
def join(asked: Asked) -> Reply:
    """With an invitation, or where the scope lets newcomers in; or waiting for an approval."""
    given: JoiningByKey = asked.body
    answer = user_key_sign_up.complete(
        Answer(
            message=given.message,
            signature=given.signature,
            invite_string=given.invite_string,
            one_time_signature=shapes.decoded(given.one_time_signature, "one_time_signature"),
        ),
        origin=pairs.origin(asked.sent),
        now=asked.now,
    )
    if isinstance(answer, Pending):
        return route.waiting(asked, answer)
    return Reply(pairs.begin(asked, answer, user_key_sign_in.proof_of(given.message)), status=201)


@route.act(
    "POST",
    "/sign-in/user-key/challenge",
    OPEN,
    "sign_in_user_key_challenge",
    "A text for a user key to sign; good once, for five minutes",
    body=UserKey,
    shows=TextToSign,
)
def begin(asked: Asked) -> TextToSign:
    """The same kind of answer for keys that nobody has."""
    given: UserKey = asked.body
    message = user_key_challenges.text_to_sign(
        act=Act.SIGN_IN, public_key=given.public_key, now=asked.now
    )
    return _shown(message)


@route.act(
    "POST",
    "/sign-in/user-key",
    OPEN,
    "sign_in_user_key",
    "Sign in with a text that a user key signed",
    body=SignedByKey,
    shows=Pair,
    is_alone=True,
)
def sign_in(asked: Asked) -> Pair:
    """The pair of tokens of a new session; unknown keys are refused as wrong signatures are."""
    given: SignedByKey = asked.body
    user = user_key_sign_in.sign_in(
        given.message, given.signature, origin=pairs.origin(asked.sent), now=asked.now
    )
    return pairs.begin(asked, user.id, user_key_sign_in.proof_of(given.message))


def _shown(message: str) -> TextToSign:
    return TextToSign(message, int(user_key_challenges.LASTS.total_seconds()))


ROUTES: Final = (begin_joining, join, begin, sign_in)
"""Open to everybody: what is sent is the proof."""
