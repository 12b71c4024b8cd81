"""Commands about verifiable credentials: what the scope says about somebody, and takes back."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec

from accounts import queries as accounts
from accounts.services import credential_fields, credential_statements, credentials
from accounts.services.credential_statements import Said
from identity.actor import Actor
from invitations.commands.command import Command, Input, Result, registry

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Suite = Literal["eddsa-jcs-2022", "eddsa-rdfc-2022"]
JCS: Final[Suite] = "eddsa-jcs-2022"


class IssueCredential(Input, frozen=True):
    """A new credential; `fields` about the user, `subject` one of the user's DIDs or empty."""

    credential: UUID
    user: UUID
    type: str
    fields: dict[str, Any]
    subject: str = ""
    expires_at: Moment | None = None
    cryptosuite: Suite = JCS


class RevokeCredential(Input, frozen=True):
    """The end of a credential, for ever."""

    credential: UUID
    reason: str = ""


def issue(details: IssueCredential, *, by: Actor, now: datetime) -> Result:
    """Issue the credential in the scope's name."""
    said = Said(
        user_id=accounts.user_id_of(details.user),
        type_name=details.type,
        fields=details.fields,
        subject=details.subject,
        suite=details.cryptosuite,
        expires_at=details.expires_at,
    )
    row = credential_statements.issue(said, credential_id=details.credential, by=by, now=now)
    return {"credential": {"id": str(row.id)}}


def revoke(details: RevokeCredential, *, by: Actor, now: datetime) -> Result:
    """End the credential."""
    credentials.revoke(credential_id=details.credential, reason=details.reason, by=by, now=now)
    return {"credential": {"id": str(details.credential)}}


def _validate(details: IssueCredential) -> None:
    accounts.user_id_of(details.user)
    credential_fields.type_name(details.type)
    credential_fields.checked(details.fields)


registry.add(
    Command(
        name="credential.issue",
        action="add",
        resource="/credentials",
        permission="credentials:create",
        input=IssueCredential,
        execute=issue,
        validate=_validate,
    ),
    Command(
        name="credential.revoke",
        action="delete",
        resource="/credentials/{credential}",
        permission="credentials:delete",
        input=RevokeCredential,
        execute=revoke,
    ),
)
