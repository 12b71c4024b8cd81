"""The hash that runs through a topic: version 3 of the public network's recipe.

SHA-384 over the hash before, the version, payer, topic, time, sequence number and the SHA-384 of
the message: https://docs.hedera.com/hedera/sdks-and-apis/rest-api (running_hash_version 3).
"""

import hashlib
from typing import Final

EMPTY: Final = bytes(48)
_VERSION: Final = 3
_SECOND: Final = 10**9


def after(
    before: bytes, *, payer: int, topic: int, timestamp: int, sequence: int, message: bytes
) -> bytes:
    """The hash of a topic with this message: 48 bytes. `timestamp` is in nanoseconds."""
    digest = hashlib.sha384(before)
    seconds, nanoseconds = divmod(timestamp, _SECOND)
    # Payer and topic are three numbers each; shard and realm are 0 here.
    for number in (_VERSION, 0, 0, payer, 0, 0, topic, seconds):
        digest.update(number.to_bytes(8, "big"))
    digest.update(nanoseconds.to_bytes(4, "big"))
    digest.update(sequence.to_bytes(8, "big"))
    digest.update(hashlib.sha384(message).digest())
    return digest.digest()
