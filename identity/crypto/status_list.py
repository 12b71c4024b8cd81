"""Bitstring Status List 1.0: one bit for each credential, in a credential that anybody may read."""

import gzip
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from identity.crypto import base64url, json_ld_contexts, proofs
from identity.crypto.errors import CredentialStatusUnknown

SIZE: Final = 131_072
"""Bits of a list: the least there may be, so that a bit says little about whose it is (§6.1)."""
MOST_BYTES: Final = 1024 * 1024
"""Of a list once it is unpacked; nothing beyond is ever unpacked."""
MOST_PACKED: Final = 512 * 1024
ENTRY: Final = "BitstringStatusListEntry"
LIST: Final = "BitstringStatusList"
CREDENTIAL: Final = "BitstringStatusListCredential"
REVOCATION: Final = "revocation"
ENDING: Final = frozenset({REVOCATION, "suspension"})
"""Purposes whose bit says that a credential does not count."""
_GZIP: Final = 31
_MOST_DIGITS: Final = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """Where the status of a credential stands."""

    list_url: str
    index: int
    purpose: str


def entry(list_url: str, index: int) -> dict[str, Any]:
    """What a credential says about where its revocation would stand (§2.1)."""
    return {
        "id": f"{list_url}#{index}",
        "type": ENTRY,
        "statusPurpose": REVOCATION,
        "statusListIndex": str(index),
        "statusListCredential": list_url,
    }


def entries(document: Mapping[str, Any]) -> list[Entry]:
    """The statuses of a credential. Raises CredentialStatusUnknown for kinds we do not know."""
    if "credentialStatus" not in document:
        return []
    said = document["credentialStatus"]
    return [_entry(each) for each in (said if isinstance(said, list) and said else [said])]


def _entry(said: Any) -> Entry:
    match said:
        case {
            "type": "BitstringStatusListEntry",
            "statusPurpose": str(purpose),
            "statusListIndex": str(index),
            "statusListCredential": str(url),
        } if purpose in ENDING and said.get("statusSize", 1) == 1:
            # isdecimal takes digits of any script, which are not how an index is written.
            if index.isascii() and index.isdecimal() and len(index) <= _MOST_DIGITS:
                return Entry(url, int(index), purpose)
    raise CredentialStatusUnknown


def document(
    *, url: str, issuer: str, encoded: str, valid_from: datetime, valid_until: datetime
) -> dict[str, Any]:
    """A list as a credential without its proof; the same facts give the same bytes."""
    return {
        "@context": [json_ld_contexts.CREDENTIALS_V2],
        "id": url,
        "type": ["VerifiableCredential", CREDENTIAL],
        "issuer": issuer,
        "validFrom": proofs.seconds_text(valid_from),
        "validUntil": proofs.seconds_text(valid_until),
        "credentialSubject": {
            "id": f"{url}#list",
            "type": LIST,
            "statusPurpose": REVOCATION,
            "encodedList": encoded,
        },
    }


def encode(indexes: Iterable[int]) -> str:
    """The bits that are set, as multibase base64url of gzip (§3.3)."""
    bits = bytearray(SIZE // 8)
    for index in indexes:
        bits[index >> 3] |= 0x80 >> (index & 7)
    return "u" + base64url.encode(gzip.compress(bytes(bits), mtime=0))


def is_set(encoded: str, index: int) -> bool:
    """Whether the bit of an index is set; index 0 is the first and leftmost.

    Raises CredentialStatusUnknown for a list that is too short, too long or no list at all.
    """
    bits = _unpacked(encoded)
    if len(bits) * 8 < SIZE or not 0 <= index < len(bits) * 8:
        raise CredentialStatusUnknown
    return bool(bits[index >> 3] & (0x80 >> (index & 7)))


def encoded_list(credential: Mapping[str, Any], *, expected: Entry) -> str:
    """The packed bits of a list whose proof was verified, if it is the list that is meant.

    Raises CredentialStatusUnknown for another list, or one of another purpose (§3.2).
    """
    match credential:
        case {
            "id": str(url),
            "type": [*types],
            "credentialSubject": {
                "type": "BitstringStatusList",
                "statusPurpose": str(purpose),
                "encodedList": str(encoded),
            },
        } if url == expected.list_url and CREDENTIAL in types and purpose == expected.purpose:
            return encoded
    raise CredentialStatusUnknown


def _unpacked(encoded: str) -> bytes:
    if not encoded.startswith("u") or len(encoded) > MOST_PACKED:
        raise CredentialStatusUnknown
    try:
        packed = base64url.decode(encoded[1:])
        unpacker = zlib.decompressobj(_GZIP)
        # One byte beyond the most tells a bomb without unpacking it.
        bits = unpacker.decompress(packed, MOST_BYTES + 1)
    except (ValueError, zlib.error) as error:
        raise CredentialStatusUnknown from error
    if len(bits) > MOST_BYTES or not unpacker.eof or unpacker.unused_data:
        raise CredentialStatusUnknown
    return bits
