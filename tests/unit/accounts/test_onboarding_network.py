"""Onboardings on the public network: whatever answer is lost, there is one of everything there."""

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from accounts.ledger import open_ledger
from accounts.ledger.hedera import ledger as hedera
from accounts.ledger.hedera import opening
from accounts.models import Onboarding
from accounts.services import onboardings
from tests import cast, onboarding
from tests.hedera_node import Node
from tests.hedera_state import SECOND
from tests.onboarding import Clock, work

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def node(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    monkeypatch.setattr(hedera, "MIRROR_PAUSE", 0.01)
    opening._shared.cache_clear()
    with Node() as running:
        settings.LEDGER = running.settings
        yield running


@pytest.fixture
def world(node: Node) -> cast.World:
    made = cast.world()
    onboarding.registry(made)
    return made


def to_the_end(world: cast.World, row: Onboarding, clock: Clock) -> Onboarding:
    for _ in range(40):
        row = work(world, row, clock=clock)
        if row.state in {"completed", "failed"}:
            return row
        clock.forward(hours=1)
    raise AssertionError(row.state)


def start(world: cast.World, clock: Clock, request: Any) -> Onboarding:
    with cast.in_scope(world):
        return onboardings.start(request=request, by=world.system, now=clock.now)


def said(node: Node) -> Counter[str]:
    messages = [row for topic in node.state.topics.values() for row in topic["messages"]]
    return Counter(str(orjson.loads(row["message"])["type"]) for row in messages)


def lose_each_answer_once(node: Node) -> None:
    """Whatever is taken, nobody hears of it at first."""
    known = len(node.state.taken)

    def lose() -> None:
        nonlocal known
        node.lose_answers = int(len(node.state.taken) > known)
        known = len(node.state.taken)

    node.on_taken = lose


def test_makes_a_user_though_every_answer_is_lost_once(node: Node, world: cast.World) -> None:
    lose_each_answer_once(node)
    clock = Clock()
    row = start(world, clock, onboarding.request(fields={"name": "Ada"}))
    row = to_the_end(world, row, clock)
    assert row.state == "completed", row.error_code
    assert len(node.state.accounts) == 3
    assert len(node.state.topics) == 2
    assert said(node) == {"DID-Document": 1, "VC-Document": 1}


def test_makes_a_registry_though_every_answer_is_lost_once(node: Node, world: cast.World) -> None:
    lose_each_answer_once(node)
    clock = Clock()
    row = to_the_end(world, start(world, clock, onboarding.registry_request()), clock)
    assert row.state == "completed", row.error_code
    assert len(node.state.accounts) == 3
    assert len(node.state.topics) == 3
    assert said(node) == {
        "Topic": 1,
        "DID-Document": 1,
        "Schema": 5,
        "Standard Registry": 1,
        "Guardian-Role-Document": 4,
    }


def test_waits_while_the_network_is_away(node: Node, world: cast.World) -> None:
    clock = Clock()
    row = start(world, clock, onboarding.request(fields={"name": "Ada"}))
    # Every id that is begun has lapsed already, as after a long outage.
    opening._shared(node.settings).ids._clock = lambda: time.time_ns() - 600 * SECOND
    node.stop()
    for _ in range(3):
        row = work(world, row, clock=clock)
        assert row.state not in {"completed", "failed"}
        clock.forward(minutes=30)
    opening._shared.cache_clear()
    node.start()
    row = to_the_end(world, row, clock)
    assert row.state == "completed", row.error_code
    assert len(node.state.accounts) == 3
    assert said(node) == {"DID-Document": 1, "VC-Document": 1}
    assert open_ledger(world.scope.id).network == "stand-in"
