"""Role credentials: a role that a user holds, as a signed document that a wallet can keep."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec

from accounts import queries as accounts
from accounts.queries import role_credentials as queries
from identity.api.v1 import route, shapes
from identity.api.v1.route import Asked, Change
from identity.api.v1.shapes import Body, Items, Shown

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class RoleCredential(Shown, frozen=True):
    """A credential; `document` is the W3C credential, `credential_id` the id that it has there."""

    id: UUID
    user: UUID
    role: str
    title: str
    credential_id: str
    document: Mapping[str, Any]
    status: str
    source: str
    issued_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class NewRoleCredential(Body, frozen=True):
    """`role` is one that the user holds: the name of a predefined one, the id of a custom one."""

    user: UUID
    role: str
    title: str = ""
    expires_at: Moment | None = None
    id: UUID | None = None


class RoleCredentialRevocation(Body, frozen=True):
    """Why the credential ends; the record keeps it."""

    reason: str = ""


@route.act(
    "GET",
    "/users/{user}/role-credentials",
    "role-credentials:list",
    "role_credentials_list",
    "Role credentials of a user",
    shows=Items[RoleCredential],
)
def of_user(asked: Asked) -> Items[RoleCredential]:
    """The newest first, revoked ones too, at most 200."""
    rows = queries.of_user(accounts.user_id_of(asked.ids["user"]))
    return Items([shapes.of_row(RoleCredential, row) for row in rows], None)


@route.read(
    "/role-credentials/{role_credential}",
    "role-credentials:get",
    "role_credentials_get",
    "A role credential",
    shows=RoleCredential,
)
def one(asked: Asked) -> RoleCredential:
    """One credential."""
    shown: RoleCredential = shapes.of_row(RoleCredential, queries.one(asked.ids["role_credential"]))
    return shown


def _present(result: Mapping[str, Any]) -> RoleCredential:
    row = queries.one(UUID(result["role_credential"]["id"]))
    shown: RoleCredential = shapes.of_row(RoleCredential, row)
    return shown


ROUTES: Final = (
    of_user,
    one,
    route.change(
        "POST",
        "/role-credentials",
        "role-credentials:create",
        "role_credentials_issue",
        "Issue a role credential",
        Change("role-credential.issue", _present, made="role_credential"),
        body=NewRoleCredential,
        shows=RoleCredential,
    ),
    route.change(
        "DELETE",
        "/role-credentials/{role_credential}",
        "role-credentials:delete",
        "role_credentials_revoke",
        "Revoke a role credential for ever",
        Change("role-credential.revoke", _present),
        body=RoleCredentialRevocation,
        shows=RoleCredential,
    ),
)
