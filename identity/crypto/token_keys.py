"""Key-encryption keys in a PKCS #11 token (an HSM, or SoftHSM2), which they never leave.

The token encrypts data keys by CKM_AES_GCM. All calls of a process go through one session, one
after the other: the library tells the token's module that there is a single thread (C_Initialize
without arguments), and lets other Python threads run meanwhile.
"""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from identity.crypto import aes_gcm, pkcs11_token
from identity.crypto.errors import SealBroken, SealUnavailable
from identity.crypto.pkcs11_token import Keys, Place, Unusable

PATIENCE: Final = 10.0
"""Seconds that a call waits for those before it: a module that hangs must not hold everybody."""
PAUSE: Final = 1.0
"""Seconds after a failure to open the token in which nobody tries again."""
_PROBE: Final = b"probe"
_ELSEWHERE: Final = "The wrapped key was changed or belongs elsewhere."

_log = logging.getLogger(__name__)


class TokenKeyEncryptionKey:
    """Keys of a token, named after their CKA_ID.

    The session is made when first needed, and anew in a forked process and after the token went
    away. A refused PIN is not tried again in this process. What SealUnavailable has as its cause
    (`Unusable`) says why, for operators.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._keys: Keys | None = None
        self._active: str | None = None
        self._refusal: Unusable | None = None
        self._quiet_until, self._last_reason = 0.0, ""
        self._is_paused = False
        self._lock = threading.Lock()
        # Nobody forks in the midst of a call: the child would have the module half-way.
        os.register_at_fork(
            before=self._pause, after_in_parent=self._go_on, after_in_child=self._begin_in_child
        )

    @property
    def kek_id(self) -> str:
        """The name of the key that seals; the same as long as the process lives."""
        if self._active is None:
            with self._turn():
                self._active = self._opened().active
        return self._active

    def opens(self, kek_id: str) -> bool:
        """Whether this is one of the configured keys. Raises SealUnavailable if it may be one."""
        if not kek_id.startswith(pkcs11_token.PREFIX):
            return False
        with self._turn():
            return kek_id in self._opened().found

    def wrap(self, key: bytes, *, context: bytes) -> bytes:
        """AES-256-GCM in the token with a random nonce in front. Raises SealUnavailable."""
        nonce = os.urandom(aes_gcm.NONCE_SIZE)

        def work(keys: Keys) -> bytes:
            active = keys.found[keys.active]
            return pkcs11_token.encrypt(active, nonce=nonce, plaintext=key, associated=context)

        try:
            return nonce + self._ask(work)
        except SealBroken as error:
            raise SealUnavailable from Unusable(f"The token does not encrypt: {error.__cause__}.")

    def unwrap(self, wrapped: bytes, *, kek_id: str, context: bytes) -> bytes:
        """Open with the named key of the token. Raises SealBroken, SealUnavailable."""
        if not self.opens(kek_id):
            raise SealBroken(
                f"The value is sealed under the key {kek_id}, which is not configured here."
            )
        if len(wrapped) < aes_gcm.NONCE_SIZE + aes_gcm.TAG_SIZE:
            raise SealBroken("The wrapped key is cut short.")
        nonce, sealed = wrapped[: aes_gcm.NONCE_SIZE], wrapped[aes_gcm.NONCE_SIZE :]

        def work(keys: Keys) -> bytes:
            key = keys.found.get(kek_id)
            if key is None:
                raise SealBroken(f"The key {kek_id} is no longer in the token.")
            return pkcs11_token.decrypt(key, nonce=nonce, ciphertext=sealed, associated=context)

        return self._ask(work)

    def _ask(self, work: Callable[[Keys], bytes]) -> bytes:
        """The token's answer, asked for a second time in a new session if the first one is dead.

        Modules have many words for a session that ended, and SoftHSM2 says CKR_GENERAL_ERROR of a
        cipher text that was changed: a probe tells the one from the other. Raises SealBroken when
        the token works and still refuses, SealUnavailable when it does not work.
        """
        with self._turn():
            keys = self._opened()
            try:
                return work(keys)
            except pkcs11_token.failures() as error:
                if _works(keys):
                    raise SealBroken(_ELSEWHERE) from error
            self._keys = None
            keys = self._opened()
            try:
                return work(keys)
            except pkcs11_token.failures() as error:
                if _works(keys):
                    raise SealBroken(_ELSEWHERE) from error
                self._keys = None
                raise SealUnavailable from Unusable(f"The token failed: {error!r}.")

    def _opened(self) -> Keys:
        if self._keys is not None:
            return self._keys
        if self._refusal is not None:
            raise SealUnavailable from self._refusal
        if time.monotonic() < self._quiet_until:
            raise SealUnavailable from Unusable(f"A moment ago: {self._last_reason}")
        try:
            keys = self._found()
        except Unusable as reason:
            self._quiet_until, self._last_reason = time.monotonic() + PAUSE, str(reason)
            if isinstance(reason, pkcs11_token.PinRefused):
                self._refusal = reason
            _log.warning("The key-encryption key is out of reach. %s", reason)
            raise SealUnavailable from reason
        self._keys = keys
        return keys

    def _found(self) -> Keys:
        keys = pkcs11_token.open_keys(self._place)
        # Somebody may have been told the name just now, and seals under it next.
        if self._active not in {None, keys.active}:
            raise Unusable("The label of the key that seals names another key now: restart.")
        return keys

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        # Bound to this lock: a fork in the block puts another one in its place in the child.
        lock = self._lock
        if not lock.acquire(timeout=PATIENCE):
            raise SealUnavailable from Unusable("The token's module does not come back.")
        try:
            yield
        finally:
            lock.release()

    def _pause(self) -> None:
        self._is_paused = self._lock.acquire(timeout=PATIENCE)

    def _go_on(self) -> None:
        if self._is_paused:
            self._lock.release()

    def _begin_in_child(self) -> None:
        self._lock = threading.Lock()
        self._keys = None


def _works(keys: Keys) -> bool:
    key, nonce = keys.found[keys.active], os.urandom(aes_gcm.NONCE_SIZE)
    try:
        sealed = pkcs11_token.encrypt(key, nonce=nonce, plaintext=_PROBE, associated=_PROBE)
        opened = pkcs11_token.decrypt(key, nonce=nonce, ciphertext=sealed, associated=_PROBE)
    except pkcs11_token.failures():
        return False
    return opened == _PROBE
