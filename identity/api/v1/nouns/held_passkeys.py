"""Passkeys of a scope's users, as staff and programs see them and take them away."""

from typing import Annotated, Final

import msgspec

from accounts import queries
from accounts.queries import passkeys as stored
from identity.api.v1 import route, shapes
from identity.api.v1.nouns import passkeys
from identity.api.v1.nouns.passkeys import Passkey
from identity.api.v1.route import Asked, Change
from identity.api.v1.shapes import Body, Gone, Items


class PasskeyRemoval(Body, frozen=True):
    """Why the passkey goes; the record keeps it."""

    reason: Annotated[str, msgspec.Meta(max_length=512)] = ""


@route.act(
    "GET",
    "/users/{user}/passkeys",
    "passkeys:list",
    "passkeys_list",
    "Passkeys of a user",
    shows=Items[Passkey],
)
def of_user(asked: Asked) -> Items[Passkey]:
    """The oldest first; there are at most 20."""
    rows = stored.of(queries.user_id_of(asked.ids["user"]))
    return Items([passkeys.shown(row) for row in rows], None)


ROUTES: Final = (
    of_user,
    route.change(
        "DELETE",
        "/users/{user}/passkeys/{passkey}",
        "passkeys:delete",
        "passkeys_remove",
        "Remove a passkey of a user, also the last way to sign in; the user's sessions end",
        Change("passkey.remove", shapes.gone("passkey")),
        body=PasskeyRemoval,
        shows=Gone,
    ),
)
