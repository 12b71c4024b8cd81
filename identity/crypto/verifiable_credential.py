"""W3C verifiable credentials, data models 1.1 and 2.0: how one is written, and how it is verified.

Verifying says who signed what, and when it counts. Whether that issuer may say so is for whoever
asks; whether it was revoked is told by its status (`status_list`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from identity.crypto import (
    data_integrity,
    ed25519,
    ed25519_signature_2018,
    json_ld,
    json_ld_contexts,
    proofs,
    status_list,
    verification_methods,
)
from identity.crypto.errors import (
    CredentialMalformed,
    CredentialProofRefused,
    CredentialUntimely,
)
from identity.crypto.json_ld import Canonicalize
from identity.crypto.json_ld_contexts import Contexts
from identity.crypto.verification_methods import ASSERTION, Resolve

TYPE: Final = "VerifiableCredential"
VERSIONS: Final = {json_ld_contexts.CREDENTIALS_V1: "1.1", json_ld_contexts.CREDENTIALS_V2: "2.0"}
_SUITES: Final = {
    data_integrity.TYPE: data_integrity.verify,
    ed25519_signature_2018.TYPE: ed25519_signature_2018.verify,
}
_LONGEST: Final = 2048


@dataclass(frozen=True, slots=True)
class Claim:
    """What a credential is to say. `subject` is a DID; `fields` are defined by `context`."""

    id: str
    issuer: str
    subject: str
    type_name: str
    context: str
    fields: Mapping[str, Any]
    valid_from: datetime
    valid_until: datetime | None = None
    status: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """A credential whose proof was verified. Only this module makes them."""

    id: str
    version: str
    types: tuple[str, ...]
    issuer: str
    subjects: tuple[str, ...]
    suite: str
    method: str
    valid_from: datetime | None
    valid_until: datetime | None
    statuses: tuple[status_list.Entry, ...]
    document: Mapping[str, Any] = field(repr=False)


def sign_1_1(claim: Claim, *, signer: proofs.Signer, contexts: Contexts) -> dict[str, Any]:
    """A credential of the data model 1.1 with Ed25519Signature2018, as registries exchange them.

    Raises what `json_ld.canonical` raises.
    """
    subject = {
        **claim.fields,
        "id": claim.subject,
        "type": claim.type_name,
        "@context": [claim.context],
    }
    document: dict[str, Any] = {
        "id": claim.id,
        "type": [TYPE],
        "issuer": claim.issuer,
        "issuanceDate": moment_text(claim.valid_from),
        "@context": [json_ld_contexts.CREDENTIALS_V1, claim.context],
        "credentialSubject": [subject],
    }
    if claim.valid_until is not None:
        document["expirationDate"] = moment_text(claim.valid_until)
    return ed25519_signature_2018.sign(
        document, signer=signer, purpose=ASSERTION, created=claim.valid_from, contexts=contexts
    )


def sign_2_0(
    claim: Claim, *, signer: proofs.Signer, suite: str, contexts: Contexts
) -> dict[str, Any]:
    """A credential of the data model 2.0 with a Data Integrity proof.

    Raises what `data_integrity.sign` raises.
    """
    document: dict[str, Any] = {
        "@context": [json_ld_contexts.CREDENTIALS_V2, claim.context],
        "id": claim.id,
        "type": [TYPE],
        "issuer": claim.issuer,
        "validFrom": moment_text(claim.valid_from),
        "credentialSubject": {"id": claim.subject, "type": claim.type_name, **claim.fields},
    }
    if claim.valid_until is not None:
        document["validUntil"] = moment_text(claim.valid_until)
    if claim.status is not None:
        document["credentialStatus"] = dict(claim.status)
    return data_integrity.sign(
        document,
        suite=suite,
        signer=signer,
        purpose=ASSERTION,
        created=claim.valid_from,
        contexts=contexts,
    )


def verify(
    document: Mapping[str, Any],
    *,
    resolve: Resolve,
    contexts: Contexts,
    canonicalize: Canonicalize,
    now: datetime,
) -> Verified:
    """Verify who issued a credential, that it says what was signed, and that it counts now.

    Raises CredentialMalformed, CredentialTooComplex, CredentialContextUnknown,
    CredentialTermUndefined, CredentialProofRefused, CredentialIssuerUnknown, CredentialUntimely,
    CredentialStatusUnknown for a kind of status that is not known.
    """
    json_ld.check_bounds(document)
    json_ld.check_contexts(document, contexts, is_text_signed=_is_text_signed(document))
    shape = _shape(document)
    proof = proofs.taken_out(document)[1]
    method = str(proof.get("verificationMethod"))

    def key_of(named: str) -> ed25519.PublicKey:
        return verification_methods.key_of(shape.issuer, named, purpose=ASSERTION, resolve=resolve)

    verify_proof = _SUITES.get(str(proof.get("type")))
    if verify_proof is None:
        raise CredentialProofRefused
    suite = verify_proof(
        document,
        expected_purpose=ASSERTION,
        key_of=key_of,
        now=now,
        contexts=contexts,
        canonicalize=canonicalize,
    )
    _check_times(shape, now)
    return _verified(shape, document, suite=suite, method=method)


def moment_text(moment: datetime) -> str:
    """A time in UTC with milliseconds and Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class _Shape:
    id: str
    version: str
    types: tuple[str, ...]
    issuer: str
    subjects: tuple[str, ...]
    valid_from: datetime | None
    valid_until: datetime | None


