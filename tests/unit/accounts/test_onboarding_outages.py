"""The ledger is down for a minute while many onboardings wait: then each of them is done, once."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from accounts import ledger as ledgers
from accounts.ledger import Ledger
from accounts.ledger.hedera import ledger as hedera
from accounts.ledger.hedera import opening
from accounts.models import (
    Credential,
    DidDocument,
    LedgerMessage,
    LocalLedgerAccount,
    Onboarding,
    User,
)
from accounts.services import onboarding_leases, onboarding_work, onboardings
from identity.scoping import current
from tests import cast, onboarding
from tests.hedera_node import Node
from tests.onboarding import Clock, Line

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE = timedelta(seconds=60)
LONGEST = timedelta(seconds=150)
"""The outage, and the wait of who asked last just before its end, a fifth longer by chance."""
OpenLedger = Callable[[UUID], Ledger]


def fill(world: cast.World, clock: Clock, count: int) -> None:
    with cast.in_scope(world):
        for number in range(count):
            request = onboarding.request(f"user-{number}", fields={"name": "Ada"})
            onboardings.start(request=request, by=world.system, now=clock.now)


def second(clock: Clock, open_ledger: OpenLedger) -> None:
    """What workers do in one second: whatever is due."""
    for due in onboarding_leases.due(now=clock.now, most=1000):
        with current.in_scope(due.scope_id):
            onboarding_work.work(
                due.onboarding_id, clock=clock, holder="test", open_ledger=open_ledger
            )
    clock.forward(seconds=1)


def states(world: cast.World) -> Counter[str]:
    with cast.in_scope(world):
        return Counter(Onboarding.objects.values_list("state", flat=True))


def through_a_minute(
    world: cast.World, clock: Clock, open_ledger: OpenLedger, up: Callable[[], object]
) -> int:
    """A minute without a ledger, then as long as it takes; the seconds from the beginning on."""
    begun = clock.now
    while clock.now < begun + MINUTE:
        second(clock, open_ledger)
        assert set(states(world)) == {"queued"}
    with cast.in_scope(world):
        # 1, 2, 4, … seconds: the schedule reached the end of the minute and didn't hurry.
        tries = set(Onboarding.objects.values_list("outages", flat=True))
    assert tries <= {5, 6}
    up()
    while set(states(world)) != {"completed"}:
        assert clock.now < begun + LONGEST, states(world)
        second(clock, open_ledger)
    return round((clock.now - begun).total_seconds())


def require_one_of_everything(world: cast.World, count: int) -> None:
    with cast.in_scope(world):
        made = User.objects.filter(username__startswith="user-", status="active")
        assert made.count() == count
        assert DidDocument.objects.filter(status="published").count() == count
        assert Credential.objects.filter(publication="published").count() == count
        assert DidDocument.objects.count() == Credential.objects.count() == count


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_ledger_here_is_away_for_a_minute(clock: Clock) -> None:
    world, count = cast.world(), 40
    onboarding.registry(world)
    fill(world, clock, count)
    line = Line(is_down=True)
    seconds = through_a_minute(world, clock, line, lambda: setattr(line, "is_down", False))
    assert seconds > MINUTE.total_seconds()
    require_one_of_everything(world, count)
    with cast.in_scope(world):
        assert LocalLedgerAccount.objects.count() == count + 1
        kinds = Counter(
            orjson.loads(bytes(content))["type"]
            for content in LedgerMessage.objects.values_list("content", flat=True)
        )
    assert kinds == {"DID-Document": count, "VC-Document": count}


def test_it_goes_away_in_the_middle_of_the_work(clock: Clock) -> None:
    """Each stopped somewhere else: after the account, at the DID, at the credential."""
    world, count = cast.world(), 12
    onboarding.registry(world)
    fill(world, clock, count)
    with cast.in_scope(world):
        tasks = list(Onboarding.objects.order_by("created_at", "id"))
    for number, row in enumerate(tasks):
        cut = Line(cut_at=1 + number % 6, when="after" if number % 2 else "before")
        onboarding.work(world, row, clock=clock, open_ledger=cut)
    line = Line(is_down=True)
    through_a_minute(world, clock, line, lambda: setattr(line, "is_down", False))
    require_one_of_everything(world, count)
    with cast.in_scope(world):
        assert LocalLedgerAccount.objects.count() == count + 1
        assert LedgerMessage.objects.count() == 2 * count


@pytest.fixture
def node(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    monkeypatch.setattr(hedera, "MIRROR_PAUSE", 0.01)
    opening._shared.cache_clear()
    with Node() as running:
        settings.LEDGER = running.settings
        yield running


def test_the_public_network_is_away_for_a_minute(node: Node, clock: Clock) -> None:
    world, count = cast.world(), 5
    onboarding.registry(world)
    before = len(node.state.accounts)
    fill(world, clock, count)
    node.stop()

    def up() -> None:
        # What the SDK knows of a node that was away is forgotten sooner than its own time says.
        opening._shared.cache_clear()
        node.start()

    through_a_minute(world, clock, ledgers.open_ledger, up)
    require_one_of_everything(world, count)
    assert len(node.state.accounts) == before + count
    messages = [row for topic in node.state.topics.values() for row in topic["messages"]]
    kinds = Counter(str(orjson.loads(row["message"])["type"]) for row in messages)
    assert kinds == {"DID-Document": count, "VC-Document": count}
