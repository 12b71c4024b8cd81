"""Proofs of the type Ed25519Signature2018, as credentials of the data model 1.1 carry them.

The signature is a JWS without its payload (RFC 7797), over SHA-256 of the proof's options and of
the document, each as N-Quads in the canonical form of 2015.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from identity.crypto import base64url, ed25519, json_ld, json_ld_contexts, proofs
from identity.crypto.errors import CredentialProofRefused, SignatureInvalid
from identity.crypto.json_ld import Canonicalize
from identity.crypto.json_ld_contexts import Contexts

TYPE: Final = "Ed25519Signature2018"
# The one header there is: a signature names no algorithm that we would have to believe.
_HEADER: Final = base64url.encode(b'{"alg":"EdDSA","b64":false,"crit":["b64"]}')
_LONGEST: Final = 512
_MEMBERS: Final = frozenset({"type", "created", "verificationMethod", "proofPurpose", "jws"})


def sign(
    document: Mapping[str, Any],
    *,
    signer: proofs.Signer,
    purpose: str,
    created: datetime,
    contexts: Contexts,
) -> dict[str, Any]:
    """The document with a proof. It is our own: the graph is brought in order right here.

    Raises what `json_ld.canonical` raises.
    """
    options = {
        "type": TYPE,
        "created": proofs.seconds_text(created),
        "verificationMethod": signer.method,
        "proofPurpose": purpose,
    }
    message = _message(document, options, contexts, json_ld.canonical)
    jws = f"{_HEADER}..{base64url.encode(ed25519.sign(signer.key, message))}"
    return {**document, "proof": {**options, "jws": jws}}


def verify(
    document: Mapping[str, Any],
    *,
    expected_purpose: str,
    key_of: proofs.KeyOf,
    now: datetime,
    contexts: Contexts,
    canonicalize: Canonicalize,
) -> str:
    """Verify the one proof of a document and tell its type.

    Raises CredentialProofRefused, CredentialUntimely, what `key_of` and `canonicalize` raise.
    """
    bare, options = proofs.taken_out(document)
    method = proofs.check_terms(options, expected_purpose=expected_purpose, now=now)
    jws = options.pop("jws", None)
    if options.get("type") != TYPE or set(options) | {"jws"} != _MEMBERS:
        raise CredentialProofRefused
    if not isinstance(jws, str) or len(jws) > _LONGEST:
        raise CredentialProofRefused
    header, _, signature = jws.partition("..")
    if header != _HEADER:
        raise CredentialProofRefused
    key = key_of(method)
    message = _message(bare, options, contexts, canonicalize)
    try:
        ed25519.verify(key, base64url.decode(signature), message)
    except (ValueError, SignatureInvalid) as error:
        raise CredentialProofRefused from error
    return TYPE


def _message(
    document: Mapping[str, Any],
    options: Mapping[str, Any],
    contexts: Contexts,
    canonicalize: Canonicalize,
) -> bytes:
    proof = {**options, "@context": json_ld_contexts.SECURITY_V2}
    texts = canonicalize([proof, document], contexts, is_rdfc=False)
    digests = b"".join(hashlib.sha256(text.encode()).digest() for text in texts)
    return _HEADER.encode() + b"." + digests