def _is_text_signed(document: Mapping[str, Any]) -> bool:
    """Whether it claims a proof over its text; that proof is the one that is verified then."""
    proof = document.get("proof")
    if isinstance(proof, list) and len(proof) == 1:
        (proof,) = proof
    return isinstance(proof, Mapping) and proof.get("cryptosuite") == data_integrity.JCS


def _verified(shape: _Shape, document: Mapping[str, Any], *, suite: str, method: str) -> Verified:
    return Verified(
        id=shape.id,
        version=shape.version,
        types=shape.types,
        issuer=shape.issuer,
        subjects=shape.subjects,
        suite=suite,
        method=method,
        valid_from=shape.valid_from,
        valid_until=shape.valid_until,
        statuses=tuple(status_list.entries(document)),
        document=document,
    )


def _shape(document: Mapping[str, Any]) -> _Shape:
    """What every credential has (data model 2.0 §4, 1.1 §4)."""
    contexts = _texts(document.get("@context"))
    version = VERSIONS.get(contexts[0])
    types = _texts(document.get("type"))
    if version is None or TYPE not in types:
        raise CredentialMalformed
    start, end = (
        ("issuanceDate", "expirationDate") if version == "1.1" else ("validFrom", "validUntil")
    )
    valid_from, valid_until = _moment(document.get(start)), _moment(document.get(end))
    if version == "1.1" and valid_from is None:
        raise CredentialMalformed
    issuer = document.get("issuer")
    return _Shape(
        id=_text(document.get("id", "urn:none")),
        version=version,
        types=tuple(types),
        issuer=_text(issuer.get("id") if isinstance(issuer, Mapping) else issuer),
        subjects=_subjects(document.get("credentialSubject")),
        valid_from=valid_from,
        valid_until=valid_until,
    )


def _subjects(said: Any) -> tuple[str, ...]:
    subjects = said if isinstance(said, list) else [said]
    if not subjects or not all(isinstance(each, Mapping) and each for each in subjects):
        raise CredentialMalformed
    return tuple(_text(each["id"]) for each in subjects if "id" in each)


def _texts(said: Any) -> Sequence[str]:
    texts = [said] if isinstance(said, str) else said
    if not isinstance(texts, list) or not texts:
        raise CredentialMalformed
    return [_text(each) for each in texts]


def _text(said: Any) -> str:
    if not isinstance(said, str) or not said or len(said) > _LONGEST:
        raise CredentialMalformed
    return said


def _moment(said: Any) -> datetime | None:
    if said is None:
        return None
    try:
        return proofs.moment(said)
    except CredentialProofRefused as error:
        raise CredentialMalformed from error


def _check_times(shape: _Shape, now: datetime) -> None:
    if shape.valid_from is not None and shape.valid_from > now + proofs.SKEW:
        raise CredentialUntimely
    if shape.valid_until is not None and shape.valid_until <= now:
        raise CredentialUntimely
