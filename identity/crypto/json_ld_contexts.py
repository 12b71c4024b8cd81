"""The JSON-LD contexts that are known here, by their addresses. None is ever fetched.

A context of one's own is addressed by its content: `ipfs://` and the CID of its bytes, so that
whoever has the bytes can see that they are what the address says.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import orjson

CREDENTIALS_V1: Final = "https://www.w3.org/2018/credentials/v1"
CREDENTIALS_V2: Final = "https://www.w3.org/ns/credentials/v2"
SECURITY_V2: Final = "https://w3id.org/security/v2"
DID_V1: Final = "https://www.w3.org/ns/did/v1"
SCHEME: Final = "ipfs://"
LARGEST: Final = 64 * 1024
_OF_CONTENT: Final = re.compile(r"ipfs://bafkrei[a-z2-7]{52}")
_FOLDER: Final = Path(__file__).with_name("contexts")
_FILES: Final = {
    CREDENTIALS_V1: "credentials-v1.json",
    CREDENTIALS_V2: "credentials-v2.json",
    "https://www.w3.org/ns/credentials/undefined-terms/v2": "undefined-terms-v2.json",
    DID_V1: "did-v1.json",
    "https://w3id.org/security/v1": "security-v1.json",
    SECURITY_V2: "security-v2.json",
    "https://w3id.org/security/data-integrity/v2": "data-integrity-v2.json",
    "https://w3id.org/security/suites/ed25519-2018/v1": "ed25519-2018-v1.json",
}
SHARED: Final = {
    "name": "https://schema.org/name",
    "description": "https://schema.org/description",
}
"""Protected by the data model 2.0: they may be defined again, but not otherwise."""

Contexts = Mapping[str, Mapping[str, Any]]
"""Documents with `@context`, by address."""


@cache
def bundled() -> Contexts:
    """The contexts that came with this program."""
    return {
        address: json.loads((_FOLDER / name).read_text("utf-8")) for address, name in _FILES.items()
    }


def for_fields(type_name: str, fields: tuple[str, ...]) -> Mapping[str, Any]:
    """A context that defines a type of subject and its fields, wherever they stand in it.

    The same names give the same context. Each term lies under one address that no other uses.
    """
    own = f"{SCHEME}{cid(orjson.dumps([type_name, *sorted(fields)]))}#"
    # Objects within the subject have the same terms, so these are handed on (JSON-LD 1.1 §4.1.3).
    terms: dict[str, Any] = {"@propagate": True}
    terms |= {name: SHARED.get(name, own + quote(name)) for name in sorted(fields)}
    return {
        "@context": {
            "@version": 1.1,
            "id": "@id",
            "type": "@type",
            type_name: {"@id": own + type_name, "@context": terms},
        }
    }


def content(document: Mapping[str, Any]) -> bytes:
    """A context as the bytes that its address is made of."""
    return orjson.dumps(document)


def address_of(data: bytes) -> str:
    """The address of a context by its bytes."""
    return SCHEME + cid(data)


def is_of_content(address: str) -> bool:
    """Whether an address is made of what it names."""
    return _OF_CONTENT.fullmatch(address) is not None


def cid(data: bytes) -> str:
    """CIDv1 of raw bytes by SHA-256, in base 32: what the content store of a ledger calls them."""
    # https://github.com/multiformats/cid: version 1, codec raw, multihash sha2-256 of 32 bytes.
    binary = b"\x01\x55\x12\x20" + hashlib.sha256(data).digest()
    return "b" + base64.b32encode(binary).decode().rstrip("=").lower()
