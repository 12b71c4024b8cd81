"""Commands about role credentials: a role that a user holds, put into a wallet's hands."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from accounts import queries as accounts
from accounts.services import role_assignments, role_credentials
from accounts.services.role_credentials import Granted
from identity.actor import Actor
from invitations.commands.command import Command, Input, Result, registry

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class IssueRoleCredential(Input, frozen=True):
    """A new credential; `role` is the name of a predefined role or the id of a custom one."""

    role_credential: UUID
    user: UUID
    role: str
    title: str = ""
    expires_at: Moment | None = None


class RevokeRoleCredential(Input, frozen=True):
    """The end of a credential, for ever."""

    role_credential: UUID
    reason: str = ""


def issue(details: IssueRoleCredential, *, by: Actor, now: datetime) -> Result:
    """Issue the credential."""
    granted = Granted(
        user_id=accounts.user_id_of(details.user),
        role=role_assignments.resolve(details.role).name,
        title=details.title,
        expires_at=details.expires_at,
    )
    row = role_credentials.issue(granted, credential_id=details.role_credential, by=by, now=now)
    return {"role_credential": {"id": str(row.id)}}


def revoke(details: RevokeRoleCredential, *, by: Actor, now: datetime) -> Result:
    """End the credential."""
    role_credentials.revoke(
        credential_id=details.role_credential, reason=details.reason, by=by, now=now
    )
    return {"role_credential": {"id": str(details.role_credential)}}


def _validate(details: IssueRoleCredential) -> None:
    accounts.user_id_of(details.user)
    role_assignments.resolve(details.role)


registry.add(
    Command(
        name="role-credential.issue",
        action="add",
        resource="/role-credentials",
        permission="role-credentials:create",
        input=IssueRoleCredential,
        execute=issue,
        validate=_validate,
    ),
    Command(
        name="role-credential.revoke",
        action="delete",
        resource="/role-credentials/{role_credential}",
        permission="role-credentials:delete",
        input=RevokeRoleCredential,
        execute=revoke,
    ),
)
