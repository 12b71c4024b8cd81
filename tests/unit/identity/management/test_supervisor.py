"""The supervisor starts, restarts with growing pauses, and stops what it started, no more."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from identity.management.supervisor import LONGEST_PAUSE, STEADY_AFTER, Child, Supervisor
from tests.serving import descendants, is_alive

SLEEP = (sys.executable, "-c", "import time; time.sleep(60)")
STUBBORN = (
    sys.executable,
    "-c",
    f"""
import signal, subprocess, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen({SLEEP!r})
time.sleep(60)
""",
)


class Ticks:
    """Sends this process signals when a condition holds, as a person or an init would."""

    def __init__(self, *conditions: object) -> None:
        self.conditions = list(conditions)

    def __call__(self) -> None:
        if self.conditions and self.conditions[0]():  # type: ignore[operator]
            self.conditions.pop(0)
            os.kill(os.getpid(), signal.SIGTERM)


def test_stops_cleanly_on_a_signal() -> None:
    children = [Child("one", SLEEP), Child("two", SLEEP)]
    status = Supervisor(children).run(Ticks(lambda: all(child.is_running() for child in children)))
    assert status == 0
    assert [child.process.returncode for child in children if child.process] == [-15, -15]


def test_restores_the_handlers_it_found() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    child = Child("one", SLEEP)
    Supervisor([child]).run(Ticks(child.is_running))
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_starts_a_child_again_that_ended() -> None:
    child = Child("one", SLEEP)
    seen: list[int] = []

    def kill_the_first() -> bool:
        if child.process is not None and child.process.pid not in seen:
            seen.append(child.process.pid)
            if len(seen) == 1:
                child.process.kill()
        return len(seen) == 2 and child.is_running()

    assert Supervisor([child]).run(Ticks(kill_the_first)) == 0
    assert len(set(seen)) == 2


def test_waits_longer_each_time_and_forgets_failures_after_a_steady_while() -> None:
    child = Child("one", SLEEP)
    pauses = []
    for _ in range(9):
        child.started_at = 100.0
        child.plan_restart(now=101.0)
        pauses.append(child.start_at - 101.0)
    assert pauses[:4] == [0.0, 0.5, 1.5, 3.5]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE
    child.plan_restart(now=100.0 + STEADY_AFTER)
    assert child.start_at == 100.0 + STEADY_AFTER


def test_kills_what_does_not_stop_and_what_that_had_started() -> None:
    child = Child("stubborn", STUBBORN)
    family: list[int] = []

    def is_up() -> bool:
        if child.process is not None:
            family[:] = [child.process.pid, *descendants(child.process.pid)]
        return len(family) == 2

    assert Supervisor([child], grace=0.5).run(Ticks(is_up)) == 1
    time.sleep(0.2)
    assert not any(is_alive(pid) for pid in family)


def test_kills_at_once_on_a_second_signal() -> None:
    child = Child("stubborn", STUBBORN)
    supervisor = Supervisor([child], grace=60)

    def is_up() -> bool:
        return child.process is not None and bool(descendants(child.process.pid))

    def insist() -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    timer = threading.Timer(4.0, insist)
    timer.start()
    started_at = time.monotonic()
    status = supervisor.run(Ticks(is_up))
    timer.join()
    assert status == 1
    assert time.monotonic() - started_at < 30


def test_leaves_other_processes_alone(tmp_path: Path) -> None:
    with subprocess.Popen(SLEEP) as bystander:
        child = Child("one", SLEEP)
        Supervisor([child]).run(Ticks(child.is_running))
        assert bystander.poll() is None
        bystander.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_takes_ctrl_c_and_a_closed_terminal_for_the_same(number: int) -> None:
    child = Child("one", SLEEP)

    def interrupt() -> None:
        if child.is_running():
            os.kill(os.getpid(), number)

    assert Supervisor([child]).run(interrupt) in {0, 1}
    assert not child.is_running()
