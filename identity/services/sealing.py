"""Sealing at rest under the deployment's key-encryption key, whoever holds that."""

import functools

from django.conf import settings
from django.utils.module_loading import import_string

from identity.crypto import sealing
from identity.crypto.pkcs11_token import Place
from identity.crypto.sealing import KeyEncryptionKey, LocalKeyEncryptionKey, Ring
from identity.crypto.token_keys import TokenKeyEncryptionKey


def seal(plaintext: bytes, *, purpose: str, subject: str) -> bytes:
    """Encrypt a value for storage.

    `purpose` says what the value is (`server-key.encryption`), `subject` whose it is (the row's
    id): both must be given again to open it. Raises SealUnavailable.
    """
    return sealing.seal(key_encryption_key(), plaintext, purpose=purpose, subject=subject)


def unseal(sealed: bytes, *, purpose: str, subject: str) -> bytes:
    """Open what `seal` made for the same purpose and subject.

    Raises SealBroken if anything was changed or its key is not here, SealUnavailable.
    """
    return sealing.unseal(key_encryption_key(), sealed, purpose=purpose, subject=subject)


def reseal(sealed: bytes, *, purpose: str, subject: str) -> bytes:
    """The same value under the key-encryption key of now.

    Raises SealBroken if it does not open here, SealUnavailable.
    """
    return sealing.reseal(key_encryption_key(), sealed, purpose=purpose, subject=subject)


def prove() -> None:
    """Seal and open a value that nobody keeps. Raises SealUnavailable, SealBroken."""
    sealed = seal(b"proof", purpose="proof", subject="proof")
    unseal(sealed, purpose="proof", subject="proof")


def key_encryption_key() -> KeyEncryptionKey:
    """Whoever holds the key: a provider that the settings name, a token, or this process.

    KEK_PROVIDER is the dotted path of a callable without arguments, KEK_TOKEN says where a
    PKCS #11 token is. Made once per process. Beside either of them KEY_ENCRYPTION_KEYS only open.
    """
    return _holder(settings.KEK_PROVIDER, settings.KEK_TOKEN, tuple(settings.KEY_ENCRYPTION_KEYS))


@functools.lru_cache(maxsize=4)
def _holder(path: str, token: Place | None, keys: tuple[bytes, ...]) -> KeyEncryptionKey:
    old = [LocalKeyEncryptionKey(keys[0], old=keys[1:])] if keys else []
    if path:
        provider: KeyEncryptionKey = import_string(path)()
        return Ring(provider, old) if old else provider
    if token is not None:
        return Ring(TokenKeyEncryptionKey(token), old) if old else TokenKeyEncryptionKey(token)
    return old[0]
