"""What a scope says about its own users, under its own key."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.models import Credential, DidDocument, User
from accounts.services import credential_issuer, credentials, writing
from accounts.services.credentials import Statement
from identity import errors
from identity.actor import Actor


@dataclass(frozen=True, slots=True)
class Said:
    """A statement of the scope. `subject` is one of the user's DIDs, or empty for the first."""

    user_id: UUID
    type_name: str
    fields: Mapping[str, Any]
    subject: str
    suite: str
    expires_at: datetime | None


def issue(said: Said, *, credential_id: UUID, by: Actor, now: datetime) -> Credential:
    """Issue it under the scope's DID; `credential_id` names it.

    Raises Missing for an unknown user, Invalid, also for a DID that is not the user's, Conflict for
    an id that was used.
    """
    with writing.of(by):
        rows = User.objects.select_for_update()
        user = rows.filter(id=said.user_id, deleted_at__isnull=True).first()
        if user is None:
            raise errors.Missing("There is no such user.")
        if Credential.objects.filter(id=credential_id).exists():
            raise errors.Conflict("There is such a credential already.")
        signer = credential_issuer.signer(now=now)
        statement = Statement(
            user=user,
            subject_did=_subject(user, said.subject),
            issuer_did=credential_issuer.did_of(signer),
            signer=signer,
            type_name=said.type_name,
            fields=said.fields,
            suite=said.suite,
            expires_at=said.expires_at,
            credential_id=credential_id,
        )
        return credentials.issue(statement, by=by, now=now)


def _subject(user: User, wanted: str) -> str:
    """A DID of the user; who has none is named by the id that is shown here."""
    mine = DidDocument.objects.filter(user=user, deactivated_at__isnull=True)
    known = list(mine.order_by("created_at", "id").values_list("did", flat=True))
    if not wanted:
        return known[0] if known else user.public_id.urn
    if wanted not in known:
        raise errors.Invalid("This is no DID of the user.", field="subject")
    return wanted
