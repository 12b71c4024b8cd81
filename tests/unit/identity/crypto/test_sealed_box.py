"""Sealed boxes: what is sealed to a key opens with its other half alone."""

import base64

import pytest

from identity.crypto import base64url, sealed_box
from identity.crypto.errors import DecryptionFailed, KeyInvalid

PRIVATE = bytes(range(32))
PUBLIC = sealed_box.public_of(PRIVATE)


def test_opens_what_was_sealed() -> None:
    sealed = sealed_box.seal(b"secret", PUBLIC)
    assert b"secret" not in sealed
    assert sealed != sealed_box.seal(b"secret", PUBLIC)
    assert sealed_box.open_sealed(sealed, PRIVATE) == b"secret"


@pytest.mark.parametrize("position", range(0, (32 + 16 + 6) * 8, 7))
def test_opens_nothing_that_was_changed(position: int) -> None:
    sealed = bytearray(sealed_box.seal(b"secret", PUBLIC))
    sealed[position // 8] ^= 1 << position % 8
    with pytest.raises(DecryptionFailed):
        sealed_box.open_sealed(bytes(sealed), PRIVATE)


@pytest.mark.parametrize("data", [b"", bytes(10), bytes(48), bytes(100)])
def test_opens_nothing_else(data: bytes) -> None:
    with pytest.raises(DecryptionFailed):
        sealed_box.open_sealed(data, PRIVATE)


def test_opens_nothing_with_another_key() -> None:
    with pytest.raises(DecryptionFailed):
        sealed_box.open_sealed(sealed_box.seal(b"secret", PUBLIC), bytes(32))


def test_seals_to_no_key_that_hides_nothing() -> None:
    with pytest.raises(KeyInvalid):
        sealed_box.seal(b"secret", bytes(32))


def test_reads_a_recipient() -> None:
    assert sealed_box.parse_recipient(base64url.encode(PUBLIC)) == PUBLIC


@pytest.mark.parametrize(
    "text",
    ["", "AA", "%", base64.b64encode(PUBLIC).decode(), base64url.encode(PUBLIC + b"\x00")],
)
def test_reads_no_other_recipient(text: str) -> None:
    with pytest.raises(KeyInvalid):
        sealed_box.parse_recipient(text)
