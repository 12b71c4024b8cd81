"""Keys of DID documents: which Ed25519 key a verification method names, and for which purpose.

Only documents that are here already are read; nothing is resolved over the network.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from identity.crypto import base58btc, base64url, did_key, ed25519
from identity.crypto.errors import (
    AddressInvalid,
    CredentialIssuerUnknown,
    CredentialProofRefused,
    KeyInvalid,
)

Resolve = Callable[[str], Mapping[str, Any] | None]
"""The document of a DID, None if it is not known."""
ASSERTION: Final = "assertionMethod"
_ED25519: Final = b"\xed\x01"
_MOST_METHODS: Final = 64


def key_of(did: str, method: str, *, purpose: str, resolve: Resolve) -> ed25519.PublicKey:
    """The key that a DID's own document names under `method` for a purpose.

    Raises CredentialIssuerUnknown for a DID without a document, CredentialProofRefused for a method
    that is not the DID's, not for this purpose, or of another kind of key.
    """
    if method.partition("#")[0] != did:
        raise CredentialProofRefused
    if did.startswith(did_key.PREFIX):
        return _of_did_key(did, method)
    document = resolve(did)
    if document is None:
        raise CredentialIssuerUnknown
    found = _method(document, did, method, purpose)
    if found.get("controller") != did:
        raise CredentialProofRefused
    try:
        return ed25519.parse_foreign_public(_raw(found))
    except (ValueError, KeyInvalid) as error:
        raise CredentialProofRefused from error


def method_of_key(public: ed25519.PublicKey) -> str:
    """The verification method of a key's own DID, the one that `did:key` has."""
    did = did_key.of_key(public)
    return f"{did}#{did.removeprefix(did_key.PREFIX)}"


def _of_did_key(did: str, method: str) -> ed25519.PublicKey:
    try:
        point = did_key.parse(did).point
    except AddressInvalid as error:
        raise CredentialIssuerUnknown from error
    if not isinstance(point, ed25519.PublicKey) or method != method_of_key(point):
        raise CredentialProofRefused
    return point


def _method(document: Mapping[str, Any], did: str, method: str, purpose: str) -> Mapping[str, Any]:
    """The method as the document has it, once and in the list of its purpose (DID Core §5.3)."""
    if document.get("id") != did:
        raise CredentialIssuerUnknown
    declared, listed = document.get("verificationMethod", []), document.get(purpose, [])
    if not isinstance(declared, list) or not isinstance(listed, list):
        raise CredentialProofRefused
    if len(declared) + len(listed) > _MOST_METHODS:
        raise CredentialProofRefused
    found = [
        each
        for each in (*declared, *listed)
        if isinstance(each, Mapping) and _full(did, each.get("id")) == method
    ]
    names = [each.get("id") if isinstance(each, Mapping) else each for each in listed]
    if len(found) != 1 or method not in [_full(did, name) for name in names]:
        raise CredentialProofRefused
    return found[0]


def _full(did: str, name: Any) -> Any:
    return f"{did}{name}" if isinstance(name, str) and name.startswith("#") else name


def _raw(method: Mapping[str, Any]) -> bytes:
    match method:
        case {"type": "Ed25519VerificationKey2018", "publicKeyBase58": str(text)}:
            return base58btc.decode(text)
        case {"type": "Ed25519VerificationKey2020" | "Multikey", "publicKeyMultibase": str(text)}:
            data = base58btc.decode_multibase(text)
            if data[:2] != _ED25519:
                raise KeyInvalid
            return data[2:]
        case {
            "type": "JsonWebKey" | "JsonWebKey2020",
            "publicKeyJwk": {"kty": "OKP", "crv": "Ed25519", "x": str(text)},
        }:
            return base64url.decode(text)
    raise KeyInvalid
