"""The short name of a credential of the data model 1.1, by which registries list it."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from identity.crypto import base58btc
from identity.crypto.errors import CredentialMalformed

_MEMBERS: Final = ("id", "type", "issuer", "issuanceDate")


def credential_hash(document: Mapping[str, Any]) -> str:
    """Base58 of SHA-256 of four members as compact JSON, in this order.

    It binds neither the subject nor the proof: it finds a credential and proves nothing. Raises
    CredentialMalformed.
    """
    if any(name not in document for name in _MEMBERS):
        raise CredentialMalformed
    members = {name: document[name] for name in _MEMBERS}
    text = json.dumps(members, separators=(",", ":"), ensure_ascii=False)
    return base58btc.encode(hashlib.sha256(text.encode()).digest())
