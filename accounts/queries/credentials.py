"""Credentials as their holders and staff read them, revoked ones too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Credential, CredentialContext
from accounts.queries import listing
from identity.crypto import json_ld_contexts
from identity.errors import Missing
from identity.paging import After, Window
from identity.scoping import keyset

STATES: Final = ("valid", "expired", "revoked")
PUBLICATIONS: Final = tuple(str(each) for each in Credential.Publication)
MOST_SHOWN: Final = 200
_BY_ISSUING: Final = keyset.Key("issued_at")


@dataclass(frozen=True, slots=True)
class CredentialRow:
    """A credential; `user` is the client-visible id of whom it is about, `status` of the row.

    `document` is of the data model 2.0, `document_1_1` of 1.1; `context` is the address of what
    their fields mean. `publication` tells whether the latter stands on a ledger.
    """

    id: UUID
    user: UUID
    username: str
    issuer: str
    type: str
    credential_hash: str
    context: str
    document: Mapping[str, Any] = field(repr=False)
    document_1_1: Mapping[str, Any] = field(repr=False)
    status: str
    status_list: str
    status_index: int
    publication: str
    topic_id: str
    message_id: str
    issued_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


def one(credential_id: UUID) -> CredentialRow:
    """One credential of the scope in force. Raises Missing."""
    row = _rows().filter(id=credential_id).first()
    if row is None:
        raise Missing("There is no such credential.")
    return _row(row)


def of_user(user_id: UUID) -> Sequence[CredentialRow]:
    """The newest credentials about a user, at most 200."""
    rows = _rows().filter(user_id=user_id).order_by("-issued_at", "-id")[:MOST_SHOWN]
    return [_row(row) for row in rows]


def newest_of_user(user_id: UUID) -> CredentialRow | None:
    """The latest credential about a user that was not revoked."""
    rows = _rows().filter(user_id=user_id, status=Credential.Status.VALID)
    row = rows.order_by("-issued_at", "-id").first()
    return None if row is None else _row(row)


def window(after: After) -> Window[CredentialRow]:
    """Those about everybody. Raises `Invalid` for filters that there are not."""
    return listing.windowed(
        _rows(),
        after,
        filters=_FILTERS,
        read=lambda rows: [_row(row) for row in rows],
        key=_BY_ISSUING,
    )


def context(address: str) -> bytes:
    """The exact bytes of a context of the scope in force. Raises Missing."""
    content = CredentialContext.objects.filter(address=address).values_list("content", flat=True)
    found = content.first()
    if found is None:
        raise Missing("There is no such context.")
    return bytes(found)


def context_of_cid(cid: str) -> bytes:
    """The same by the CID alone. Raises Missing."""
    return context(json_ld_contexts.SCHEME + cid)


def only(rows: "QuerySet[Credential]", state: str, *, now: datetime) -> "QuerySet[Credential]":
    """Of these rows those in a state, one of `STATES`."""
    if state == "revoked":
        return rows.filter(status=Credential.Status.REVOKED)
    rows = rows.filter(status=Credential.Status.VALID)
    if state == "expired":
        return rows.filter(expires_at__lte=now)
    return rows.exclude(expires_at__lte=now)


def state(row: Credential, *, now: datetime) -> str:
    """One of `STATES`."""
    if row.status == Credential.Status.REVOKED:
        return "revoked"
    is_over = row.expires_at is not None and row.expires_at <= now
    return "expired" if is_over else "valid"


_FILTERS: Final[Mapping[str, listing.Filter]] = {
    "user": listing.by_id("user__public_id"),
    "type": listing.by_text("type_name"),
    "status": listing.by_word("status", tuple(str(each) for each in Credential.Status)),
    "publication": listing.by_word("publication", PUBLICATIONS),
}


def _rows() -> "QuerySet[Credential]":
    return Credential.objects.select_related("user", "context", "status_list")


def _row(row: Credential) -> CredentialRow:
    return CredentialRow(
        id=row.id,
        user=row.user.public_id,
        username=row.user.username,
        issuer=row.issuer,
        type=row.type_name,
        credential_hash=row.credential_hash,
        context=row.context.address,
        document=row.document,
        document_1_1=row.document_1_1,
        status=row.status,
        status_list=row.document["credentialStatus"]["statusListCredential"],
        status_index=row.status_index,
        publication=row.publication,
        topic_id=row.topic_id,
        message_id=row.message_id,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
