"""What is signed on the ledger in the database.

SHA-256 over the scope and the parts of a transaction, each with its length in front, behind a line
that no other protocol has: no signature is good for another transaction, scope or network.
"""

import hashlib
from typing import Final
from uuid import UUID

SIGNED: Final = b"countersign local ledger 1\n"
ACCOUNT: Final = b"account"
TOPIC: Final = b"topic"
MESSAGE: Final = b"message"


def digest(scope_id: UUID, transaction_id: str, kind: bytes, *parts: bytes) -> bytes:
    """What a transaction asks for, in 32 bytes; its signature is over `SIGNED` and these."""
    made = hashlib.sha256()
    for part in (scope_id.bytes, transaction_id.encode(), kind, *parts):
        made.update(len(part).to_bytes(4, "big") + part)
    return made.digest()


def of_message(
    scope_id: UUID, transaction_id: str, *, topic_id: str, key: bytes, message: bytes
) -> bytes:
    """The digest of a message to a topic, under its submit key."""
    return digest(scope_id, transaction_id, MESSAGE, topic_id.encode(), key, message)
