"""Credentials: issued in both forms, published once, revoked with whom they are about."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import Credential, CredentialContext, CredentialStatusList, User
from accounts.services import credential_lists, credentials, users
from identity import errors as refusals
from identity.actor import Actor
from identity.crypto import (
    data_integrity,
    ed25519,
    json_ld,
    json_ld_contexts,
    proofs,
    status_list,
    verifiable_credential,
    verification_methods,
)
from identity.models import AuditEvent, Scope
from tests.unit.accounts.conftest import NOW
from tests.unit.accounts.people import Events, MakeUser

KEY = ed25519.generate()
METHOD = verification_methods.method_of_key(KEY.public)
DID = METHOD.partition("#")[0]
FIELDS = {"OrgName": "Example Org", "name": "Bob", "age": 41, "tags": ["a", "b"], "at": {"x": 1}}


@pytest.fixture
def bob(person: MakeUser) -> User:
    return person("bob")


def issue(user: User, by: Actor, fields: Any = None, **more: Any) -> Credential:
    return credentials.issue_about(
        subject=user,
        issuer_did=DID,
        signing_seed=ed25519.private_bytes(KEY),
        verification_method=METHOD,
        fields=FIELDS if fields is None else fields,
        type_name="Registry",
        by=by,
        now=NOW,
        **more,
    )


def contexts_of(row: Credential) -> dict[str, Any]:
    content = json.loads(bytes(row.context.content))
    return {**json_ld_contexts.bundled(), row.context.address: content}


def verified(row: Credential, document: Any) -> verifiable_credential.Verified:
    return verifiable_credential.verify(
        document,
        resolve=lambda did: None,
        contexts=contexts_of(row),
        canonicalize=json_ld.canonical,
        now=NOW,
    )


def test_issues_both_forms_of_one_credential(bob: User, system: Actor, events: Events) -> None:
    row = Credential.objects.get(id=issue(bob, system).id)
    older, newer = verified(row, row.document_1_1), verified(row, row.document)
    assert (older.version, newer.version) == ("1.1", "2.0")
    assert (older.suite, newer.suite) == ("Ed25519Signature2018", data_integrity.JCS)
    assert older.id == newer.id == f"urn:uuid:{row.id}"
    assert older.issuer == newer.issuer == DID
    assert older.subjects == newer.subjects == (DID,)
    assert row.document["credentialSubject"]["OrgName"] == "Example Org"
    assert events()[-1] == "credential.issued"


def test_names_a_place_in_the_scopes_list(bob: User, system: Actor) -> None:
    row = issue(bob, system)
    (entry,) = status_list.entries(row.document)
    assert entry.list_url.endswith("/s/acme/v1/credentials/status-lists/1")
    assert (entry.index, entry.purpose) == (row.status_index, "revocation")


def test_every_credential_has_a_place_of_its_own(inside: Scope) -> None:
    list_id = uuid4()
    places = {credential_lists.place(list_id, serial) for serial in range(status_list.SIZE)}
    assert len(places) == status_list.SIZE


def test_opens_another_list_when_one_is_full(bob: User, system: Actor) -> None:
    issue(bob, system)
    CredentialStatusList.objects.update(taken=status_list.SIZE)
    assert issue(bob, system).status_list.number == 2


def test_again_with_the_same_id_is_the_same(bob: User, system: Actor, person: MakeUser) -> None:
    once = issue(bob, system, credential_id=uuid4())
    again = issue(bob, system, credential_id=once.id)
    assert (again.id, Credential.objects.count()) == (once.id, 1)
    with pytest.raises(refusals.Conflict):
        issue(person("carol"), system, credential_id=once.id)


def test_the_same_fields_share_a_context_that_names_its_content(bob: User, system: Actor) -> None:
    issue(bob, system)
    issue(bob, system, {**FIELDS, "OrgName": "Another"})
    context = CredentialContext.objects.get()
    assert context.address == json_ld_contexts.address_of(bytes(context.content))


def test_what_the_server_writes_is_not_taken_from_the_fields(bob: User, system: Actor) -> None:
    row = issue(bob, system, {"id": "did:example:evil", "type": "Admin", "@context": {}, "x": 1})
    subject = row.document["credentialSubject"]
    assert subject == {"id": DID, "type": "Registry", "x": 1}


UNFIT: list[Any] = [
    {"@id": "x"},
    {"@graph": [1]},
    {"a:b": "c"},
    {"https://example.org/x": "c"},
    {"": "c"},
    {"a\n": "c"},
    {"\u202ea": "c"},
    {"proof": "c"},
    {"iss": "c"},
    {"a": None},
    {"a": []},
    {"a": {}},
    {"a": [[1]]},
    {"a": {"id": "did:example:x"}},
    {"a": {"b": {"c": {"d": {"e": 1}}}}},
    {"a": float("nan")},
    {"a": 2**60},
    {"a": 1e21},
    {"a": "b\0c"},
    {"a\0": "b"},
    {"a": "x" * 20_000},
    {f"a{number}": 1 for number in range(200)},
    {"a": [{"b": [{"c": 1}] * 8}] * 8},
]


@pytest.mark.parametrize("fields", UNFIT, ids=range(len(UNFIT)))
def test_refuses_fields_that_no_context_could_define(fields: Any, bob: User, system: Actor) -> None:
    with pytest.raises(refusals.Invalid) as refused:
        issue(bob, system, fields)
    assert refused.value.facts["field"] == "fields"
    assert not Credential.objects.exists()


@pytest.mark.parametrize("name", ["", "a b", "VerifiableCredential", "x" * 65, "Ä"])
def test_refuses_types_that_are_taken(name: str, bob: User, system: Actor) -> None:
    statement = credentials.Statement(bob, DID, DID, proofs.Signer(METHOD, KEY), name, {"a": 1})
    with pytest.raises(refusals.Invalid):
        credentials.issue(statement, by=system, now=NOW)


def test_notes_where_it_was_published_once(bob: User, system: Actor, events: Events) -> None:
    row = issue(bob, system)
    for _ in range(2):
        row = credentials.note_published(
            credential=row, topic_id="0.0.7", message_id="1.000000001", by=system, now=NOW
        )
    assert (row.publication, row.topic_id, row.message_id) == ("published", "0.0.7", "1.000000001")
    assert events().count("credential.published") == 1
    assert credentials.note_failed(credential=row, by=system, now=NOW).publication == "published"


def test_notes_that_it_could_not_be_published(bob: User, system: Actor) -> None:
    row = credentials.note_failed(credential=issue(bob, system), by=system, now=NOW)
    assert (row.publication, row.status) == ("failed", "valid")


def test_revokes_for_ever(bob: User, system: Actor, events: Events) -> None:
    row = issue(bob, system)
    later = NOW + timedelta(days=1)
    credentials.revoke(credential_id=row.id, by=system, now=later, reason="lost")
    credentials.revoke(credential_id=row.id, by=system, now=later + timedelta(days=1))
    row.refresh_from_db()
    assert (row.status, row.revoked_at) == ("revoked", later)
    changed = CredentialStatusList.objects.get()
    assert (changed.version, changed.changed_at) == (1, later)
    assert events().count("credential.revoked") == 1


def test_who_is_let_go_loses_all_credentials_at_once(bob: User, system: Actor) -> None:
    rows = [issue(bob, system), issue(bob, system)]
    users.delete(user_id=bob.id, by=system, now=NOW)
    assert {row.status for row in Credential.objects.all()} == {"revoked"}
    subjects = AuditEvent.objects.filter(name="credential.revoked").values_list(
        "subject_id", flat=True
    )
    assert set(subjects) == {str(row.id) for row in rows}


def test_who_could_not_be_let_go_keeps_them(member: MakeUser, system: Actor) -> None:
    owner = member("alice", "super-admin")
    issue(owner, system)
    with pytest.raises(refusals.DomainError):
        users.delete(user_id=owner.id, by=system, now=NOW)
    assert Credential.objects.get().status == "valid"


def test_nobody_gets_one_who_was_let_go(bob: User, system: Actor) -> None:
    users.delete(user_id=bob.id, by=system, now=NOW)
    with pytest.raises(refusals.Missing):
        issue(bob, system)


def test_another_scope_sees_none(bob: User, system: Actor, other: Scope) -> None:
    row = issue(bob, system)
    from identity.scoping import current

    with current.in_scope(other.id), pytest.raises(refusals.Missing):
        credentials.revoke(credential_id=row.id, by=Actor(system.kind, other.id), now=NOW)
