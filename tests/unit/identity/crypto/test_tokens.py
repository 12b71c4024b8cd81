"""Tokens: their form, their digest, their comparison."""

import json
from pathlib import Path

import pytest

from identity.crypto import tokens
from identity.crypto.errors import TokenInvalid

VECTORS = json.loads((Path(__file__).parents[3] / "vectors/enterprise.json").read_text())
INVITE: str = VECTORS["keys"]["invitation"]["invite_string"]


def test_makes_256_random_bits_with_a_prefix() -> None:
    made = {tokens.new("inv_") for _ in range(100)}
    assert len(made) == 100
    assert {len(token) for token in made} == {47}
    for token in made:
        assert tokens.parse(token, expected_prefix="inv_") == token


def test_reads_the_token_of_the_vectors() -> None:
    assert tokens.parse(INVITE, expected_prefix="inv_") == INVITE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "inv_",
        INVITE[:-1],
        INVITE + "A",
        INVITE + "\n",
        INVITE[4:],
        INVITE.replace("inv_", "key_"),
        INVITE.replace("inv_", "INV_"),
        INVITE[:10] + "+" + INVITE[11:],
        INVITE[:-1] + "l",
    ],
)
def test_refuses_other_forms(text: str) -> None:
    with pytest.raises(TokenInvalid):
        tokens.parse(text, expected_prefix="inv_")


def test_takes_the_prefix_as_it_is() -> None:
    with pytest.raises(TokenInvalid):
        tokens.parse("inv_" + "A" * 43, expected_prefix="in..")


def test_verifies_only_the_token_of_the_digest() -> None:
    stored = tokens.digest(INVITE)
    assert len(stored) == 64
    assert INVITE not in stored
    tokens.verify(INVITE, expected_digest=stored)
    for wrong in ("", INVITE[:-1], tokens.new("inv_"), stored):
        with pytest.raises(TokenInvalid):
            tokens.verify(wrong, expected_digest=stored)
    with pytest.raises(TokenInvalid):
        tokens.verify(INVITE, expected_digest="")
