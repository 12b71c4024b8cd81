"""Limits: of requests by address and by key, and of wrong secrets by address."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django import db

from identity.api.bridge import auth, desk, guesses
from identity.web.throttle import Throttle
from tests import cast
from tests.faces.bridge import client as clients
from tests.faces.bridge.client import Client, basic

OVER = {"code": 429, "message": "Too many requests", "data": None}


@pytest.mark.parametrize("room", [desk, auth], ids=["of an address", "of a key"])
def test_too_many_calls_hear_when_to_come_back(
    client: Client, room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "per_address" if room is desk else "per_key"
    monkeypatch.setattr(room, name, Throttle(count=2, seconds=60))
    now = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)
    header = basic(client.program.row.key_id, client.program.secret)
    answers = [
        clients.call("solution/listSolutions", authorization=header, now=now) for _ in range(3)
    ]
    assert [each.status for each in answers] == [200, 200, 429]
    assert answers[2].error == OVER
    assert answers[2].headers["Retry-After"] == "30"


def test_wrong_secrets_of_one_address_are_counted_together(world: cast.World) -> None:
    """Every way to show a secret shares one limit; the right one is then not looked at either."""
    key = clients.program(world.system, "solution")
    key_id, now = key.row.key_id, datetime.now(UTC)

    def granted(secret: str, **more: Any) -> clients.Answer:
        params = {"grantType": "api_key_credentials", "apiKeyId": key_id, "apiKeySecret": secret}
        return clients.call("manager/auth", params, now=now, **more)

    def listed(authorization: str) -> clients.Answer:
        return clients.call("solution/listSolutions", authorization=authorization, now=now)

    for number in range(guesses.MOST):
        if number % 2:
            assert granted("wrong").code == 0x612C
        else:
            assert listed(basic(key_id, "wrong")).code == 0x612F
    for answer in (
        granted("wrong"),
        granted(key.secret),
        listed(basic(key_id, key.secret)),
        listed(f"pmx-hmac-sha256 {key_id};1;2;3;4"),
    ):
        assert (answer.status, answer.error) == (429, OVER)
    assert granted(key.secret, address="198.51.100.7").result
    assert (
        granted(key.secret, forwarded="for=203.0.113.1", x_forwarded_for="203.0.113.1").code == 429
    )


def test_the_right_secret_is_never_counted(client: Client) -> None:
    header = basic(client.program.row.key_id, client.program.secret)
    for _ in range(guesses.MOST + 5):
        assert clients.call("manager/listApiKeys", authorization=header).result


def test_a_wrong_token_costs_nobody_else_anything(client: Client) -> None:
    """Tokens are no secrets that can be guessed: an address with many old ones is not shut out."""
    for _ in range(guesses.MOST + 5):
        assert clients.call("manager/listApiKeys", authorization="Bearer old").code == 0x612F
    assert clients.auth(client.program).result


def test_a_database_that_is_away_is_told_as_such(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise db.OperationalError("gone: password=hunter2")

    monkeypatch.setattr(auth, "caller", away)
    answer = client.call("solution/listSolutions")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert answer.error == {"code": -32603, "message": "Internal error"}
