"""Verifiable credentials: published vectors byte for byte, and what is refused."""

import copy
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from identity.crypto import (
    base58btc,
    data_integrity,
    did_key,
    ed25519,
    json_ld,
    json_ld_contexts,
    proofs,
    stable_json,
    verifiable_credential,
    verification_methods,
)
from identity.crypto.credential_hash import credential_hash
from identity.crypto.errors import (
    CredentialContextUnknown,
    CredentialIssuerUnknown,
    CredentialMalformed,
    CredentialProofRefused,
    CredentialTermUndefined,
    CredentialTooComplex,
    CredentialUntimely,
)
from identity.crypto.verifiable_credential import Claim
from identity.errors import DomainError

VECTORS = json.loads((Path(__file__).parents[3] / "vectors/credentials.json").read_text())
REGISTRY: dict[str, Any] = VECTORS["registry_credential"]
W3C: dict[str, Any] = VECTORS["w3c"]
CONTEXTS = {**json_ld_contexts.bundled(), **REGISTRY["schema_context"], **W3C["contexts"]}
THEN = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
SIGNER = proofs.Signer(
    REGISTRY["vc"]["proof"]["verificationMethod"],
    ed25519.parse_private(bytes.fromhex(REGISTRY["seed_hex"])),
)
CLAIM = Claim(
    id=REGISTRY["vc"]["id"],
    issuer=REGISTRY["did"],
    subject=REGISTRY["did"],
    type_name="Registry",
    context="urn:example:ctx",
    fields={"OrgName": "Example Org", "Site": "https://example.org"},
    valid_from=THEN,
)
Document = dict[str, Any]


def verify(document: Document, now: datetime = NOW) -> verifiable_credential.Verified:
    return verifiable_credential.verify(
        document,
        resolve={REGISTRY["did"]: REGISTRY["did_document"]}.get,
        contexts=CONTEXTS,
        canonicalize=json_ld.canonical,
        now=now,
    )


def issued(suite: str) -> Document:
    if suite == "1.1":
        return verifiable_credential.sign_1_1(CLAIM, signer=SIGNER, contexts=CONTEXTS)
    return verifiable_credential.sign_2_0(CLAIM, signer=SIGNER, suite=suite, contexts=CONTEXTS)


every_form = pytest.mark.parametrize("suite", ["1.1", data_integrity.JCS, data_integrity.RDFC])


def test_writes_what_registries_exchange_byte_for_byte() -> None:
    assert json.dumps(issued("1.1")) == json.dumps(REGISTRY["vc"])
    assert credential_hash(issued("1.1")) == REGISTRY["vc_credential_hash"]


def test_verifies_what_other_libraries_signed() -> None:
    verified = verify(REGISTRY["vc"])
    assert (verified.version, verified.suite) == ("1.1", "Ed25519Signature2018")
    assert (verified.issuer, verified.subjects) == (REGISTRY["did"], (REGISTRY["did"],))


@pytest.mark.parametrize("suite", sorted(data_integrity.SUITES))
def test_signs_the_published_vectors_byte_for_byte(suite: str) -> None:
    expected = W3C[suite]["signed"]
    seed = base58btc.decode_multibase(W3C["keyPair"]["privateKeyMultibase"])[2:]
    signed = data_integrity.sign(
        W3C["unsigned"],
        suite=suite,
        signer=proofs.Signer(expected["proof"]["verificationMethod"], ed25519.parse_private(seed)),
        purpose="assertionMethod",
        created=datetime(2023, 2, 24, 23, 36, 38, tzinfo=UTC),
        contexts=CONTEXTS,
    )
    assert signed == expected
    public = did_key.parse(f"did:key:{W3C['keyPair']['publicKeyMultibase']}").point
    assert isinstance(public, ed25519.PublicKey)
    said = data_integrity.verify(
        expected,
        expected_purpose="assertionMethod",
        key_of=lambda method: public,
        now=NOW,
        contexts=CONTEXTS,
        canonicalize=json_ld.canonical,
    )
    assert said == suite


def test_brings_the_published_documents_into_their_published_forms() -> None:
    expected = W3C["eddsa-rdfc-2022"]
    options = {**expected["signed"]["proof"], "@context": W3C["unsigned"]["@context"]}
    del options["proofValue"]
    proof, document = json_ld.canonical([options, W3C["unsigned"]], CONTEXTS, is_rdfc=True)
    assert proof == expected["proofCanon"]
    assert hashlib.sha256(document.encode()).hexdigest() == expected["docHash"]
    text = stable_json.text(W3C["unsigned"]).encode()
    assert hashlib.sha256(text).hexdigest() == W3C["eddsa-jcs-2022"]["docHash"]


@every_form
def test_verifies_what_it_issued(suite: str) -> None:
    verified = verify(issued(suite))
    assert verified.suite == {"1.1": "Ed25519Signature2018"}.get(suite, suite)
    assert verified.types == ("VerifiableCredential",)


