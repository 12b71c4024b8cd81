"""The secrets of managed keys in memory: each is unsealed and parsed once per process.

They are read here, used by `accounts.services.key_signatures`, and given to nobody else.
"""

import threading
from collections import OrderedDict
from typing import Final
from uuid import UUID

from accounts.models import ManagedKey
from identity.crypto import secp256k1
from identity.services import resealing, sealing

PURPOSE: Final = "managed-key.secret"
SEALED: Final = resealing.column(ManagedKey, "sealed_secret", purpose=PURPOSE)
MOST: Final = 4096
"""Keys kept, the least used go first; some 300 bytes each."""

_opened: OrderedDict[UUID, secp256k1.PrivateKey] = OrderedDict()
_lock = threading.Lock()


def sealed(key_id: UUID, secret: bytes) -> bytes:
    """What is stored of a new key: opens for this row's id alone. Raises SealUnavailable."""
    return sealing.seal(secret, purpose=PURPOSE, subject=str(key_id))


def get(key_id: UUID, sealed_secret: bytes) -> secp256k1.PrivateKey:
    """The key of a row that the caller has read in the scope in force just now.

    A row never changes its key, so what lies here is never stale. Whether its user may sign is the
    caller's question. Raises SealBroken, SealUnavailable.
    """
    with _lock:
        opened = _opened.get(key_id)
        if opened is not None:
            _opened.move_to_end(key_id)
            return opened
    secret = sealing.unseal(sealed_secret, purpose=PURPOSE, subject=str(key_id))
    opened = secp256k1.parse_private(secret)
    with _lock:
        _opened[key_id] = opened
        if len(_opened) > MOST:
            _opened.popitem(last=False)
    return opened


def forget_all() -> None:
    """Drop everything: the next use unseals again."""
    with _lock:
        _opened.clear()
