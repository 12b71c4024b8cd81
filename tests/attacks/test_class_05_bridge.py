"""Class 5 of the known attacks: refresh tokens that are used twice, raced, or lost.

Seen as CVE-2026-1035 and CVE-2026-9802 in Keycloak, GHSA-392p and GHSA-pw9m in Better Auth. At the
face `bridge`, over its grant.
"""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from identity.api.bridge import desk
from identity.models import AuditEvent
from identity.web.throttle import Throttle
from sessions_app.models import MachineSession
from tests import cast
from tests.faces.bridge import client as clients
from tests.faces.bridge.client import Answer
from tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> cast.World:
    monkeypatch.setattr(desk, "per_address", Throttle(count=0, seconds=60))
    return cast.world()


def renewed(token: str, **more: Any) -> Answer:
    params = {"grantType": "refresh_token", "refreshToken": token}
    return clients.call("manager/auth", params, **more)


def lives(token: str, **more: Any) -> bool:
    header = f"Bearer {token}"
    return "result" in clients.call("solution/listSolutions", authorization=header, **more).body


def test_fifty_of_one_program_at_once_have_one_successor(world: cast.World) -> None:
    told = clients.auth(clients.program(world.system, "solution")).result
    answers: list[Any] = []

    def renew(_: int) -> None:
        answers.append(renewed(told["refreshToken"]).result)

    assert together.run(renew, count=50) == [None] * 50
    assert len({each["accessToken"] for each in answers}) == 1
    assert len({each["refreshToken"] for each in answers}) == 1
    assert lives(answers[0]["accessToken"])
    assert not lives(told["accessToken"])
    with cast.in_scope(world):
        assert MachineSession.objects.get().serial == 2


def test_of_many_hands_at_once_at_most_one_goes_on(world: cast.World) -> None:
    """Somebody took the token along: whoever is first, nobody holds a living session at the end."""
    told = clients.auth(clients.program(world.system, "solution")).result
    answers: list[Answer] = []
    lock = threading.Lock()

    def renew(number: int) -> None:
        answer = renewed(told["refreshToken"], address=f"198.51.{number}.1")
        with lock:
            answers.append(answer)
        connection.close()

    assert together.run(renew, count=8) == [None] * 8
    won = [each for each in answers if "result" in each.body]
    assert len(won) <= 1
    assert all(each.code == 0x15 for each in answers if each not in won)
    assert not any(lives(each.result["accessToken"]) for each in won)


def test_a_token_that_comes_again_later_ends_the_session_and_leaves_an_alarm(
    world: cast.World,
) -> None:
    now = datetime.now(UTC)
    told = clients.auth(clients.program(world.system, "solution"), now=now).result
    again = renewed(told["refreshToken"], now=now).result
    later = now + timedelta(seconds=11)
    assert renewed(told["refreshToken"], now=later).code == 0x15
    assert not lives(again["accessToken"], now=later)
    assert renewed(again["refreshToken"], now=later).code == 0x15
    with cast.in_scope(world):
        assert AuditEvent.objects.filter(name="machine-session.reused").count() == 1
        assert MachineSession.objects.get().status == MachineSession.Status.ENDED


def test_the_access_token_before_is_dead_at_once(world: cast.World) -> None:
    told = clients.auth(clients.program(world.system, "solution")).result
    for _ in range(3):
        again = renewed(told["refreshToken"]).result
        assert not lives(told["accessToken"])
        assert lives(again["accessToken"])
        told = again
