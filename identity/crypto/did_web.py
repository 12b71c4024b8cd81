"""`did:web`: a DID that is an address on the web, and the document that is read there.

Ports are written `%3A`, segments of the path with colons (did:web method specification).
"""

import re
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from identity.crypto import did_key, did_key_document, ecdsa_p256
from identity.crypto.errors import DidInvalid

PREFIX: Final = "did:web:"
LONGEST: Final = 512
CONTEXTS: Final = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/jws-2020/v1")
_SEGMENT: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_HOST: Final = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*"
_DID: Final = re.compile(rf"{PREFIX}{_HOST}(?:%3A[1-9][0-9]{{0,4}})?(?::{_SEGMENT.pattern})*")


def identifier(base_url: str, *segments: str) -> str:
    """The DID whose document is read at `base_url`/segment/…/did.json.

    Segments are words of ASCII letters, digits, hyphens and underscores: nothing that could be read
    as another path. Raises DidInvalid.
    """
    address = urlsplit(base_url)
    host = (address.hostname or "").lower()
    port = f"%3A{address.port}" if address.port else ""
    parts = [*filter(None, address.path.split("/")), *segments]
    if not all(_SEGMENT.fullmatch(part) for part in parts):
        raise DidInvalid("The address has parts that a DID cannot name.")
    return parse(":".join([f"{PREFIX}{host}{port}", *parts]))


def parse(did: str) -> str:
    """The DID itself, if it is in its one form. Raises DidInvalid."""
    if len(did) > LONGEST or not _DID.fullmatch(did):
        raise DidInvalid("Send a DID of the method web in lower case, without a fragment.")
    return did


def document(*, did: str, keys: Sequence[ecdsa_p256.PublicKey]) -> dict[str, Any]:
    """A document of P-256 keys that sign and authenticate.

    A method is named after its key, so that no name ever stands for two keys; without keys there
    are no methods, and nobody can act for the DID.
    """
    methods = [
        {
            "id": f"{did}#{did_key.of_key(key).removeprefix(did_key.PREFIX)}",
            "type": "JsonWebKey2020",
            "controller": did,
            "publicKeyJwk": did_key_document.jwk(key),
        }
        for key in keys
    ]
    named = [method["id"] for method in methods]
    return {
        "@context": list(CONTEXTS),
        "id": did,
        "verificationMethod": methods,
        "authentication": named,
        "assertionMethod": named,
    }
