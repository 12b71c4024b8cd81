"""Class 4 of the known attacks: a token that was altered a little is taken for the same.

Every bit of every sign, every shortening and what may be put around it: not samples, all of them.
"""

from datetime import UTC, datetime

import pytest

from identity.services import api_key_secrets
from sessions_app.errors import TokenRefused
from sessions_app.services import sessions, tokens
from tests import cast, signed_in
from tests.attacks.tokens import Target
from tests.faces.v1.client import problem
from tests.signed_in import LAPTOP

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime.now(UTC)


def is_taken(token: str) -> bool:
    """Whether either reader takes it, as an access or as a refresh token."""
    for act in (
        lambda: sessions.check(token, audience=tokens.OWN, address=LAPTOP.address, now=NOW),
        lambda: tokens.read(token, expected_use="rt+jwt", expected_audience=tokens.OWN, now=NOW),
    ):
        try:
            act()
        except TokenRefused:
            continue
        return True
    return False


@pytest.mark.parametrize("which", ["access", "refresh", "telling"])
def test_every_bit_counts(which: str) -> None:
    world = cast.world()
    token = getattr(signed_in.start(world, world.member("bob"), now=NOW), which)
    assert is_taken(token)
    data = token.encode()
    for place in range(len(data)):
        for bit in range(8):
            altered = bytearray(data)
            altered[place] ^= 1 << bit
            assert not is_taken(altered.decode("latin-1")), (place, bit)


@pytest.mark.parametrize("which", ["access", "refresh", "telling"])
def test_nothing_is_taken_off_or_added(which: str) -> None:
    world = cast.world()
    token = getattr(signed_in.start(world, world.member("bob"), now=NOW), which)
    for end in range(len(token)):
        assert not is_taken(token[:end])
        assert end == 0 or not is_taken(token[end:])
    for sign in (*map(chr, range(256)), "\u2028", "==", ".", "..", ".e30", "%3D"):
        assert not is_taken(token + sign)
        assert not is_taken(sign + token)
        if which == "refresh":
            assert not is_taken(token[:60] + sign + token[60:])
            continue
        head, payload, signature = token.split(".")
        assert not is_taken(f"{head}{sign}.{payload}.{signature}")
        assert not is_taken(f"{head}.{payload}{sign}.{signature}")


def test_a_high_s_is_no_second_signature() -> None:
    from tests import forging

    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    world = cast.world()
    token = signed_in.start(world, world.member("bob"), now=NOW).access
    head, payload, signature = token.split(".")
    raw = forging.raw(signature)
    other = raw[:32] + (order - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    assert not is_taken(f"{head}.{payload}.{forging.part(other)}")


def test_altered_tokens_are_told_alike_on_the_wire() -> None:
    target = Target.new()
    for token in (target.held.access, target.held.refresh, target.held.telling):
        for altered in (
            token[:-1],
            f"{token}A",
            token.swapcase(),
            token[1:],
            f"{token[:50]}.{token[50:]}",
        ):
            target.require_refused(altered)


def test_every_sign_of_an_api_key_counts() -> None:
    target = Target.new()
    secret = target.program.token
    for place in range(len(secret)):
        sign = "A" if secret[place] != "A" else "B"
        altered = f"{secret[:place]}{sign}{secret[place + 1 :]}"
        problem(target.ask(altered), 401, "unauthenticated")
        assert not api_key_secrets.is_secret(altered)
