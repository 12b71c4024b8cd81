"""Role credentials: W3C-style documents that say what a holder may be called, and presentations.

A proof is a signature over the SHA3-256 of the document's stable JSON without its proof (keys of
Ethereum: Keccak-256). Ed25519 signs what this house issues; holders and other issuers may have any
wallet's key.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from identity.crypto import base64url, did_address, stable_json, strict_json, wallet_keys
from identity.crypto.did_address import Address, KeyKind, Role
from identity.crypto.errors import (
    AddressInvalid,
    CredentialInvalid,
    EnvelopeMalformed,
    KeyInvalid,
    SignatureInvalid,
)

CREDENTIAL_TYPE: Final = "VerifiableCredential"
PRESENTATION_TYPE: Final = "VerifiablePresentation"
MOST_CREDENTIALS: Final = 8
_CONTEXT: Final = "https://www.w3.org/2018/credentials/v1"
_ISSUING: Final = "assertionMethod"
_HOLDING: Final = "authentication"
_PROOF_TYPES: Final = {
    KeyKind.ED25519: "Ed25519Signature",
    KeyKind.SECP256K1: "Secp256k1Signature",
    KeyKind.ETHEREUM: "EthereumSignature",
}


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: a DID and its key."""

    address: Address
    key: wallet_keys.PrivateKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential whose proof was verified; `document` is what was read."""

    id: str
    types: tuple[str, ...]
    issuer: str
    """The issuer's bare address."""
    holder: str
    """The bare address of whom it is about."""
    subject: Mapping[str, Any]
    expires_at: datetime | None
    document: Mapping[str, Any] = field(repr=False)


