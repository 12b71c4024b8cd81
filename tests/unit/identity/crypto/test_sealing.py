"""Sealing at rest: what opens, where, under which key."""

import os

import pytest

from identity.crypto import sealing
from identity.crypto.errors import SealBroken

OLD, NEW = os.urandom(32), os.urandom(32)
PLACE = {"purpose": "server-key", "subject": "0190b0f0"}


@pytest.fixture
def kek() -> sealing.LocalKeyEncryptionKey:
    return sealing.LocalKeyEncryptionKey(OLD)


@pytest.mark.parametrize("plaintext", [b"", b"secret", os.urandom(5000)])
def test_opens_what_it_sealed(kek: sealing.KeyEncryptionKey, plaintext: bytes) -> None:
    sealed = sealing.seal(kek, plaintext, **PLACE)
    assert sealing.unseal(kek, sealed, **PLACE) == plaintext
    if plaintext:
        assert plaintext not in sealed


def test_seals_the_same_value_differently_each_time(kek: sealing.KeyEncryptionKey) -> None:
    assert len({sealing.seal(kek, b"secret", **PLACE) for _ in range(20)}) == 20


def test_opens_at_its_own_place_only(kek: sealing.KeyEncryptionKey) -> None:
    sealed = sealing.seal(kek, b"secret", purpose="server-key", subject="a")
    for purpose, subject in (
        ("server-key", "b"),
        ("managed-key", "a"),
        ("server-keya", ""),
        ("server-ke", "ya"),
    ):
        with pytest.raises(SealBroken):
            sealing.unseal(kek, sealed, purpose=purpose, subject=subject)


def test_any_changed_bit_breaks_the_seal(kek: sealing.KeyEncryptionKey) -> None:
    sealed = sealing.seal(kek, b"secret", **PLACE)
    for at in range(len(sealed)):
        for bit in range(8):
            wrong = sealed[:at] + bytes((sealed[at] ^ 1 << bit,)) + sealed[at + 1 :]
            with pytest.raises(SealBroken):
                sealing.unseal(kek, wrong, **PLACE)


def test_anything_cut_off_or_added_breaks_the_seal(kek: sealing.KeyEncryptionKey) -> None:
    sealed = sealing.seal(kek, b"secret", **PLACE)
    for wrong in (*(sealed[:size] for size in range(len(sealed))), sealed + b"\x00"):
        with pytest.raises(SealBroken):
            sealing.unseal(kek, wrong, **PLACE)


def test_random_bytes_are_no_sealed_value(kek: sealing.KeyEncryptionKey) -> None:
    for size in (1, 2, 31, 64, 200):
        for first in (b"", b"\x01"):
            with pytest.raises(SealBroken):
                sealing.unseal(kek, first + os.urandom(size), **PLACE)


def test_another_deployments_key_does_not_open(kek: sealing.KeyEncryptionKey) -> None:
    sealed = sealing.seal(kek, b"secret", **PLACE)
    with pytest.raises(SealBroken, match="not configured here"):
        sealing.unseal(sealing.LocalKeyEncryptionKey(NEW), sealed, **PLACE)


def test_rotates_the_key_without_losing_a_value(kek: sealing.KeyEncryptionKey) -> None:
    sealed = sealing.seal(kek, b"secret", **PLACE)
    both = sealing.LocalKeyEncryptionKey(NEW, [OLD])
    assert sealing.unseal(both, sealed, **PLACE) == b"secret"
    assert sealing.kek_id_of(sealed) != both.kek_id

    again = sealing.reseal(both, sealed, **PLACE)
    assert sealing.kek_id_of(again) == both.kek_id
    assert sealing.unseal(sealing.LocalKeyEncryptionKey(NEW), again, **PLACE) == b"secret"
    with pytest.raises(SealBroken):
        sealing.unseal(kek, again, **PLACE)


