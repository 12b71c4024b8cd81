"""Class 4 of the known attacks: opaque tokens that can be altered, at the face `bridge`.

Seen as CVE-2026-27840 in Zitadel, where a token that was cut at 80 characters stayed valid. Any
bit that is flipped, any part that is cut off or added, and a token of the other use is refused.
"""

import base64
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from identity.api.bridge import auth, desk
from identity.web.throttle import Throttle
from tests import cast
from tests.faces.bridge import client as clients

pytestmark = pytest.mark.django_db(transaction=True)

fuzzed = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(desk, "per_address", Throttle(count=0, seconds=60))
    monkeypatch.setattr(auth, "per_key", Throttle(count=0, seconds=60))
    told: dict[str, Any] = clients.auth(clients.program(cast.world().system, "solution")).result
    return told


def is_refused(token: str) -> bool:
    """In the header and in the envelope alike."""
    answers = [
        clients.call("solution/listSolutions", authorization=f"Bearer {token}"),
        clients.call("solution/listSolutions", token=token),
    ]
    return all(each.body.get("error", {}).get("code") == 0x612F for each in answers)


def is_no_refresh_token(token: str) -> bool:
    params = {"grantType": "refresh_token", "refreshToken": token}
    return clients.call("manager/auth", params).body.get("error", {}).get("code") in {0x15, -32602}


@fuzzed
@given(data=st.data())
def test_any_bit_that_is_flipped_is_refused(pair: dict[str, Any], data: Any) -> None:
    for name, is_wrong in (("accessToken", is_refused), ("refreshToken", is_no_refresh_token)):
        raw = bytearray(base64.b64decode(pair[name]))
        bit = data.draw(st.integers(0, len(raw) * 8 - 1))
        raw[bit // 8] ^= 1 << bit % 8
        assert is_wrong(base64.b64encode(raw).decode())


@fuzzed
@given(size=st.integers(0, 200), more=st.text("ABCabc019+/=", max_size=40))
def test_what_is_cut_or_longer_is_refused(pair: dict[str, Any], size: int, more: str) -> None:
    for name, is_wrong in (("accessToken", is_refused), ("refreshToken", is_no_refresh_token)):
        for altered in (pair[name][:size], pair[name] + more, more + pair[name]):
            if altered != pair[name]:
                assert is_wrong(altered)


def test_one_token_has_one_text(pair: dict[str, Any]) -> None:
    for name, is_wrong in (("accessToken", is_refused), ("refreshToken", is_no_refresh_token)):
        token = pair[name]
        for altered in (
            token.replace("+", "-").replace("/", "_") + "=",
            token + "==",
            token.swapcase(),
            f" {token}",
            f"{token}\n",
            token[:-1] + chr(ord(token[-1]) ^ 1),
        ):
            assert is_wrong(altered)


def test_a_token_is_for_one_use(pair: dict[str, Any]) -> None:
    assert is_refused(pair["refreshToken"])
    assert is_no_refresh_token(pair["accessToken"])
    assert not is_refused(pair["accessToken"])
    assert not is_no_refresh_token(pair["refreshToken"])
