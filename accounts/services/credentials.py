"""Verifiable credentials: issued in both forms, published, revoked with whom they are about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from accounts import status_list_addresses
from accounts.models import Credential, CredentialContext, User
from accounts.services import credential_fields, credential_lists, fields, standing, writing
from identity import errors, ids
from identity.actor import Actor
from identity.crypto import (
    credential_hash,
    data_integrity,
    ed25519,
    json_ld_contexts,
    status_list,
    verifiable_credential,
)
from identity.crypto.errors import CredentialTooComplex
from identity.crypto.proofs import Signer
from identity.crypto.verifiable_credential import Claim
from identity.scoping import inserts, prepared, statements
from identity.services import audit

Status = Credential.Status
Publication = Credential.Publication
LONGEST_REASON: Final = 512
_EARLIER: Final = prepared.prepare(
    lambda credential: Credential.objects.filter(id=credential).values_list("id"), "credential"
)
_STORED_1_1: Final = prepared.prepare(
    lambda credential: Credential.objects.filter(id=credential).values_list("document_1_1"),
    "credential",
)
_CONTEXT: Final = prepared.prepare(
    lambda address: CredentialContext.objects.filter(address=address), "address"
)
_PUBLISH: Final = (
    "UPDATE accounts_credential SET publication = 'published', topic_id = %s, message_id = %s"
    " WHERE scope_id = %s AND id = %s AND message_id <> %s"
)
_LONGEST_MARK: Final = 64


@dataclass(frozen=True, slots=True)
class Statement:
    """What is to be issued: `fields` about `subject_did`, who is `user` here."""

    user: User
    subject_did: str
    issuer_did: str
    signer: Signer
    type_name: str
    fields: Mapping[str, Any]
    suite: str = data_integrity.JCS
    expires_at: datetime | None = None
    credential_id: UUID = field(default_factory=ids.new)


def issue_about(  # noqa: PLR0913 - one keyword for each thing that onboarding knows
    *,
    subject: User,
    issuer_did: str,
    signing_seed: bytes,
    verification_method: str,
    fields: Mapping[str, Any],
    type_name: str,
    by: Actor,
    now: datetime,
    credential_id: UUID | None = None,
) -> Credential:
    """A credential that a user issues about itself with its own key; `fields` are the subject's.

    With the same `credential_id` again it is the credential that is there already. Raises
    `identity.errors.Invalid`, KeyInvalid.
    """
    statement = Statement(
        user=subject,
        subject_did=issuer_did,
        issuer_did=issuer_did,
        signer=Signer(verification_method, ed25519.parse_private(signing_seed)),
        type_name=type_name,
        fields=fields,
        credential_id=credential_id or ids.new(),
    )
    return issue(statement, by=by, now=now)


def issue(statement: Statement, *, by: Actor, now: datetime) -> Credential:
    """Sign a statement in both forms and keep it, with a place in a status list.

    With the same `credential_id` again it is the credential that is there already. Raises
    `identity.errors.Missing` for a user who was deleted, `identity.errors.Invalid`,
    `identity.errors.Conflict` for an id of another credential.
    """
    content = credential_fields.checked(statement.fields)
    type_name = credential_fields.type_name(statement.type_name)
    if statement.expires_at is not None and statement.expires_at <= now:
        raise errors.Invalid("The end is in the past.", field="expires_at")
    with writing.of(by):
        standing.hold_there(statement.user.id, _refuse_user)
        if _EARLIER.rows(credential=statement.credential_id):
            return _same(Credential.objects.get(id=statement.credential_id), statement)
        row = _signed(statement, content, type_name, now=now)
        inserts.insert_later(row)
        _record("credential.issued", row, by=by, now=now, type=type_name, issuer=row.issuer)
    return row


def note_published(
    *, credential: Credential, topic_id: str, message_id: str, by: Actor, now: datetime
) -> Credential:
    """Note where on a ledger a credential stands. Again is the same. Raises `Missing`."""
    marks = {
        "topic_id": fields.line(topic_id, name="topic_id", most=_LONGEST_MARK),
        "message_id": fields.line(message_id, name="message_id", most=_LONGEST_MARK, least=1),
    }
    with writing.of(by):
        values = inserts.bound(Credential, **marks, scope=by.scope_id, id=credential.id)
        if not statements.count(_PUBLISH, [*values, marks["message_id"]]):
            return _locked(credential.id)
        credential.publication = Publication.PUBLISHED
        credential.topic_id, credential.message_id = marks["topic_id"], marks["message_id"]
        _record("credential.published", credential, by=by, now=now, **marks)
    return credential


def note_failed(*, credential: Credential, by: Actor, now: datetime) -> Credential:
    """Note that a credential could not be published; it counts all the same. Raises `Missing`."""
    with writing.of(by):
        row = _locked(credential.id)
        if row.publication == Publication.NEW:
            row.publication = Publication.FAILED
            row.save(update_fields=["publication"])
            _record("credential.publication-failed", row, by=by, now=now)
    return row


def stored_1_1(credential: Credential) -> Mapping[str, Any]:
    """The older form as it is stored: databases order the members of JSON in their own way."""
    found = _STORED_1_1.one(credential=credential.id)
    if found is None:
        raise errors.Missing("There is no such credential.")
    document: Mapping[str, Any] = found[0]
    return document


def revoke(*, credential_id: UUID, by: Actor, now: datetime, reason: str = "") -> Credential:
    """Take a credential back for ever: its bit is set from the next reading of its list on.

    Again is the same. Raises `Missing`, `Invalid` for a reason of more than 512 characters.
    """
    why = fields.line(reason, name="reason", most=LONGEST_REASON)
    with writing.of(by):
        row = _locked(credential_id)
        if row.status == Status.VALID:
            _revoke([row], by=by, now=now, reason=why)
    return row


def revoke_of(user: User, *, by: Actor, now: datetime) -> int:
    """Take back all credentials about a user, in the transaction that lets the user go."""
    with writing.of(by):
        valid = Credential.objects.select_for_update().filter(user=user, status=Status.VALID)
        rows = list(valid.order_by("id").defer("document", "document_1_1"))
        _revoke(rows, by=by, now=now, reason="user deleted")
    return len(rows)


def _revoke(rows: list[Credential], *, by: Actor, now: datetime, reason: str) -> None:
    changed = Credential.objects.filter(id__in=[row.id for row in rows], status=Status.VALID)
    changed.update(status=Status.REVOKED, revoked_at=now)
    credential_lists.note_changed({row.status_list_id for row in rows}, now=now)
    for row in rows:
        row.status, row.revoked_at = Status.REVOKED, now
        _record("credential.revoked", row, by=by, now=now, reason=reason)


def _signed(
    statement: Statement, content: dict[str, Any], type_name: str, *, now: datetime
) -> Credential:
    scope_id = statement.user.scope_id
    context, definitions = _context(scope_id, type_name, content, now=now)
    place, index = credential_lists.take(scope_id=scope_id, now=now)
    claim = Claim(
        id=statement.credential_id.urn,
        issuer=statement.issuer_did,
        subject=statement.subject_did,
        type_name=type_name,
        context=context.address,
        fields=content,
        valid_from=now,
        valid_until=statement.expires_at,
        status=status_list.entry(status_list_addresses.url_of(scope_id, place.number), index),
    )
    contexts = {**json_ld_contexts.bundled(), context.address: definitions}
    try:
        older = verifiable_credential.sign_1_1(claim, signer=statement.signer, contexts=contexts)
        newer = verifiable_credential.sign_2_0(
            claim, signer=statement.signer, suite=statement.suite, contexts=contexts
        )
    except CredentialTooComplex as error:
        raise errors.Invalid("The fields take too much work to sign.", field="fields") from error
    return Credential(
        id=statement.credential_id,
        scope_id=scope_id,
        user=statement.user,
        issuer=statement.issuer_did,
        type_name=type_name,
        credential_hash=credential_hash.credential_hash(older),
        context=context,
        document=newer,
        document_1_1=older,
        status_list=place,
        status_index=index,
        issued_at=now,
        expires_at=statement.expires_at,
    )


def _context(
    scope_id: UUID, type_name: str, content: dict[str, Any], *, now: datetime
) -> tuple[CredentialContext, Mapping[str, Any]]:
    """The context of these fields, kept when it is first needed."""
    names = credential_fields.names(content)
    definitions = json_ld_contexts.for_fields(type_name, names)
    data = json_ld_contexts.content(definitions)
    address = json_ld_contexts.address_of(data)
    row = _CONTEXT.instance(CredentialContext, address=address)
    if row is None:
        made = CredentialContext(
            scope_id=scope_id, address=address, type_name=type_name, content=data, created_at=now
        )
        inserts.insert_unless_there_later(made)
        # Somebody else may have stored it a moment ago.
        row = CredentialContext.objects.get(address=address)
    return row, definitions


def _refuse_user() -> None:
    raise errors.Missing("There is no such user.")


def _same(earlier: Credential, statement: Statement) -> Credential:
    if (earlier.user_id, earlier.issuer) != (statement.user.id, statement.issuer_did):
        raise errors.Conflict("There is another credential with this id.")
    return earlier


def _locked(credential_id: UUID) -> Credential:
    row = Credential.objects.select_for_update().filter(id=credential_id).first()
    if row is None:
        raise errors.Missing("There is no such credential.")
    return row


def _record(name: str, row: Credential, *, by: Actor, now: datetime, **facts: str) -> None:
    more = {"user": str(row.user_id), **facts}
    audit.record(name, by=by, subject=("credential", str(row.id)), now=now, facts=more)
