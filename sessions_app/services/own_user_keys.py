"""A further user key of the own account: a text for it to sign, then its proof."""

from datetime import datetime

from accounts.queries.user_keys import UserKey
from accounts.services import user_keys
from identity.actor import Actor
from identity.errors import Forbidden
from sessions_app.errors import ChallengeRefused
from sessions_app.services import user_key_challenges, user_key_sign_in
from sessions_app.services.user_key_challenges import Act


def challenge(*, public_key: str, by: Actor, now: datetime) -> str:
    """The text that the new key signs to be added to the actor's account and no other.

    Raises `KeyInvalid`.
    """
    said = {"user": str(by.public_id)}
    return user_key_challenges.text_to_sign(
        act=Act.ADD_KEY, public_key=public_key, said=said, now=now
    )


def add(*, message: str, signature: str, by: Actor, now: datetime) -> UserKey:
    """Add the key that signed a text of `challenge`; the text is spent whatever comes of it.

    Not to be called in a transaction. Raises ChallengeRefused, also for the text of another
    account, SignatureInvalid, and as `accounts.services.user_keys.add`.
    """
    if by.user_id is None:
        raise Forbidden
    proven = user_key_challenges.prove(message, signature, act=Act.ADD_KEY, now=now)
    if proven.said["user"] != str(by.public_id):
        raise ChallengeRefused
    key = user_key_sign_in.wallet_of(proven.key)
    return user_keys.add(user_id=by.user_id, key=key, by=by, now=now)
