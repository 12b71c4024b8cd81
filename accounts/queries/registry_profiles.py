"""What members of registries have on the ledger: the DID with its document, the credential."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.models import Credential
from accounts.queries import dids, memberships
from accounts.queries.dids import DidFacts
from accounts.queries.memberships import Member


@dataclass(frozen=True, slots=True)
class CredentialFacts:
    """A credential as registries exchange it. `publication` is new, published or failed."""

    id: UUID
    hash: str
    owner: str
    type_name: str
    document: Mapping[str, Any]
    publication: str
    is_revoked: bool
    topic_id: str
    message_id: str
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class Profile:
    """A member with the DID of the ledger and the latest credential about it, where there are."""

    member: Member
    did: DidFacts | None
    credential: CredentialFacts | None


def of_member(member: Member, *, now: datetime) -> Profile:
    """The profile of a member of the scope in force."""
    held = [
        each
        for each in dids.of_user(member.id, now=now)
        if each.method == "ledger" and each.deactivated_at is None
    ]
    return Profile(member, held[-1] if held else None, _credentials([member]).get(member.id))


def registries(*, after: str = "") -> Sequence[tuple[Member, CredentialFacts | None]]:
    """As `memberships.registries`, each with its credential."""
    found = memberships.registries(after=after)
    held = _credentials(found)
    return [(member, held.get(member.id)) for member in found]


def _credentials(members: Sequence[Member]) -> Mapping[UUID, CredentialFacts]:
    dids_of = {member.id: member.did for member in members if member.did is not None}
    rows = Credential.objects.filter(user_id__in=dids_of).order_by("issued_at", "id")
    # What others say about a user is not what the user says of itself.
    return {row.user_id: _facts(row) for row in rows if row.issuer == dids_of[row.user_id]}


def _facts(row: Credential) -> CredentialFacts:
    return CredentialFacts(
        id=row.id,
        hash=row.credential_hash,
        owner=row.issuer,
        type_name=row.type_name,
        document=row.document_1_1,
        publication=row.publication,
        is_revoked=row.revoked_at is not None,
        topic_id=row.topic_id,
        message_id=row.message_id,
        issued_at=row.issued_at,
    )
