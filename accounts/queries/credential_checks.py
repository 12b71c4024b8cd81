"""Verifying credentials for a scope, with the keys, contexts and lists that it knows.

Nothing is fetched. A credential of this scope is judged by its row, whatever lists say; one of
another issuer by the list that came with it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from accounts import status_list_addresses
from accounts.models import Credential, CredentialContext, DidDocument, User
from accounts.queries import dids
from identity.crypto import (
    did_key,
    ed25519,
    json_ld_contexts,
    json_ld_process,
    status_checks,
)
from identity.crypto import verifiable_credential as vc
from identity.crypto.errors import (
    CredentialRevoked,
    CredentialStatusUnknown,
    CredentialUnexpected,
    DidInvalid,
)
from identity.crypto.json_ld_contexts import Contexts
from identity.errors import Missing, NotSupported
from identity.models import ServerKey
from identity.scoping import current
from identity.services import server_keys

_MOST_ADDRESSES: Final = 64


@dataclass(frozen=True, slots=True)
class Checked:
    """A credential that counts now.

    `issued_here` names the row if this scope keeps it, `user` whom it is about then. `issuer_is`
    tells who vouches: `scope`, `user` of it, or `outside`, about whom nothing is known but a key.
    """

    verified: vc.Verified
    issuer_is: str
    is_status_checked: bool
    issued_here: UUID | None
    user: UUID | None


@dataclass(frozen=True, slots=True)
class Expected:
    """What whoever asks brings along, and whom it expects; an empty text expects nobody.

    `lists` are status lists as their addresses serve them, of the credential's own issuer or of
    `list_issuers`.
    """

    lists: Sequence[Mapping[str, Any]] = ()
    list_issuers: Sequence[str] = ()
    issuer: str = ""
    subject: str = ""


def verify(document: Mapping[str, Any], expected: Expected, *, now: datetime) -> Checked:
    """Verify a credential in the scope in force.

    Raises what `verifiable_credential.verify` raises, CredentialUnexpected, CredentialRevoked,
    CredentialStatusUnknown.
    """
    knowledge = _Knowledge(document, now)
    verified = knowledge.verified(document)
    _require_expected(verified, expected)
    row = _own(verified)
    if row is not None:
        _require_counts(row)
        # Whose key is not here alone could sign something else under the same id.
        row = row if document in (row.document, row.document_1_1) else None
    if row is None:
        knowledge.require_unset(verified, expected)
    return Checked(
        verified=verified,
        issuer_is=_issuer_is(verified.issuer),
        is_status_checked=row is not None or bool(verified.statuses),
        issued_here=None if row is None else row.id,
        user=None if row is None else row.user.public_id,
    )


class _Knowledge:
    """What is known here to verify with."""

    def __init__(self, document: Mapping[str, Any], now: datetime) -> None:
        self.contexts = known_contexts(document)
        self.now = now

    def verified(self, document: Mapping[str, Any]) -> vc.Verified:
        """The credential, once its proof is verified."""
        return vc.verify(
            document,
            resolve=self.resolve,
            contexts=self.contexts,
            canonicalize=json_ld_process.canonical,
            now=self.now,
        )

    def require_unset(self, verified: vc.Verified, expected: Expected) -> None:
        """Refuse what a list that came along says was revoked."""
        if any(_is_ours(each.list_url) for each in verified.statuses):
            # It names a place of ours, and is none of ours.
            raise CredentialStatusUnknown
        status_checks.require_unset(
            verified,
            expected.lists,
            trusted={verified.issuer, *expected.list_issuers},
            resolve=self.resolve,
            contexts=self.contexts,
            canonicalize=json_ld_process.canonical,
            now=self.now,
        )

    def resolve(self, did: str) -> Mapping[str, Any] | None:
        """The document of a DID that is known here and not deactivated."""
        try:
            return dids.resolve(did, now=self.now).document
        except (DidInvalid, Missing, NotSupported):
            return None


def known_contexts(document: Mapping[str, Any]) -> Contexts:
    """The bundled contexts, and of those that the document names the scope's own."""
    named = sorted(set(_addresses(document)))[:_MOST_ADDRESSES]
    rows = CredentialContext.objects.filter(address__in=named).values_list("address", "content")
    own = {address: orjson.loads(bytes(content)) for address, content in rows}
    return {**json_ld_contexts.bundled(), **own}


def _addresses(document: Mapping[str, Any]) -> Iterator[str]:
    pending: list[Any] = [document]
    while pending:
        each = pending.pop()
        if isinstance(each, Mapping):
            said = each.get("@context")
            for address in said if isinstance(said, list) else [said]:
                if isinstance(address, str) and address.startswith(json_ld_contexts.SCHEME):
                    yield address
            pending.extend(each.values())
        elif isinstance(each, list):
            pending.extend(each)


def _own(verified: vc.Verified) -> Credential | None:
    """The row of a credential that was issued here, by this very issuer."""
    try:
        credential_id = UUID(verified.id.removeprefix("urn:uuid:"))
    except ValueError:
        return None
    rows = Credential.objects.select_related("user", "status_list")
    return rows.filter(id=credential_id, issuer=verified.issuer).first()


def _require_counts(row: Credential) -> None:
    if row.status == Credential.Status.REVOKED or row.user.status == User.Status.DISABLED:
        raise CredentialRevoked


def _is_ours(list_url: str) -> bool:
    return list_url.startswith(status_list_addresses.url_of(current.required_scope(), 0)[:-1])


def _require_expected(verified: vc.Verified, expected: Expected) -> None:
    if expected.issuer and verified.issuer != expected.issuer:
        raise CredentialUnexpected
    if expected.subject and set(verified.subjects) != {expected.subject}:
        raise CredentialUnexpected


def _issuer_is(issuer: str) -> str:
    if issuer in _dids_of_scope():
        return "scope"
    living = DidDocument.objects.filter(did=issuer, deactivated_at__isnull=True)
    return "user" if living.exists() else "outside"


def _dids_of_scope() -> frozenset[str]:
    """Every DID under which the scope in force has issued or will."""
    keys = ServerKey.objects.filter(purpose=server_keys.APPLICATION)
    return frozenset(
        did_key.of_key(ed25519.parse_public(bytes.fromhex(public)))
        for public in keys.values_list("public", flat=True)
    )
