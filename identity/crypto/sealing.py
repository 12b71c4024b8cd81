"""Sealing at rest: values that only this deployment's key-encryption key can open.

Format 1, all lengths in bytes, numbers big-endian:

    1 | length of kek_id (1) | kek_id | length of wrapped key (2) | wrapped key | nonce (12) |
    AES-256-GCM(data key, nonce, plaintext, associated)

Each value has a data key of its own, which the provider wraps. Purpose and subject are bound to
both the wrapping and the value, so a sealed value moved to another row does not open there.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from identity.crypto import aes_gcm
from identity.crypto.errors import DecryptionFailed, SealBroken

_VERSION: Final = 1


class KeyEncryptionKey(Protocol):
    """Whoever holds the key-encryption key: a local key, a PKCS #11 token, a cloud KMS.

    A provider is made once per process and used by many threads at once. It keeps no data key.
    The data key is 32 random bytes; what `wrap` returns is opaque here and at most 65,535 bytes.

    - PKCS #11: `identity.crypto.token_keys`.
    - Cloud KMS: `wrap` is Encrypt, `context` (in base64) its encryption context or additional
      authenticated data; `kek_id` is the name of the key *version*.
    """

    @property
    def kek_id(self) -> str:
        """Names the key that `wrap` uses now: 1 to 255 bytes of UTF-8, never reused.

        Raises SealUnavailable if that has to be asked and cannot be.
        """
        ...

    def opens(self, kek_id: str) -> bool:
        """Whether `unwrap` is to be asked about this key: it is, or may be, one of this holder's.

        Raises SealUnavailable if that has to be asked and cannot be.
        """
        ...

    def wrap(self, key: bytes, *, context: bytes) -> bytes:
        """Encrypt a data key, bound to `context`. Raises SealUnavailable if not reachable."""
        ...

    def unwrap(self, wrapped: bytes, *, kek_id: str, context: bytes) -> bytes:
        """Open what `wrap` made under the key `kek_id`, which may be an old one.

        Raises SealBroken for an unknown key, changed bytes or another context, and
        SealUnavailable if the holder of the key is not reachable.
        """
        ...


class LocalKeyEncryptionKey:
    """Key-encryption keys of 32 bytes in memory, read from a file or the environment.

    The first one wraps; all of them unwrap, so that old values stay open while they are sealed
    anew under a new key.
    """

    def __init__(self, active: bytes, old: Sequence[bytes] = ()) -> None:
        for key in (active, *old):
            if len(key) != aes_gcm.KEY_SIZE:
                raise ValueError("a key-encryption key has 32 bytes")
        self._keys = {_local_id(key): key for key in (*old, active)}
        self._active = _local_id(active)

    @property
    def kek_id(self) -> str:
        """The active key's name, made from its digest."""
        return self._active

    def opens(self, kek_id: str) -> bool:
        """Whether this is one of the keys here."""
        return kek_id in self._keys

    def wrap(self, key: bytes, *, context: bytes) -> bytes:
        """AES-256-GCM under the active key with a random nonce in front."""
        nonce = os.urandom(aes_gcm.NONCE_SIZE)
        active = self._keys[self._active]
        return nonce + aes_gcm.encrypt(active, nonce=nonce, plaintext=key, associated=context)

    def unwrap(self, wrapped: bytes, *, kek_id: str, context: bytes) -> bytes:
        """Open with the named key. Raises SealBroken."""
        key = self._keys.get(kek_id)
        if key is None:
            raise SealBroken(
                f"The value is sealed under the key {kek_id}, which is not configured here."
            )
        if len(wrapped) < aes_gcm.NONCE_SIZE + aes_gcm.TAG_SIZE:
            raise SealBroken("The wrapped key is cut short.")
        nonce, ciphertext = wrapped[: aes_gcm.NONCE_SIZE], wrapped[aes_gcm.NONCE_SIZE :]
        try:
            return aes_gcm.decrypt(key, nonce=nonce, ciphertext=ciphertext, associated=context)
        except DecryptionFailed as error:
            raise SealBroken("The wrapped key was changed or belongs elsewhere.") from error


