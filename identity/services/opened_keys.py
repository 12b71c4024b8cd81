"""Private server keys in memory: each is unsealed and parsed once per process."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from identity import errors
from identity.crypto import ecdsa_p256, ed25519, rsa
from identity.models import ServerKey
from identity.scoping import current
from identity.services import resealing, sealing

PrivateKey = rsa.PrivateKey | ecdsa_p256.PrivateKey | ed25519.PrivateKey

MOST: Final = 4096
"""Keys kept, the least used go first: a few per scope, about 6 KiB each."""


@dataclass(frozen=True, slots=True)
class _Opened:
    scope_id: UUID
    key: PrivateKey = field(repr=False)


_opened: OrderedDict[UUID, _Opened] = OrderedDict()
_lock = threading.Lock()


def sealed_as(purpose: str) -> str:
    """The purpose under which private halves of this kind of server key are sealed."""
    return f"server-key.{purpose}"


SEALED: Final = resealing.Column(
    ServerKey, "sealed_private", purpose=lambda row: sealed_as(row.purpose)
)


def get(key_id: UUID) -> PrivateKey:
    """The private key of a row of the scope in force.

    The memory is asked for the scope too, so a foreign id opens nothing even when that key lies
    here. A row never changes its key, so what lies here is never stale; whether the key may still
    be used is the caller's question. Raises Missing, SealBroken, SealUnavailable.
    """
    scope_id = current.required_scope()
    with _lock:
        opened = _opened.get(key_id)
        if opened is not None:
            _opened.move_to_end(key_id)
    if opened is None:
        opened = _Opened(scope_id, _load(key_id))
        with _lock:
            _opened[key_id] = opened
            if len(_opened) > MOST:
                _opened.popitem(last=False)
    if opened.scope_id != scope_id:
        raise errors.Missing("There is no such key.")
    return opened.key


def forget(key_id: UUID) -> None:
    """Drop a key that was retired from this process's memory."""
    with _lock:
        _opened.pop(key_id, None)


def forget_all() -> None:
    """Drop everything: the next use unseals again."""
    with _lock:
        _opened.clear()


def _load(key_id: UUID) -> PrivateKey:
    row = ServerKey.objects.filter(id=key_id).first()
    if row is None or row.status == ServerKey.Status.RETIRED:
        raise errors.Missing("There is no such key.")
    sealed = bytes(row.sealed_private)
    plain = sealing.unseal(sealed, purpose=sealed_as(row.purpose), subject=str(row.id))
    if row.purpose == ServerKey.Purpose.ENCRYPTION:
        # Our own key under our own seal: checking its primes would cost 28 ms.
        return rsa.load_private(plain, trusted=True)
    if row.purpose == ServerKey.Purpose.APPLICATION:
        return ed25519.parse_private(plain)
    return ecdsa_p256.parse_private(plain.hex())