def subject_of(document: Document) -> Document:
    said = document["credentialSubject"]
    subject: Document = said[0] if isinstance(said, list) else said
    return subject


def changed(document: Document, change: Callable[[Document], object]) -> Document:
    other = copy.deepcopy(document)
    change(other)
    return other


CHANGES: dict[str, Callable[[Document], object]] = {
    "another value": lambda it: subject_of(it).update(OrgName="Evil"),
    "another subject": lambda it: subject_of(it).update(id="did:example:evil"),
    "another id": lambda it: it.update(id="urn:uuid:00000000-0000-4000-8000-000000000002"),
    "no proof": lambda it: it.pop("proof"),
    "an empty list of proofs": lambda it: it.update(proof=[]),
    "the proof twice": lambda it: it.update(proof=[it["proof"], it["proof"]]),
    "a proof of no type": lambda it: it["proof"].pop("type"),
    "a proof of another type": lambda it: it["proof"].update(type="Ed25519Signature2020"),
    "another purpose": lambda it: it["proof"].update(proofPurpose="authentication"),
    "no purpose": lambda it: it["proof"].pop("proofPurpose"),
    "another key of the issuer": lambda it: it["proof"].update(
        verificationMethod=f"{REGISTRY['did']}#did-root-key-bbs"
    ),
    "a key that is not there": lambda it: it["proof"].update(
        verificationMethod=f"{REGISTRY['did']}#other"
    ),
    "a key of somebody else": lambda it: it["proof"].update(
        verificationMethod=verification_methods.method_of_key(ed25519.generate().public)
    ),
    "a challenge of somebody else": lambda it: it["proof"].update(challenge="x"),
    "a chain of proofs": lambda it: it["proof"].update(previousProof="urn:x"),
    "another time of signing": lambda it: it["proof"].update(created="2026-01-02T00:00:00Z"),
    "a time of signing without a zone": lambda it: it["proof"].update(created="2026-01-01T00:00"),
    "no time of signing": lambda it: it["proof"].pop("created"),
}


@every_form
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_refuses_what_was_changed(suite: str, change: Callable[[Document], object]) -> None:
    with pytest.raises(CredentialProofRefused):
        verify(changed(issued(suite), change))


MALFORMED: dict[str, Callable[[Document], object]] = {
    "no contexts": lambda it: it.pop("@context"),
    "the contexts in another order": lambda it: it["@context"].reverse(),
    "no type": lambda it: it.pop("type"),
    "another type": lambda it: it.update(type=["VerifiablePresentation"]),
    "no issuer": lambda it: it.pop("issuer"),
    "two issuers": lambda it: it.update(issuer=["did:example:a", "did:example:b"]),
    "no subject": lambda it: it.pop("credentialSubject"),
    "a subject of nothing": lambda it: it.update(credentialSubject=[]),
    "a subject that is a name": lambda it: it.update(credentialSubject="did:example:a"),
    "a date that is none": lambda it: it.update(issuanceDate="soon", validFrom="soon"),
}


@every_form
@pytest.mark.parametrize("change", MALFORMED.values(), ids=MALFORMED)
def test_refuses_what_is_no_credential(suite: str, change: Callable[[Document], object]) -> None:
    with pytest.raises(CredentialMalformed):
        verify(changed(issued(suite), change))


CONTEXT_CHANGES: dict[str, Callable[[Document], object]] = {
    "one that would be fetched": lambda it: it["@context"].append("https://evil.example/ctx"),
    "one of a file": lambda it: it["@context"].append("file:///etc/passwd"),
    "one that redefines": lambda it: it["@context"].append({"OrgName": "urn:other"}),
    "one that takes all back": lambda it: it["@context"].append(None),
    "one in the subject": lambda it: subject_of(it).update({"@context": {"OrgName": "urn:x"}}),
    "one that takes all back in the subject": lambda it: subject_of(it).update({"@context": None}),
    "one in the proof": lambda it: it["proof"].update({"@context": "https://evil.example/ctx"}),
    "one too often": lambda it: it.update({"@context": it["@context"] * 40}),
}


@every_form
@pytest.mark.parametrize("change", CONTEXT_CHANGES.values(), ids=CONTEXT_CHANGES)
def test_refuses_contexts_that_are_not_known(
    suite: str, change: Callable[[Document], object]
) -> None:
    with pytest.raises(CredentialContextUnknown):
        verify(changed(issued(suite), change))


def test_an_address_of_content_is_enough_where_the_text_is_signed() -> None:
    """The issuer signed the address, and the address is made of what terms mean."""
    content = {"@context": {"rank": "urn:rank"}}
    address = json_ld_contexts.address_of(json_ld_contexts.content(content))
    bare = {name: value for name, value in issued(data_integrity.JCS).items() if name != "proof"}
    bare = {**bare, "@context": [*bare["@context"], address], "rank": "1"}

    def signed(suite: str) -> Document:
        return data_integrity.sign(
            bare,
            suite=suite,
            signer=SIGNER,
            purpose="assertionMethod",
            created=THEN,
            contexts={**CONTEXTS, address: content},
        )

    assert verify(signed(data_integrity.JCS)).suite == data_integrity.JCS
    # Of a graph the addresses are not covered: another could give the same graph other names.
    with pytest.raises(CredentialContextUnknown):
        verify(signed(data_integrity.RDFC))
    for other in ("ipfs://bafkrei", f"{address}x", address.upper(), "ipfs://" + "b" * 59):
        with pytest.raises(CredentialContextUnknown):
            verify({**signed(data_integrity.JCS), "@context": [*bare["@context"], other]})


