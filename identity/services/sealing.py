"""Sealing at rest under the deployment's key-encryption key, whoever holds that."""

import functools

from django.conf import settings
from django.utils.module_loading import import_string

from identity.crypto import sealing
from identity.crypto.sealing import KeyEncryptionKey, LocalKeyEncryptionKey


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


def key_encryption_key() -> KeyEncryptionKey:
    """The provider that the settings name; by default keys held in this process.

    KEK_PROVIDER is the dotted path of a callable without arguments, called once per process.
    """
    return _provider(settings.KEK_PROVIDER, tuple(settings.KEY_ENCRYPTION_KEYS))


@functools.lru_cache(maxsize=4)
def _provider(path: str, keys: tuple[bytes, ...]) -> KeyEncryptionKey:
    if path:
        provider: KeyEncryptionKey = import_string(path)()
        return provider
    return LocalKeyEncryptionKey(keys[0], old=keys[1:])
