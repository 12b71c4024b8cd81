"""The channel: an AES key that the client made, wrapped for the scope's RSA key.

Whether a wrapped key can't be opened, is of the wrong length, or does not open what was encrypted:
the caller is told one thing, after the same work. A wrapped key that can't be opened is replaced
by a random one, so that the failure shows where every other one shows.
"""

import base64
import binascii
import os
from collections.abc import Sequence
from typing import Final

import orjson

from identity.crypto import aes_gcm, rsa
from identity.crypto.errors import DecryptionFailed

_LEAST: Final = aes_gcm.NONCE_SIZE + aes_gcm.TAG_SIZE
MOST_TEXT: Final = 256 * 1024
_MOST_WRAPPED: Final = 1024
_KEY_TEXT: Final = 44
"""32 bytes in padded base64: clients wrap this text, and not the bytes (specification §2)."""


class Channel:
    """An AES key, and what is left to do so that every failure costs the same."""

    __slots__ = ("_rest", "_wrapped", "key")

    def __init__(
        self, key: bytes, *, wrapped: bytes = b"", rest: Sequence[rsa.PrivateKey] = ()
    ) -> None:
        self.key = key
        self._wrapped, self._rest = wrapped, rest

    def open(self, text: str) -> bytes:
        """What is in `base64(nonce || cipher text || tag)`. Raises DecryptionFailed."""
        sealed = _bytes(text, most=MOST_TEXT)
        is_whole = len(sealed) >= _LEAST
        try:
            if is_whole:
                return aes_gcm.decrypt(
                    self.key,
                    nonce=sealed[: aes_gcm.NONCE_SIZE],
                    ciphertext=sealed[aes_gcm.NONCE_SIZE :],
                    associated=b"",
                )
        except DecryptionFailed:
            pass
        for key in self._rest:
            _try(key, self._wrapped)
        raise DecryptionFailed

    def seal(self, plaintext: bytes) -> str:
        """The same form for an answer, under a new random nonce."""
        nonce = os.urandom(aes_gcm.NONCE_SIZE)
        sealed = aes_gcm.encrypt(self.key, nonce=nonce, plaintext=plaintext, associated=b"")
        return base64.b64encode(nonce + sealed).decode()

    def seal_json(self, value: object) -> str:
        """`seal` for a JSON value."""
        return self.seal(orjson.dumps(value))


def unwrap(header: str, keys: Sequence[rsa.PrivateKey]) -> Channel:
    """The channel whose key this header holds; `keys` are tried in their order.

    Never fails: a header that none of them opens gives a channel under which nothing opens.
    """
    wrapped = _bytes(header, most=_MOST_WRAPPED)
    for tried, key in enumerate(keys, 1):
        plain = _try(key, wrapped)
        if plain is not None:
            return Channel(_key(plain), wrapped=wrapped, rest=keys[tried:])
    return Channel(os.urandom(aes_gcm.KEY_SIZE))


def _try(key: rsa.PrivateKey, wrapped: bytes) -> bytes | None:
    # Of the wrong length nothing is computed; the length is no secret, and the time is spent too.
    size = key.key.key_size // 8
    try:
        return rsa.decrypt(key, wrapped if len(wrapped) == size else bytes(size - 1) + b"\2")
    except DecryptionFailed:
        return None


def _key(plain: bytes) -> bytes:
    if len(plain) == aes_gcm.KEY_SIZE:
        return plain
    key = _bytes(plain.decode("latin-1"), most=_KEY_TEXT)
    return key if len(key) == aes_gcm.KEY_SIZE else os.urandom(aes_gcm.KEY_SIZE)


def _bytes(text: str, *, most: int) -> bytes:
    """The bytes of a base64 text in its one padded form; none for what is no such text."""
    if len(text) > most:
        return b""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        return b""
    return data if base64.b64encode(data).decode() == text else b""