UNCOVERED: dict[str, Callable[[Document], object]] = {
    "a term of the subject": lambda it: subject_of(it).update(rank="admin"),
    "a term of the credential": lambda it: it.update(rank="admin"),
    "a type": lambda it: it["type"].append("AdminCredential"),
    "a relative address": lambda it: subject_of(it).update(id="admin"),
    "an index": lambda it: subject_of(it).update(OrgName={"@value": "Evil", "@index": "x"}),
    "a direction": lambda it: subject_of(it).update(OrgName={"@value": "E", "@direction": "rtl"}),
    "nothing": lambda it: it.update(termsOfUse=None),
    "an empty list": lambda it: it.update(termsOfUse=[]),
    "an empty object": lambda it: it.update(termsOfUse={}),
    "a graph": lambda it: it.update({"@included": [{"@id": "urn:x"}]}),
    "a line of its own": lambda it: subject_of(it).update(id='urn:x> <urn:p> "admin" .\n<urn:y'),
}


@pytest.mark.parametrize("suite", ["1.1", data_integrity.RDFC])
@pytest.mark.parametrize("change", UNCOVERED.values(), ids=UNCOVERED)
def test_refuses_what_a_signature_over_a_graph_would_not_cover(
    suite: str, change: Callable[[Document], object]
) -> None:
    with pytest.raises(CredentialTermUndefined):
        verify(changed(issued(suite), change))


@pytest.mark.parametrize("change", UNCOVERED.values(), ids=UNCOVERED)
def test_what_a_signature_over_the_text_covers_can_not_be_added(
    change: Callable[[Document], object],
) -> None:
    with pytest.raises(CredentialProofRefused):
        verify(changed(issued(data_integrity.JCS), change))


@every_form
def test_refuses_an_issuer_whose_keys_are_not_known(suite: str) -> None:
    document = issued(suite)
    with pytest.raises(CredentialIssuerUnknown):
        verifiable_credential.verify(
            document,
            resolve=lambda did: None,
            contexts=CONTEXTS,
            canonicalize=json_ld.canonical,
            now=NOW,
        )


@every_form
def test_refuses_an_issuer_that_did_not_sign(suite: str) -> None:
    # The proof is right, but it is by another than the issuer.
    key = ed25519.generate()
    other = proofs.Signer(verification_methods.method_of_key(key.public), key)
    if suite == "1.1":
        document = verifiable_credential.sign_1_1(CLAIM, signer=other, contexts=CONTEXTS)
    else:
        document = verifiable_credential.sign_2_0(
            CLAIM, signer=other, suite=suite, contexts=CONTEXTS
        )
    with pytest.raises(CredentialProofRefused):
        verify(document)


def ending(suite: str) -> Document:
    claim = Claim(
        CLAIM.id,
        CLAIM.issuer,
        CLAIM.subject,
        CLAIM.type_name,
        CLAIM.context,
        CLAIM.fields,
        valid_from=THEN,
        valid_until=THEN + timedelta(days=1),
    )
    if suite == "1.1":
        return verifiable_credential.sign_1_1(claim, signer=SIGNER, contexts=CONTEXTS)
    return verifiable_credential.sign_2_0(claim, signer=SIGNER, suite=suite, contexts=CONTEXTS)


@every_form
def test_refuses_what_is_over_or_has_not_begun(suite: str) -> None:
    document = ending(suite)
    assert verify(document, THEN + timedelta(hours=23)).valid_until == THEN + timedelta(days=1)
    for moment in (THEN + timedelta(days=1), THEN - timedelta(days=1)):
        with pytest.raises(CredentialUntimely):
            verify(document, moment)


def deep(levels: int) -> Document:
    value: Document = {"a": "b"}
    for _ in range(levels):
        value = {"a": value}
    return value


HUGE: dict[str, tuple[Document, type[DomainError]]] = {
    "deep": (deep(5000), CredentialMalformed),
    "long": ({"x": "y" * (json_ld.MOST_BYTES + 1)}, CredentialTooComplex),
    "many": ({"x": [1] * (json_ld.MOST_VALUES + 1)}, CredentialTooComplex),
}


@pytest.mark.parametrize(("more", "refusal"), HUGE.values(), ids=HUGE)
def test_refuses_too_much_before_any_work(more: Document, refusal: type[DomainError]) -> None:
    with pytest.raises(refusal):
        verify({**issued("1.1"), **more})
