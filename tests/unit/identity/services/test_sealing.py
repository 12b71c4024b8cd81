"""Sealed values open only for their own purpose and row, under the configured key."""

import pytest
from pytest_django import Settings

from identity.crypto.errors import SealBroken
from identity.crypto.sealing import LocalKeyEncryptionKey
from identity.services import sealing


def provider() -> LocalKeyEncryptionKey:
    """What COUNTERSIGN_KEK_PROVIDER may name."""
    return LocalKeyEncryptionKey(b"p" * 32)


def test_opens_what_it_sealed() -> None:
    sealed = sealing.seal(b"secret", purpose="server-key.encryption", subject="row 1")
    assert b"secret" not in sealed
    opened = sealing.unseal(sealed, purpose="server-key.encryption", subject="row 1")
    assert opened == b"secret"


@pytest.mark.parametrize(
    ("purpose", "subject"),
    [("server-key.signature", "row 1"), ("server-key.encryption", "row 2")],
)
def test_refuses_another_purpose_or_row(purpose: str, subject: str) -> None:
    sealed = sealing.seal(b"secret", purpose="server-key.encryption", subject="row 1")
    with pytest.raises(SealBroken):
        sealing.unseal(sealed, purpose=purpose, subject=subject)


def test_opens_with_an_older_key_after_a_new_one_came(settings: Settings) -> None:
    settings.KEY_ENCRYPTION_KEYS = (b"1" * 32,)
    sealed = sealing.seal(b"secret", purpose="p", subject="s")
    settings.KEY_ENCRYPTION_KEYS = (b"2" * 32, b"1" * 32)
    assert sealing.unseal(sealed, purpose="p", subject="s") == b"secret"
    settings.KEY_ENCRYPTION_KEYS = (b"2" * 32,)
    with pytest.raises(SealBroken):
        sealing.unseal(sealed, purpose="p", subject="s")


def test_asks_the_provider_that_the_settings_name(settings: Settings) -> None:
    settings.KEK_PROVIDER = f"{__name__}.provider"
    settings.KEY_ENCRYPTION_KEYS = ()
    sealed = sealing.seal(b"secret", purpose="p", subject="s")
    assert sealing.unseal(sealed, purpose="p", subject="s") == b"secret"
    assert sealing.key_encryption_key().kek_id == provider().kek_id
