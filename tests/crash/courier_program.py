"""A deployment's courier in a process of its own, which a test may kill.

    python -m tests.crash.courier_program prepare URL COUNT
    python -m tests.crash.courier_program deliver

`prepare` makes a scope with a webhook and as many events, and prints their ids. `deliver` works
until it is killed, with a short lease.
"""

import dataclasses
import json
import os
import sys
import time
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "identity.settings")
django.setup()

from identity.management import courier  # noqa: E402 - Django must be set up first
from tests.letters import HURRIED, House  # noqa: E402


def prepare(url: str, count: int) -> None:
    house = House.build("acme")
    house.webhook(url)
    sys.stdout.write(json.dumps(house.open_doors(count)))


def deliver() -> None:
    pace = dataclasses.replace(HURRIED, lease=timedelta(seconds=1), seconds=0.8)
    courier.Courier(pace=pace, tick=0.05).start()
    time.sleep(600)


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(sys.argv[2], int(sys.argv[3]))
    else:
        deliver()
