"""RSA keys dealt from a ring: real keys, made once on a machine instead of once in every test.

Making them would be half of a test run, so they are kept in a folder for the next process. Within
one module no key is dealt twice, and never one that somebody still holds (a constant of a module, a
cache).
"""

import os
import sys
import tempfile
import threading
from pathlib import Path
from typing import Final

from identity.crypto import rsa

# The list, the name in `deal` and the argument of the question itself.
_OUR_OWN: Final = 3


class Ring:
    """Deals keys of the usual size in a fixed order, from the first one again when told to."""

    def __init__(self) -> None:
        self._make = rsa.generate
        self._keys: list[rsa.PrivateKey] = []
        self._dealt = 0
        self._lock = threading.Lock()

    def deal(self, bits: int = rsa.LEAST_BITS) -> rsa.PrivateKey:
        """The next key; one of another size is made anew."""
        if bits != rsa.LEAST_BITS:
            return self._make(bits)
        with self._lock:
            while self._dealt < len(self._keys):
                key = self._keys[self._dealt]
                self._dealt += 1
                if sys.getrefcount(key) <= _OUR_OWN:
                    return key
            key = self._kept(len(self._keys))
            self._dealt += 1
            self._keys.append(key)
            return key

    def begin_again(self) -> None:
        with self._lock:
            self._dealt = 0

    def _kept(self, number: int) -> rsa.PrivateKey:
        """The key of this number, for whichever process asks first to make."""
        kept = _folder() / f"{rsa.LEAST_BITS}-{number}"
        if kept.exists():
            return rsa.load_private(kept.read_bytes(), trusted=True)
        key = self._make(rsa.LEAST_BITS)
        new = kept.with_suffix(f".{os.getpid()}")
        new.write_bytes(rsa.private_der(key))
        new.rename(kept)
        return key


def _folder() -> Path:
    folder = Path(tempfile.gettempdir()) / f"countersign-test-keys-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder
