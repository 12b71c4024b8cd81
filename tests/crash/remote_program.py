"""A deployment's carrier in a process of its own, which kills itself where it is told.

    python -m tests.crash.remote_program prepare URL
    python -m tests.crash.remote_program die POINT ACT MEMBER
    python -m tests.crash.remote_program carry

`prepare` makes a scope that is linked to a remote, with a context that is to be made there. `die`
adds or removes a member and carries until it reaches the point: `before METHOD` or `after METHOD`
of that member (or of none), or `noted`. `carry` works until it is killed.
"""

import dataclasses
import os
import signal
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "identity.settings")
django.setup()

from accounts import remote_calls  # noqa: E402 - Django must be set up first
from accounts.models import Remote  # noqa: E402
from accounts.services.remote_asking import Call  # noqa: E402
from accounts.services.remote_pace import Pace  # noqa: E402
from identity.management.carrier import Carrier  # noqa: E402
from tests.remotes import HURRIED, House  # noqa: E402

PACE = dataclasses.replace(HURRIED, lease=timedelta(seconds=2), seconds=0.9)


def prepare(url: str) -> None:
    house = House.build()
    house.link(url)
    house.carry("")


def die(point: str, act: str, member: str) -> None:
    house = House.again()
    if act == "add":
        house.add(member)
    elif act == "remove":
        house.remove(member)
    wanted = "" if act == "none" else member

    def open_remote(remote: Remote, pace: Pace) -> Call:
        call = remote_calls.open_remote(remote, pace)

        def mortal(method: str, params: Mapping[str, Any], /) -> Any:
            is_it = params.get("userId", "") == wanted
            name = method.removeprefix("context/")
            if is_it and point == f"before {name}":
                fall()
            result = call(method, params)
            if is_it and point == f"after {name}":
                fall()
            return result

        return mortal

    carrier = Carrier(pace=PACE, open_remote=open_remote)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for one in carrier.taken(1):
            carrier.carry(*one)
            if point == "noted" and not house.changes(member=wanted, state="pending"):
                fall()
        time.sleep(0.02)


def fall() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def carry() -> None:
    Carrier(pace=PACE, tick=0.05).start()
    time.sleep(600)


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(sys.argv[2])
    elif sys.argv[1] == "die":
        die(*sys.argv[2:])
    else:
        carry()