def issue(
    subject: Mapping[str, Any],
    *,
    types: Sequence[str],
    signer: Signer,
    issuer_name: str,
    now: datetime,
    proof_id: UUID,
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Make and sign a credential.

    `subject` has the holder's bare address as `id`; `more` may hold `expirationDate`,
    `credentialStatus` and a second `@context`. The same subject gets the same id. Raises ValueError
    for what is not JSON.
    """
    extra = dict(more or {})
    document = {
        "@context": [_CONTEXT, *extra.pop("@context", [])],
        "id": credential_id(subject),
        "type": [*types, CREDENTIAL_TYPE],
        "issuer": _issuer(signer, issuer_name),
        "issuanceDate": moment_text(now),
        "credentialSubject": dict(subject),
        **extra,
    }
    proof = prove(document, signer, purpose=_ISSUING, now=now)
    return {"proof": {"id": str(proof_id), **proof}, **document}


def sign_claim(
    claim: Mapping[str, Any], *, signer: Signer, issuer_name: str, now: datetime, proof_id: UUID
) -> dict[str, Any]:
    """A single signed statement, as lists of statuses hold them. Raises ValueError."""
    document = {
        "claim": dict(claim),
        "id": credential_id(claim),
        "issued": moment_text(now),
        "issuer": _issuer(signer, issuer_name),
    }
    proof = prove(document, signer, purpose=_ISSUING, now=now)
    return {**document, "proof": {"id": str(proof_id), **proof}}


def verify_claim(document: Mapping[str, Any], *, trusted_issuers: Collection[str]) -> Any:
    """The claim that a trusted issuer signed. Raises CredentialInvalid."""
    try:
        signer = _verify_proof(document, document.get("proof"), _ISSUING)
    except _REFUSALS as error:
        raise CredentialInvalid from error
    if signer not in trusted_issuers or "claim" not in document:
        raise CredentialInvalid
    return document["claim"]


def _issuer(signer: Signer, name: str) -> dict[str, str]:
    return {"id": signer.address.text, "pk": signer.key.public.base58, "name": name}


def credential_id(subject: Mapping[str, Any]) -> str:
    """The address of a credential: computed from its subject."""
    return did_address.address_of_digest(stable_json.digest(subject), Role.CREDENTIAL)


def moment_text(moment: datetime) -> str:
    """A time as JavaScript writes it: UTC with milliseconds and Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def prove(
    document: Mapping[str, Any], signer: Signer, *, purpose: str, now: datetime
) -> dict[str, Any]:
    """A proof over a document that has none yet. Raises ValueError for what is not JSON."""
    signature = wallet_keys.sign_hashed(signer.key, stable_json.text(document).encode())
    return {
        "type": _PROOF_TYPES[signer.key.public.kind],
        "created": moment_text(now),
        "proofPurpose": purpose,
        "signer": signer.address.text,
        "pk": signer.key.public.base58,
        "jws": base64url.encode(signature),
    }


def verify(
    document: Mapping[str, Any],
    *,
    expected_holder: str,
    trusted_issuers: Collection[str],
    now: datetime,
) -> Credential:
    """Verify that a trusted issuer says this about the holder, and that it has not expired.

    Addresses are bare and canonical. Whether it was revoked is asked elsewhere. Raises
    CredentialInvalid: one error for everything.
    """
    try:
        credential = _read(document)
        signer = _verify_proof(document, document.get("proof"), _ISSUING)
    except _REFUSALS as error:
        raise CredentialInvalid from error
    if signer != credential.issuer or signer not in trusted_issuers:
        raise CredentialInvalid
    if credential.holder != expected_holder:
        raise CredentialInvalid
    if credential.expires_at is not None and credential.expires_at <= now:
        raise CredentialInvalid
    return credential


def present(
    credentials: Sequence[Mapping[str, Any]], *, challenge: str, holder: Signer, now: datetime
) -> dict[str, Any]:
    """Show credentials to who gave the challenge; the holder signs."""
    document = {
        "@context": _CONTEXT,
        "type": PRESENTATION_TYPE,
        "verifiableCredential": [stable_json.text(each) for each in credentials],
        "challenge": challenge,
    }
    return {**document, "proof": [prove(document, holder, purpose=_HOLDING, now=now)]}


def verify_presentation(
    document: Mapping[str, Any],
    *,
    expected_challenge: str,
    trusted_issuers: Collection[str],
    now: datetime,
) -> tuple[Credential, ...]:
    """Verify that the holder of all its credentials answers this challenge.

    The challenge is one-time: consume it before. Raises CredentialInvalid.
    """
    try:
        match document:
            case {
                "type": "VerifiablePresentation",
                "challenge": str(challenge),
                "verifiableCredential": [*texts],
                "proof": [proof],
            } if challenge == expected_challenge and 0 < len(texts) <= MOST_CREDENTIALS:
                holder = _verify_proof(document, proof, _HOLDING)
                documents = [strict_json.decode(str(text).encode()) for text in texts]
            case _:
                raise CredentialInvalid
    except _REFUSALS as error:
        raise CredentialInvalid from error
    return tuple(
        verify(each, expected_holder=holder, trusted_issuers=trusted_issuers, now=now)
        for each in documents
    )


_REFUSALS: Final = (ValueError, EnvelopeMalformed, KeyInvalid, AddressInvalid, SignatureInvalid)


def _read(document: Mapping[str, Any]) -> Credential:
    match document:
        case {
            "id": str(identifier),
            "type": [*types],
            "issuer": {"id": str(issuer), "pk": str(key_text)},
            "proof": {"pk": str(proved_by)},
            "issuanceDate": str(),
            "credentialSubject": {"id": str(holder)} as subject,
        } if CREDENTIAL_TYPE in types and key_text == proved_by:
            if not all(isinstance(each, str) for each in types):
                raise CredentialInvalid
            return Credential(
                id=identifier,
                types=tuple(types),
                issuer=issuer,
                holder=holder,
                subject=subject,
                expires_at=_moment(document.get("expirationDate")),
                document=document,
            )
    raise CredentialInvalid


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    if moment is None or moment.tzinfo is None:
        raise CredentialInvalid
    return moment


def _verify_proof(document: Mapping[str, Any], proof: Any, purpose: str) -> str:
    match proof:
        case {
            "type": str(kind),
            "proofPurpose": str(said),
            "signer": str(signer),
            "pk": str(key_text),
            "jws": str(signature),
        } if said == purpose:
            key = wallet_keys.parse_public(key_text)
            address = did_address.parse(signer)
            wallet_keys.verify_owner(address, key)
            if _PROOF_TYPES.get(key.kind) != kind or address.text != signer:
                raise CredentialInvalid
            bare = {name: value for name, value in document.items() if name != "proof"}
            message = stable_json.text(bare).encode()
            wallet_keys.verify_hashed(key, base64url.decode(signature), message)
            return signer
    raise CredentialInvalid
