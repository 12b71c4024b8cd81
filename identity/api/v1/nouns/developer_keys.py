"""Developer keys: public keys whose holders vouch for users of the scope."""

from datetime import datetime
from typing import Final
from uuid import UUID

from identity import developer_key_queries as queries
from identity.api.v1 import route, shapes
from identity.api.v1.route import Asked, Change
from identity.api.v1.shapes import Body, Items, Shown


class DeveloperKey(Shown, frozen=True):
    """A P-256 key as a compressed point in hex; `status` is active or revoked.

    `is_owner`: over the face `passport` it may also change the domain, origin and name of the
    scope's passkeys (`updateScope`), as the policies say.
    """

    id: UUID
    name: str
    public_key: str
    is_owner: bool
    status: str
    created_at: datetime
    created_by: UUID | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewDeveloperKey(Body, frozen=True):
    """A further key: SPKI as PEM or as base64 of its DER, or the point in hex."""

    name: str
    public_key: str
    is_owner: bool = False
    id: UUID | None = None


@route.act(
    "GET",
    "/developer-keys",
    "developer-keys:list",
    "developer_keys_list",
    "Developer keys of the scope",
    shows=Items[DeveloperKey],
)
def developer_keys(asked: Asked) -> Items[DeveloperKey]:
    """The oldest first, revoked ones too."""
    del asked
    return Items([shapes.of_row(DeveloperKey, row) for row in queries.developer_keys()], None)


@route.read(
    "/developer-keys/{developer_key}",
    "developer-keys:get",
    "developer_keys_get",
    "A developer key",
    shows=DeveloperKey,
)
def developer_key(asked: Asked) -> DeveloperKey:
    """One key."""
    row = queries.developer_key(asked.ids["developer_key"])
    shown: DeveloperKey = shapes.of_row(DeveloperKey, row)
    return shown


_shown = shapes.part("developer_key", DeveloperKey)

ROUTES: Final = (
    developer_keys,
    developer_key,
    route.change(
        "POST",
        "/developer-keys",
        "developer-keys:create",
        "developer_keys_create",
        "Register a developer key",
        Change("developer-key.add", _shown, made="developer_key"),
        body=NewDeveloperKey,
        shows=DeveloperKey,
    ),
    route.change(
        "DELETE",
        "/developer-keys/{developer_key}",
        "developer-keys:delete",
        "developer_keys_revoke",
        "Revoke a developer key for ever",
        Change("developer-key.revoke", _shown),
        shows=DeveloperKey,
    ),
)
