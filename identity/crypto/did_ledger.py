"""DIDs whose documents stand in a topic of a public ledger, and the document of such a DID.

    did:<method>:<network>:<Base58 of SHA-256 of the root key>_<topic>

The method's name and the document are those of the clients that read them: no other order of
members, no other types. Older clients wrote the topic as a parameter; that form is not read, so
that a DID is one text.
"""

import hashlib
import re
from typing import Any, Final, NamedTuple

from identity.crypto import base58btc, ed25519
from identity.crypto.errors import DidInvalid, KeyInvalid

PREFIX: Final = "did:hedera:"
LONGEST: Final = 160
ROOT_KEY: Final = "did-root-key"
BBS_KEY: Final = "did-root-key-bbs"
ED25519: Final = "Ed25519VerificationKey2018"
BBS: Final = "Bls12381G2Key2020"
CONTEXT: Final = "https://www.w3.org/ns/did/v1"
_NUMBER: Final = "(?:0|[1-9][0-9]{0,18})"
_NETWORK: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
_TOPIC: Final = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}")
_DID: Final = re.compile(
    rf"{PREFIX}({_NETWORK.pattern}):([1-9A-HJ-NP-Za-km-z]{{32,44}})_({_TOPIC.pattern})"
)


class LedgerDid(NamedTuple):
    """The parts of a DID; `identifier` is Base58 of 32 bytes."""

    network: str
    identifier: str
    topic_id: str


def identifier(*, network: str, public_key: bytes, topic_id: str) -> str:
    """The DID of a root key of 32 bytes, whose document stands in a topic.

    Raises KeyInvalid, DidInvalid.
    """
    if not _NETWORK.fullmatch(network) or not _TOPIC.fullmatch(topic_id):
        raise DidInvalid("A network is a word, a topic three numbers with points between them.")
    return f"{PREFIX}{network}:{hashed(public_key)}_{topic_id}"


def parse(did: str) -> LedgerDid:
    """Read a DID in its one form, without a fragment. Raises DidInvalid."""
    found = _DID.fullmatch(did) if len(did) <= LONGEST else None
    if found is None or len(base58btc.decode(found[2])) != hashlib.sha256().digest_size:
        raise DidInvalid("Send a DID of the ledger with network, identifier and topic.")
    return LedgerDid(found[1], found[2], found[3])


def hashed(public_key: bytes) -> str:
    """What stands in the DID for a root key: Base58 of its SHA-256. Raises KeyInvalid."""
    if len(public_key) != ed25519.KEY_SIZE:
        raise KeyInvalid("An Ed25519 public key has 32 bytes.")
    return base58btc.encode(hashlib.sha256(public_key).digest())


def root_method(did: str) -> str:
    """The id of the verification method that signs for the DID."""
    return f"{did}#{ROOT_KEY}"


def document(*, did: str, public_key: bytes, bbs_public_key: bytes) -> dict[str, Any]:
    """The DID's document, its members in the order in which they are published.

    `assertionMethod` names the methods relatively and everything else in full: that is how the
    clients of this method write it.
    """
    methods = ((ROOT_KEY, ED25519, public_key), (BBS_KEY, BBS, bbs_public_key))
    return {
        "id": did,
        "@context": CONTEXT,
        "verificationMethod": [
            {
                "id": f"{did}#{name}",
                "type": kind,
                "controller": did,
                "publicKeyBase58": base58btc.encode(key),
            }
            for name, kind, key in methods
        ],
        "authentication": [root_method(did)],
        "assertionMethod": [f"#{name}" for name, _, _ in methods],
    }