def test_the_name_of_a_key_tells_nothing_of_it(kek: sealing.KeyEncryptionKey) -> None:
    assert kek.kek_id == sealing.LocalKeyEncryptionKey(OLD).kek_id
    assert kek.kek_id != sealing.LocalKeyEncryptionKey(NEW).kek_id
    assert OLD.hex()[:8] not in kek.kek_id
    assert OLD.hex() not in repr(vars(kek).get("_active"))


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_takes_keys_of_32_bytes_only(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        sealing.LocalKeyEncryptionKey(bytes(size))
    with pytest.raises(ValueError, match="32 bytes"):
        sealing.LocalKeyEncryptionKey(OLD, [bytes(size)])


class RecordingProvider:
    """A provider as a plug-in would be: it wraps elsewhere and checks the context itself."""

    kek_id = "projects/acme/keys/kek/versions/3"

    def __init__(self) -> None:
        self.held: dict[bytes, tuple[bytes, bytes]] = {}

    def opens(self, kek_id: str) -> bool:
        return kek_id == self.kek_id

    def wrap(self, key: bytes, *, context: bytes) -> bytes:
        name = os.urandom(8)
        self.held[name] = key, context
        return name

    def unwrap(self, wrapped: bytes, *, kek_id: str, context: bytes) -> bytes:
        key, expected_context = self.held.get(wrapped, (b"", b""))
        if kek_id != self.kek_id or context != expected_context:
            raise SealBroken
        return key


def test_a_provider_that_gives_back_another_size_breaks_the_seal() -> None:
    provider = RecordingProvider()
    sealed = sealing.seal(provider, b"secret", **PLACE)
    provider.held = {name: (key[:16], context) for name, (key, context) in provider.held.items()}
    with pytest.raises(SealBroken):
        sealing.unseal(provider, sealed, **PLACE)


def test_a_provider_from_outside_fits() -> None:
    provider = RecordingProvider()
    sealed = sealing.seal(provider, b"secret", **PLACE)
    assert sealing.kek_id_of(sealed) == provider.kek_id
    assert sealing.unseal(provider, sealed, **PLACE) == b"secret"
    with pytest.raises(SealBroken):
        sealing.unseal(provider, sealed, purpose="server-key", subject="other")
    ((key, context),) = provider.held.values()
    assert len(key) == 32
    assert b"server-key" in context
    assert b"0190b0f0" in context


class TestRing:
    def test_seals_under_the_first_and_opens_what_each_sealed(self) -> None:
        provider, local = RecordingProvider(), sealing.LocalKeyEncryptionKey(OLD)
        ring = sealing.Ring(provider, [local])
        assert ring.kek_id == provider.kek_id
        for holder in (ring, provider, local):
            sealed = sealing.seal(holder, b"secret", **PLACE)
            assert sealing.unseal(ring, sealed, **PLACE) == b"secret"

    def test_says_what_it_opens(self) -> None:
        local = sealing.LocalKeyEncryptionKey(OLD)
        ring = sealing.Ring(RecordingProvider(), [local])
        assert ring.opens(local.kek_id)
        assert ring.opens(RecordingProvider.kek_id)
        assert not ring.opens("local:0000000000000000")

    def test_refuses_what_nobody_holds(self) -> None:
        sealed = sealing.seal(sealing.LocalKeyEncryptionKey(OLD), b"secret", **PLACE)
        ring = sealing.Ring(RecordingProvider(), [sealing.LocalKeyEncryptionKey(NEW)])
        with pytest.raises(SealBroken):
            sealing.unseal(ring, sealed, **PLACE)

    def test_seals_anew_under_the_first(self) -> None:
        local = sealing.LocalKeyEncryptionKey(OLD)
        ring = sealing.Ring(RecordingProvider(), [local])
        sealed = sealing.reseal(ring, sealing.seal(local, b"secret", **PLACE), **PLACE)
        assert sealing.kek_id_of(sealed) == RecordingProvider.kek_id
        assert sealed.startswith(sealing.heading(RecordingProvider.kek_id))
