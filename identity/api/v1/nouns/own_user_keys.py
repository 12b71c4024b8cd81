"""The user keys of the own account: listed, a further one added by its proof, let go."""

from datetime import datetime
from typing import Final
from uuid import UUID

from accounts.queries import user_keys as stored
from accounts.services import user_keys as accounts
from identity.api.v1 import route, shapes
from identity.api.v1.nouns.sign_in_by_wallet import TextToSign
from identity.api.v1.nouns.step_up import own_account, user_id_of
from identity.api.v1.nouns.user_keys import SignedByKey, UserKey
from identity.api.v1.route import SELF, Asked
from identity.api.v1.shapes import Gone, Items, Shown
from sessions_app.services import own_user_keys, user_key_challenges


class OwnUserKey(Shown, frozen=True):
    """A user key that signs the caller in: the Base58Check of its compressed point."""

    id: UUID
    public_key: str
    added_at: datetime


@route.act(
    "GET", "/me/user-keys", SELF, "my_user_keys_list", "Your user keys", shows=Items[OwnUserKey]
)
def user_keys(asked: Asked) -> Items[OwnUserKey]:
    """The oldest first; there are at most 20."""
    rows = stored.of(user_id_of(own_account(asked)))
    return Items([_shown(row) for row in rows], None)


@route.act(
    "POST",
    "/me/user-keys/challenge",
    SELF,
    "my_user_keys_challenge",
    "A text for a further user key of yours to sign; good once, for five minutes",
    body=UserKey,
    shows=TextToSign,
    is_dangerous=True,
)
def challenge(asked: Asked) -> TextToSign:
    """It names your account: signed, it adds the key to no other."""
    given: UserKey = asked.body
    message = own_user_keys.challenge(
        public_key=given.public_key, by=own_account(asked), now=asked.now
    )
    return TextToSign(message, int(user_key_challenges.LASTS.total_seconds()))


@route.act(
    "POST",
    "/me/user-keys",
    SELF,
    "my_user_keys_add",
    "Add the user key that signed the text: it signs you in from now on",
    body=SignedByKey,
    shows=OwnUserKey,
    status=201,
    is_alone=True,
    is_dangerous=True,
)
def add(asked: Asked) -> OwnUserKey:
    """A key is one account's of a scope; one that is yours already stays as it is."""
    given: SignedByKey = asked.body
    row = own_user_keys.add(
        message=given.message, signature=given.signature, by=own_account(asked), now=asked.now
    )
    return _shown(row)


@route.act(
    "DELETE",
    "/me/user-keys/{user_key}",
    SELF,
    "my_user_keys_remove",
    "Remove a user key of yours; never the last way to sign in",
    shows=Gone,
    is_dangerous=True,
)
def remove(asked: Asked) -> Gone:
    """One's own alone. Where it is a member's key in a context it stays so until it is replaced."""
    actor, key_id = own_account(asked), asked.ids["user_key"]
    accounts.remove(user_id=user_id_of(actor), key_id=key_id, by=actor, now=asked.now)
    return Gone(str(key_id))


def _shown(row: stored.UserKey) -> OwnUserKey:
    shown: OwnUserKey = shapes.of_row(OwnUserKey, row)
    return shown


ROUTES: Final = (user_keys, challenge, add, remove)
