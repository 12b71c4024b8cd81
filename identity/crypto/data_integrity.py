"""Data Integrity proofs with Ed25519: `eddsa-jcs-2022` and `eddsa-rdfc-2022` (vc-di-eddsa)."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from identity.crypto import base58btc, ed25519, json_ld, proofs, stable_json
from identity.crypto.errors import CredentialProofRefused, SignatureInvalid
from identity.crypto.json_ld import Canonicalize
from identity.crypto.json_ld_contexts import Contexts

TYPE: Final = "DataIntegrityProof"
JCS: Final = "eddsa-jcs-2022"
RDFC: Final = "eddsa-rdfc-2022"
SUITES: Final = frozenset({JCS, RDFC})


def sign(
    document: Mapping[str, Any],
    *,
    suite: str,
    signer: proofs.Signer,
    purpose: str,
    created: datetime,
    contexts: Contexts,
) -> dict[str, Any]:
    """The document with a proof. It is our own: RDFC runs right here.

    Raises what `json_ld.canonical` raises, and CredentialProofRefused for what is not JSON.
    """
    options = {
        "type": TYPE,
        "cryptosuite": suite,
        "created": proofs.seconds_text(created),
        "verificationMethod": signer.method,
        "proofPurpose": purpose,
    }
    if suite == JCS:
        # §3.3.1: the context goes into the proof, so that more can be added to the document later.
        options = {"@context": document["@context"], **options}
    digest = _digest(document, options, contexts, json_ld.canonical)
    value = base58btc.encode_multibase(ed25519.sign(signer.key, digest))
    return {**document, "proof": {**options, "proofValue": value}}


def verify(
    document: Mapping[str, Any],
    *,
    expected_purpose: str,
    key_of: proofs.KeyOf,
    now: datetime,
    contexts: Contexts,
    canonicalize: Canonicalize,
) -> str:
    """Verify the one proof of a document and tell its suite.

    Raises CredentialProofRefused, CredentialUntimely, what `key_of` and `canonicalize` raise.
    """
    bare, options = proofs.taken_out(document)
    method = proofs.check_terms(options, expected_purpose=expected_purpose, now=now)
    value, suite = options.pop("proofValue", None), options.get("cryptosuite")
    if options.get("type") != TYPE or suite not in SUITES or not isinstance(value, str):
        raise CredentialProofRefused
    if suite == JCS and "@context" in options:
        _check_begins(bare.get("@context"), options["@context"])
        bare["@context"] = options["@context"]
    key = key_of(method)
    digest = _digest(bare, options, contexts, canonicalize)
    try:
        ed25519.verify(key, base58btc.decode_multibase(value), digest)
    except (ValueError, SignatureInvalid) as error:
        raise CredentialProofRefused from error
    return str(suite)


def _digest(
    document: Mapping[str, Any],
    options: Mapping[str, Any],
    contexts: Contexts,
    canonicalize: Canonicalize,
) -> bytes:
    """SHA-256 of the options and of the document, one behind the other (§3.2.4, §3.3.4)."""
    if options["cryptosuite"] == RDFC:
        proof = {**options, "@context": document["@context"]}
        texts = canonicalize([proof, document], contexts, is_rdfc=True)
    else:
        try:
            texts = [stable_json.text(options), stable_json.text(document)]
        except ValueError as error:
            raise CredentialProofRefused from error
    return b"".join(hashlib.sha256(text.encode()).digest() for text in texts)


def _check_begins(documents: Any, proofs_own: Any) -> None:
    """§3.3.2: the document's contexts begin with those of its proof, in the same order."""
    whole = documents if isinstance(documents, list) else [documents]
    start = proofs_own if isinstance(proofs_own, list) else [proofs_own]
    if whole[: len(start)] != start:
        raise CredentialProofRefused
