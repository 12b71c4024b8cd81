"""A thousand events for a receiver that is dead at first: how many are lost, how soon they arrive.

    DATABASE_URL=postgres://root@127.0.0.1/postgres python -m bench.webhooks [EVENTS]

Makes a database of its own and drops it. A second receiver of another scope is alive all the time
and shows whether a dead neighbour costs it anything. Waits are a thousandth of the usual ones; one
courier delivers, and is asked to stop and started anew while the receiver is dead.
"""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from django.db import connection  # noqa: E402 - Django must be set up first

from identity.management import courier  # noqa: E402
from tests.letters import HURRIED, House  # noqa: E402
from tests.mailbox import Mailbox  # noqa: E402

LONGEST = 300.0


@dataclass(frozen=True)
class Measured:
    queued: float
    dead: float
    recovered: float
    latency: float
    lost: int
    twice: int
    tries: int


def main(events: int) -> int:
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        measured = _measure(events)
    finally:
        connection.close()
        connection.creation.destroy_test_db(name, verbosity=0)
    _print(events, measured)
    return 1 if measured.lost else 0


def _measure(events: int) -> Measured:
    house, neighbour = House.build("bench"), House.build("neighbour")
    with Mailbox(503) as dead, Mailbox() as alive:
        house.webhook(dead.url)
        neighbour.webhook(alive.url)
        started = time.monotonic()
        expected = house.open_doors(events)
        queued = time.monotonic() - started
        first = _courier()
        started = time.monotonic()
        latency = _latency(neighbour, alive)
        _until(lambda: len(dead.refused) >= 10)
        first.stop()
        second = _courier()
        _until(lambda: len(dead.refused) >= 20)
        dead_for = time.monotonic() - started
        dead.status = 204
        started = time.monotonic()
        _until(lambda: len(set(dead.ids)) == events)
        recovered = time.monotonic() - started
        second.stop()
        return Measured(
            queued=queued,
            dead=dead_for,
            recovered=recovered,
            latency=latency,
            lost=len(set(expected) - set(dead.ids)),
            twice=len(dead.ids) - len(set(dead.ids)),
            tries=len(dead.refused),
        )


def _courier() -> courier.Courier:
    working = courier.Courier(pace=HURRIED)
    working.start()
    return working


def _latency(house: House, mailbox: Mailbox) -> float:
    """The longest that one of ten events took to a receiver that is alive."""
    longest = 0.0
    for number in range(1, 11):
        started = datetime.now(UTC)
        house.open_doors()
        _until(lambda number=number: len(mailbox.taken) >= number)  # type: ignore[misc]
        longest = max(longest, (datetime.now(UTC) - started).total_seconds())
    return longest


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONGEST
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)


def _print(events: int, measured: Measured) -> None:
    print(
        f"{events} events, {connection.vendor}, a receiver that is dead for {measured.dead:.1f} s"
    )
    print()
    print("| what | measured | goal |")
    print("|---|---:|---:|")
    print(f"| lost | {measured.lost} | 0 |")
    print(f"| delivered twice | {measured.twice} | |")
    print(f"| tries at the dead receiver | {measured.tries} | |")
    print(f"| events recorded and queued each second | {events / measured.queued:.0f} | |")
    print(f"| delivered each second afterwards | {events / measured.recovered:.0f} | |")
    print(f"| longest way to a neighbour that is alive, s | {measured.latency:.2f} | ≤ 2 |")


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
