"""Class 19 of the known attacks: limits of guessing that a side path or a race goes around.

Seen as CVE-2026-9798 in Keycloak and nextcloud/appstore#1771. Many guesses at once, over every way
in which the face `bridge` takes a secret: no more are looked at than one address may try.
"""

import itertools
import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from identity.api.bridge import desk, guesses
from identity.crypto import call_signature
from identity.services import api_key_secrets
from identity.web.throttle import Throttle
from tests import cast
from tests.faces.bridge import client as clients
from tests.faces.bridge.client import Stamped, basic, hmac_of
from tests.programs import Program
from tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)

COUNT = 200


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> Program:
    monkeypatch.setattr(desk, "per_address", Throttle(count=0, seconds=60))
    monkeypatch.setattr(guesses, "per_address", Throttle(count=guesses.MOST, seconds=60))
    return clients.program(cast.world().system, "solution")


def guess(key: Program, number: int, **more: Any) -> clients.Answer:
    """A wrong secret, in each way by turns."""
    way, key_id = number % 4, key.row.key_id
    body, stamp = clients.envelope("solution/listSolutions", {}), Stamped()
    signature = hmac_of(f"wrong {number}", stamp.data(body))
    if way == 0:
        return clients.call(
            "solution/listSolutions", authorization=basic(key_id, f"wrong {number}"), **more
        )
    if way == 1:
        header = stamp.header(key_id, signature)
        return clients.call("solution/listSolutions", authorization=header, **more)
    params: dict[str, Any] = {
        "grantType": "api_key_credentials",
        "apiKeyId": key_id,
        "apiKeySecret": "wrong",
    }
    if way == 3:
        params = {
            "grantType": "api_key_signature",
            "apiKeyId": key_id,
            "signature": "AAAA",
            "timestamp": stamp.milliseconds,
            "nonce": stamp.nonce,
        }
    return clients.call("manager/auth", params, **more)


def test_of_many_guesses_at_once_only_so_many_are_looked_at(
    key: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at, lock = itertools.count(), threading.Lock()
    seen: list[int] = []

    def counted(real: object) -> object:
        def run(*args: object, **more: object) -> object:
            with lock:
                seen.append(next(looked_at))
            return real(*args, **more)  # type: ignore[operator]

        return run

    for room, name in (
        (api_key_secrets, "require_secret"),
        (call_signature, "verify_hmac"),
    ):
        monkeypatch.setattr(room, name, counted(getattr(room, name)))
    answers: list[int] = []
    now = datetime.now(UTC)  # One window, however long the test takes.

    for start in range(0, COUNT, 20):

        def one(number: int, start: int = start) -> None:
            answers.append(guess(key, start + number, now=now).code)

        assert together.run(one, count=20) == [None] * 20
    assert len(answers) == COUNT
    assert len(seen) <= guesses.MOST
    assert set(answers) <= {0x612F, 0x612C, 0x08, 429}
    assert answers.count(429) >= COUNT - guesses.MOST


def test_a_forged_header_about_the_address_changes_nothing(key: Program) -> None:
    now = datetime.now(UTC)
    for number in range(guesses.MOST):
        guess(key, number, now=now, x_forwarded_for=f"203.0.113.{number}")
    answer = guess(key, 1, now=now, x_forwarded_for="203.0.113.200", x_real_ip="203.0.113.201")
    assert answer.code == 429


def test_addresses_of_one_neighbourhood_count_together(key: Program) -> None:
    now = datetime.now(UTC)
    for number in range(guesses.MOST):
        guess(key, number, now=now, address=f"2001:db8::{number:x}")
    assert guess(key, 1, now=now, address="2001:db8::ffff").code == 429
    assert guess(key, 0, now=now, address="2001:db8:1::1").code == 0x612F


def test_who_is_shut_out_shuts_out_nobody_else(key: Program) -> None:
    now = datetime.now(UTC)
    for number in range(guesses.MOST + 1):
        guess(key, number, now=now)
    assert clients.auth(key, now=now).code == 429
    assert clients.auth(key, now=now, address="198.51.100.1").result
