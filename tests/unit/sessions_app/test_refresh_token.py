"""Opaque refresh tokens: one form, made and read by who has the secret."""

import base64

import pytest

from identity import ids
from sessions_app import refresh_token
from sessions_app.errors import TokenRefused

KID, SECRET = "ab" * 32, b"s" * 32
SESSION = ids.new()


def made(**other: object) -> str:
    given = {"kid": KID, "session_id": SESSION, "serial": 7, "secret": SECRET, **other}
    return refresh_token.make(**given)  # type: ignore[arg-type]


def test_says_what_it_was_made_of() -> None:
    read = refresh_token.parse(made())
    assert (read.kid, read.session_id, read.serial) == (KID, SESSION, 7)
    refresh_token.verify(read, secret=SECRET)


def test_is_the_same_text_for_the_same_serial_and_another_for_the_next() -> None:
    assert made() == made()
    assert len({made(), made(serial=8), made(session_id=ids.new()), made(kid="cd" * 32)}) == 4


def test_refuses_a_code_of_another_secret_or_for_other_parts() -> None:
    with pytest.raises(TokenRefused):
        refresh_token.verify(refresh_token.parse(made()), secret=b"t" * 32)
    own, other = refresh_token.parse(made()), refresh_token.parse(made(serial=8))
    swapped = refresh_token.Unverified(own.kid, own.session_id, own.serial, other.code)
    with pytest.raises(TokenRefused):
        refresh_token.verify(swapped, secret=SECRET)


@pytest.mark.parametrize("place", [0, 3, 4, 5, 60, -1])
def test_refuses_every_other_form(place: int) -> None:
    token = made()
    for sign in ("", "=", " ", "\n", "+", "/", ".", "ä", "\0"):
        altered = token[:place] + sign + token[place:][1:]
        with pytest.raises(TokenRefused):
            refresh_token.verify(refresh_token.parse(altered), secret=SECRET)
    with pytest.raises(TokenRefused):
        refresh_token.parse(token + "A")


def test_has_no_second_text_for_the_same_bytes() -> None:
    body = made().removeprefix(refresh_token.PREFIX)
    assert base64.urlsafe_b64encode(base64.urlsafe_b64decode(body)).decode() == body
    assert "=" not in body


def test_signs_of_another_alphabet_are_refused() -> None:
    for serial in range(200):
        token = refresh_token.make(
            kid="ab" * 32, session_id=ids.new(), serial=serial, secret=b"k" * 32
        )
        other = token[: len(refresh_token.PREFIX)] + token[len(refresh_token.PREFIX) :].replace(
            "-", "+"
        ).replace("_", "/")
        refresh_token.parse(token)
        if other != token:
            with pytest.raises(TokenRefused):
                refresh_token.parse(other)
