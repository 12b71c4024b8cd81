"""Class 28 of the known attacks: one client has rows written without end, before it is anybody.

Each text for a wallet is a challenge that is kept for a day; the page gives one client no more than
one a second.
"""

import pytest

from sessions_app.models import Challenge
from tests import cast
from tests.visitors import Visitor

pytestmark = pytest.mark.django_db

ACCOUNT = {"address": "0x" + "1" * 40, "chain": "eip155:1"}


def test_a_client_gets_no_flood_of_texts() -> None:
    world = cast.world(governance=False, sign_up=True)
    visitor = Visitor(world)
    first = visitor.post("/login/wallet", **ACCOUNT)
    assert first.status_code == 200
    token = visitor.client.cookies["csrftoken"].value
    form = {**ACCOUNT, "csrfmiddlewaretoken": token}
    statuses: list[int] = []
    # Two windows at the most, and one more.
    while len(statuses) < 121 and 429 not in statuses:
        statuses.append(visitor.client.post(f"{visitor.base}/login/wallet", form).status_code)
    assert statuses[-1] == 429
    with cast.in_scope(world):
        assert Challenge.objects.count() == len(statuses)
    assert Visitor(world).post("/login/wallet", **ACCOUNT).status_code == 200


def test_a_client_gets_no_flood_of_challenges_for_passkeys() -> None:
    world = cast.world(governance=False, passkey_sign_up=True)
    visitor = Visitor(world)
    assert visitor.post("/login/passkey/options").status_code == 200
    form = {"csrfmiddlewaretoken": visitor.client.cookies["csrftoken"].value, "username": "dora"}
    statuses: list[int] = []
    while len(statuses) < 241 and 429 not in statuses:
        path = ("/login/passkey/options", "/login/new/options")[len(statuses) % 2]
        statuses.append(visitor.client.post(f"{visitor.base}{path}", form).status_code)
    assert statuses[-1] == 429
    assert set(statuses) == {200, 429}
    assert Visitor(world).post("/login/passkey/options").status_code == 200
