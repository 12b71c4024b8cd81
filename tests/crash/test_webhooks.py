"""A courier is killed in the middle of deliveries, again and again: no message is lost."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from identity.services import webhook_pace
from tests.crash import books
from tests.crash.scene import served_on
from tests.mailbox import Mailbox
from tests.serving import Program, Served

DEATHS = 3
EVENTS = 120


@pytest.fixture
def database(tmp_path: Path) -> Iterator[str]:
    with books.opened(tmp_path / "home") as address:
        yield address


def program(served: Served, *arguments: str) -> Program:
    return served.begin("tests.crash.courier_program", *arguments)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_loses_no_message_when_the_courier_is_killed(tmp_path: Path, database: str) -> None:
    served = served_on(tmp_path / "home", database)
    with Mailbox() as mailbox:
        mailbox.pause = 0.05
        with program(served, "prepare", mailbox.url, str(EVENTS)) as prepared:
            assert prepared.wait() == 0, prepared.complaints()
            expected = json.loads(prepared.output())
        assert len(expected) == EVENTS
        for _ in range(DEATHS):
            seen = len(mailbox.taken)
            with program(served, "deliver") as courier:
                wait_for(lambda seen=seen: len(mailbox.taken) >= seen + 10)  # type: ignore[misc]
                courier.kill()
        assert len(set(mailbox.ids)) < EVENTS
        book = books.Books(database)
        with program(served, "deliver") as courier:
            wait_for(lambda: not book.count("identity_webhookdelivery", "state = 'pending'"))
            courier.kill()
    assert set(mailbox.ids) == set(expected)
    # Only what was under way when a courier died may have come twice.
    assert len(mailbox.ids) <= EVENTS + DEATHS * webhook_pace.USUAL.at_once
    assert book.count("identity_webhookdelivery", "state = 'delivered'") == EVENTS