class Ring:
    """Several holders: the first one seals, and each opens what it sealed.

    For a move from one holder to another, until everything is sealed anew.
    """

    def __init__(self, active: KeyEncryptionKey, old: Sequence[KeyEncryptionKey]) -> None:
        self._active = active
        self._holders = (active, *old)

    @property
    def kek_id(self) -> str:
        """The name of the first holder's key."""
        return self._active.kek_id

    def opens(self, kek_id: str) -> bool:
        """Whether one of the holders is to be asked about this key."""
        return any(holder.opens(kek_id) for holder in self._holders)

    def wrap(self, key: bytes, *, context: bytes) -> bytes:
        """As the first holder does it."""
        return self._active.wrap(key, context=context)

    def unwrap(self, wrapped: bytes, *, kek_id: str, context: bytes) -> bytes:
        """As the first holder that says it opens this key. Raises SealBroken if none does."""
        for holder in self._holders:
            if holder.opens(kek_id):
                return holder.unwrap(wrapped, kek_id=kek_id, context=context)
        raise SealBroken(f"The value is sealed under the key {kek_id}, which nobody here holds.")


@dataclass(frozen=True, slots=True)
class _Parts:
    kek_id: str
    wrapped: bytes
    nonce: bytes
    ciphertext: bytes


def seal(kek: KeyEncryptionKey, plaintext: bytes, *, purpose: str, subject: str) -> bytes:
    """Encrypt a value for storage.

    `purpose` says what the value is (`server-key.encryption`), `subject` whose it is (the row's
    id); both must be given again to open it. Raises SealUnavailable.
    """
    kek_id = kek.kek_id
    associated = _associated(kek_id, purpose, subject)
    data_key, nonce = os.urandom(aes_gcm.KEY_SIZE), os.urandom(aes_gcm.NONCE_SIZE)
    wrapped = kek.wrap(data_key, context=associated)
    ciphertext = aes_gcm.encrypt(data_key, nonce=nonce, plaintext=plaintext, associated=associated)
    return heading(kek_id) + len(wrapped).to_bytes(2, "big") + wrapped + nonce + ciphertext


def unseal(kek: KeyEncryptionKey, sealed: bytes, *, purpose: str, subject: str) -> bytes:
    """Open what `seal` made for the same purpose and subject.

    Raises SealBroken if anything was changed or the key is not here, SealUnavailable if the
    provider cannot be reached.
    """
    parts = _split(sealed)
    associated = _associated(parts.kek_id, purpose, subject)
    data_key = kek.unwrap(parts.wrapped, kek_id=parts.kek_id, context=associated)
    if len(data_key) != aes_gcm.KEY_SIZE:
        raise SealBroken("The key that was wrapped has the wrong size.")
    try:
        return aes_gcm.decrypt(
            data_key, nonce=parts.nonce, ciphertext=parts.ciphertext, associated=associated
        )
    except DecryptionFailed as error:
        raise SealBroken("The sealed value was changed or belongs elsewhere.") from error


def reseal(kek: KeyEncryptionKey, sealed: bytes, *, purpose: str, subject: str) -> bytes:
    """Seal the same value anew under the active key, for the rotation of the key-encryption key.

    Raises as `unseal` and `seal` do.
    """
    plaintext = unseal(kek, sealed, purpose=purpose, subject=subject)
    return seal(kek, plaintext, purpose=purpose, subject=subject)


def kek_id_of(sealed: bytes) -> str:
    """The key-encryption key that a value waits for: tells what has to be sealed anew.

    Raises SealBroken for bytes that are no sealed value.
    """
    return _split(sealed).kek_id


def heading(kek_id: str) -> bytes:
    """What every value begins with that is sealed under this key-encryption key."""
    name = kek_id.encode()
    return bytes((_VERSION, len(name))) + name


def _split(sealed: bytes) -> _Parts:
    if len(sealed) < 2 or sealed[0] != _VERSION:
        raise SealBroken("The value has no format that is known here.")
    name_end = 2 + sealed[1]
    wrapped_end = name_end + 2 + int.from_bytes(sealed[name_end : name_end + 2], "big")
    nonce_end = wrapped_end + aes_gcm.NONCE_SIZE
    if len(sealed) < nonce_end + aes_gcm.TAG_SIZE:
        raise SealBroken("The sealed value is cut short.")
    try:
        kek_id = sealed[2:name_end].decode()
    except UnicodeDecodeError as error:
        raise SealBroken("The sealed value names no key.") from error
    return _Parts(
        kek_id=kek_id,
        wrapped=sealed[name_end + 2 : wrapped_end],
        nonce=sealed[wrapped_end:nonce_end],
        ciphertext=sealed[nonce_end:],
    )


def _associated(kek_id: str, purpose: str, subject: str) -> bytes:
    # Each part carries its length, so that no two triples give the same bytes.
    parts = [part.encode() for part in (kek_id, purpose, subject)]
    return bytes((_VERSION,)) + b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _local_id(key: bytes) -> str:
    return "local:" + hashlib.sha256(b"countersign-kek-id/1" + key).hexdigest()[:16]
