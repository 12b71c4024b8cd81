"""Tokens of programs: whatever is changed of one, it is refused."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity import ids
from sessions_app import machine_token, refresh_token
from sessions_app.errors import TokenRefused
from sessions_app.machine_token import Use

KID, SECRET = "ab" * 32, b"s" * 32
SESSION = ids.new()


def made(use: Use = Use.ACCESS, serial: int = 7, secret: bytes = SECRET) -> str:
    return machine_token.make(use, kid=KID, session_id=SESSION, serial=serial, secret=secret)


def refused(text: str, use: Use = Use.ACCESS) -> bool:
    try:
        machine_token.verify(machine_token.parse(text, expected_use=use), secret=SECRET)
    except TokenRefused:
        return True
    return False


@pytest.mark.parametrize("use", Use)
def test_says_what_it_was_made_of(use: Use) -> None:
    read = machine_token.parse(made(use), expected_use=use)
    assert (read.kid, read.session_id, read.serial) == (KID, SESSION, 7)
    assert not refused(made(use), use)
    assert made(use) == made(use)
    assert base64.b64encode(base64.b64decode(made(use))).decode() == made(use)


def test_is_good_for_one_use() -> None:
    assert refused(made(Use.REFRESH))
    assert refused(made(Use.ACCESS), Use.REFRESH)
    # Its mark changed to the other one's, too: the code is of its use.
    assert refused(Use.ACCESS + made(Use.REFRESH)[4:])
    assert refused(Use.REFRESH + made(Use.ACCESS)[4:], Use.REFRESH)


def test_refuses_every_bit_that_is_flipped() -> None:
    data = base64.b64decode(made())
    for bit in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        assert refused(base64.b64encode(bytes(flipped)).decode()), bit


def test_refuses_every_other_sign_in_every_place() -> None:
    token = made()
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=. \n\0é"
    for place in range(len(token)):
        for sign in signs:
            if sign != token[place]:
                assert refused(token[:place] + sign + token[place + 1 :]), (place, sign)


@given(st.integers(0, 115), st.text(max_size=4))
def test_refuses_what_was_cut_or_added(place: int, more: str) -> None:
    token = made()
    assert refused(token[:place])
    assert refused(token[place:] if place else token[1:])
    if more:
        assert refused(token + more)
        assert refused(more + token)
        assert refused(token[:place] + more + token[place:])


@given(st.text())
def test_refuses_any_text(text: str) -> None:
    assert refused(text)


@given(st.binary(min_size=87, max_size=87))
def test_refuses_any_bytes_of_its_length(data: bytes) -> None:
    assert refused(base64.b64encode(data).decode())
    assert refused(Use.ACCESS + base64.b64encode(data).decode()[4:])


def test_refuses_a_code_of_another_secret_or_kind() -> None:
    assert refused(made(secret=b"t" * 32))
    persons = refresh_token.make(kid=KID, session_id=SESSION, serial=7, secret=SECRET)
    code = base64.urlsafe_b64decode(persons.removeprefix(refresh_token.PREFIX))[-32:]
    own = base64.b64decode(made())
    assert refused(base64.b64encode(own[:-32] + code).decode())
