"""Credentials of users' own DIDs, verified with the documents that the scope keeps."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Credential, User
from accounts.queries import credential_checks
from accounts.queries.credential_checks import Expected
from accounts.services import credentials, dids, users
from identity.actor import Actor
from identity.crypto import (
    data_integrity,
    did_ledger,
    ed25519,
    json_ld_contexts,
    proofs,
)
from identity.crypto.errors import (
    CredentialContextUnknown,
    CredentialIssuerUnknown,
    CredentialProofRefused,
    CredentialRevoked,
    CredentialStatusUnknown,
)
from identity.models import Scope
from identity.scoping import current
from tests.unit.accounts.conftest import NOW
from tests.unit.accounts.people import MakeUser

KEY = ed25519.generate()
SEED = ed25519.private_bytes(KEY)


@pytest.fixture
def bob(person: MakeUser, system: Actor) -> User:
    user = person("bob")
    users.activate(user=user, verifier="", by=system, now=NOW)
    return user


@pytest.fixture
def did(bob: User, system: Actor) -> str:
    """A DID of bob's that is published on the ledger."""
    row = dids.store_ledger_did(
        user=bob,
        seed=SEED,
        network="local",
        topic_id="0.0.77",
        by=system,
        now=NOW,
    )
    dids.note_published(did_document=row, message_id="1.000000001", by=system, now=NOW)
    return row.did


def issue(user: User, issuer: str, by: Actor, **more: Any) -> Credential:
    made = credentials.issue_about(
        subject=user,
        issuer_did=issuer,
        signing_seed=more.get("seed", SEED),
        verification_method=more.get("method", did_ledger.root_method(issuer)),
        fields={"OrgName": "Example Org", "sites": ["a", "b"]},
        type_name="StandardRegistry",
        by=by,
        now=NOW,
    )
    return Credential.objects.get(id=made.id)


def check(document: Any, **expected: Any) -> credential_checks.Checked:
    return credential_checks.verify(document, Expected(**expected), now=NOW + timedelta(hours=1))


def test_verifies_both_forms_with_the_document_that_is_kept(
    bob: User, did: str, system: Actor
) -> None:
    row = issue(bob, did, system)
    for document in (row.document, row.document_1_1):
        checked = check(document, issuer=did, subject=did)
        assert (checked.issuer_is, checked.issued_here) == ("user", row.id)
        assert (checked.user, checked.is_status_checked) == (bob.public_id, True)
        assert checked.verified.method == f"{did}#did-root-key"


@pytest.mark.parametrize("form", ["document", "document_1_1"])
def test_refuses_a_key_that_the_document_has_not(
    bob: User, did: str, system: Actor, form: str
) -> None:
    row = issue(bob, did, system, seed=ed25519.private_bytes(ed25519.generate()))
    with pytest.raises(CredentialProofRefused):
        check(getattr(row, form))


def test_refuses_a_did_that_nobody_published(bob: User, system: Actor) -> None:
    unknown = did_ledger.identifier(
        network="local", public_key=ed25519.generate().public.raw, topic_id="0.0.77"
    )
    row = issue(bob, unknown, system)
    with pytest.raises(CredentialIssuerUnknown):
        check(row.document)


@pytest.mark.parametrize("form", ["document", "document_1_1"])
def test_nothing_counts_of_whom_was_let_go(bob: User, did: str, system: Actor, form: str) -> None:
    row = issue(bob, did, system)
    users.delete(user_id=bob.id, by=system, now=NOW)
    with pytest.raises((CredentialRevoked, CredentialIssuerUnknown)):
        check(getattr(row, form))


def signed_again(row: Credential, *without: str, **change: Any) -> dict[str, Any]:
    """By the user, who has the key as well, under the id of what was issued here."""
    left = {"proof", *without}
    bare = {name: value for name, value in row.document.items() if name not in left}
    return data_integrity.sign(
        {**bare, **change},
        suite=data_integrity.JCS,
        signer=proofs.Signer(did_ledger.root_method(row.issuer), KEY),
        purpose="assertionMethod",
        created=NOW,
        contexts=json_ld_contexts.bundled(),
    )


def test_what_a_user_signs_under_the_same_id_was_not_issued_here(
    bob: User, did: str, system: Actor
) -> None:
    row = issue(bob, did, system)
    subject = {**row.document["credentialSubject"], "OrgName": "Another"}
    with pytest.raises(CredentialStatusUnknown):
        check(signed_again(row, credentialSubject=subject))
    other = signed_again(row, "credentialStatus", credentialSubject=subject)
    checked = check(other)
    assert (checked.issued_here, checked.is_status_checked) == (None, False)
    # And none of it counts once what was issued under the id is revoked.
    credentials.revoke(credential_id=row.id, by=system, now=NOW)
    with pytest.raises(CredentialRevoked):
        check(other)


def test_another_scope_knows_neither_issuer_nor_context(
    bob: User, did: str, system: Actor, other: Scope
) -> None:
    row = issue(bob, did, system)
    with current.in_scope(other.id):
        with pytest.raises(CredentialIssuerUnknown):
            check(row.document)
        with pytest.raises(CredentialContextUnknown):
            check(row.document_1_1)
