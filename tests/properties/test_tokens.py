"""Tokens are one text each: nothing near a token passes for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.crypto import tokens
from identity.crypto.errors import TokenInvalid

TOKEN = tokens.new("inv_")
DIGEST = tokens.digest(TOKEN)


@given(position=st.integers(0, len(TOKEN) * 7 - 1))
def test_refuses_every_flipped_bit(position: int) -> None:
    index, bit = divmod(position, 7)
    flipped = TOKEN[:index] + chr(ord(TOKEN[index]) ^ (1 << bit)) + TOKEN[index + 1 :]
    with pytest.raises(TokenInvalid):
        tokens.verify(flipped, expected_digest=DIGEST)


@given(length=st.integers(0, len(TOKEN) - 1))
def test_refuses_every_truncation(length: int) -> None:
    with pytest.raises(TokenInvalid):
        tokens.verify(TOKEN[:length], expected_digest=DIGEST)


@given(rest=st.text(min_size=1, max_size=8))
def test_refuses_everything_appended(rest: str) -> None:
    with pytest.raises(TokenInvalid):
        tokens.verify(TOKEN + rest, expected_digest=DIGEST)


def test_accepts_the_token_itself() -> None:
    tokens.verify(TOKEN, expected_digest=DIGEST)
