"""Keys of members are one text each, and a signature is of one text by one key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.crypto import user_key
from identity.crypto.errors import KeyInvalid, SignatureInvalid

SCALARS = st.integers(1, 2**255).map(lambda number: number.to_bytes(32, "big"))
PRIVATE = user_key.parse_private(bytes(31) + b"\7")
TEXT = PRIVATE.public.text
SIGNATURE = user_key.sign(PRIVATE, b"a text")


@given(scalar=SCALARS)
def test_round_trips(scalar: bytes) -> None:
    private = user_key.parse_private(scalar)
    assert user_key.parse_wif(private.wif) == private
    assert user_key.parse_public(private.public.text) == private.public


@given(scalar=SCALARS, message=st.binary(max_size=64))
def test_signs_and_verifies(scalar: bytes, message: bytes) -> None:
    private = user_key.parse_private(scalar)
    user_key.verify(private.public, message, user_key.sign(private, message))


@given(position=st.integers(0, len(TEXT) * 7 - 1))
def test_refuses_every_flipped_bit_of_a_key(position: int) -> None:
    index, bit = divmod(position, 7)
    flipped = TEXT[:index] + chr(ord(TEXT[index]) ^ (1 << bit)) + TEXT[index + 1 :]
    with pytest.raises(KeyInvalid):
        user_key.parse_public(flipped)


@given(length=st.integers(0, len(TEXT) - 1), rest=st.text(max_size=4))
def test_refuses_every_truncation_and_whatever_is_appended(length: int, rest: str) -> None:
    with pytest.raises(KeyInvalid):
        user_key.parse_public(TEXT[:length])
    if rest:
        with pytest.raises(KeyInvalid):
            user_key.parse_public(TEXT + rest)


@given(position=st.integers(0, len(SIGNATURE) * 8 - 1))
def test_refuses_every_flipped_bit_of_a_signature(position: int) -> None:
    index, bit = divmod(position, 8)
    flipped = bytearray(SIGNATURE)
    flipped[index] ^= 1 << bit
    with pytest.raises(SignatureInvalid):
        user_key.verify(PRIVATE.public, b"a text", bytes(flipped))


@given(text=st.text(max_size=80))
def test_any_text_is_a_key_in_its_one_spelling_or_none(text: str) -> None:
    try:
        read = user_key.parse_public(text)
    except KeyInvalid:
        return
    assert read.text == text
