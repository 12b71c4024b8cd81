"""Onboardings whose worker is killed at each step and each call: one of everything in the end."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash import books, scene
from tests.serving import Program, Served

COUNT = 1000
WORKERS = 4
MOST_SECONDS = 300
"""Where nothing else runs it takes some fifteen."""
STEPS = {
    "USER": {1, 2, 3, 4, 5, 7, 8},
    "STANDARD_REGISTRY": set(range(1, 10)),
}
CALLS = {
    "USER": {"create_account", "account_key", "put", "submit_message"},
    "STANDARD_REGISTRY": {
        *("create_account", "account_key", "create_topic", "put", "submit_message")
    },
}


@pytest.fixture
def on_postgresql() -> None:
    """Many workers are for PostgreSQL: tests that ask for this run there alone."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Served, books.Books]]:
    home = tmp_path / "home"
    with books.opened(home) as database:
        deployment = scene.served_on(home, database)
        program(deployment, "prepare")
        yield deployment, books.Books(database)


PROGRAM = "tests.crash.onboarding_program"


def program(served: Served, *arguments: str) -> str:
    with served.begin(PROGRAM, *arguments) as done:
        assert done.wait() == 0, done.complaints() + done.output()
        return done.output()


def test_a_worker_that_is_killed_anywhere_loses_and_doubles_nothing(
    served: tuple[Served, books.Books],
) -> None:
    _killed_anywhere(served, "USER")


@pytest.mark.usefixtures("on_postgresql")
def test_nor_does_one_that_makes_a_registry(served: tuple[Served, books.Books]) -> None:
    _killed_anywhere(served, "STANDARD_REGISTRY")


def _killed_anywhere(served: tuple[Served, books.Books], role: str) -> None:
    deployment, _ = served
    told = program(deployment, "everywhere", role).splitlines()
    deaths = {line.removeprefix("died ") for line in told if line.startswith("died ")}
    assert {"before COMMIT", "after COMMIT"} <= deaths
    for call in CALLS[role]:
        assert {f"before {call}", f"after {call}"} <= deaths
    assert {f"in step {number}" for number in STEPS[role]} <= deaths
    program(deployment, "require")
    deployment.manage("audit", "verify", "--scope", "acme")


@pytest.mark.usefixtures("on_postgresql")
def test_a_thousand_at_once_with_four_workers_one_of_whom_is_killed(
    served: tuple[Served, books.Books],
) -> None:
    deployment, kept = served
    program(deployment, "fill", str(COUNT))
    workers = [worker(deployment) for _ in range(WORKERS)]
    try:
        wait_for(kept, COUNT // 4)
        workers[0].kill()
        workers.append(worker(deployment))
        wait_for(kept, COUNT)
    finally:
        for one in workers:
            one.kill()
            one.wait(10)
    program(deployment, "require")


def worker(served: Served) -> Program:
    return served.begin(PROGRAM, "work", log=served.log)


def wait_for(kept: books.Books, count: int) -> None:
    until = time.monotonic() + MOST_SECONDS
    while kept.count("accounts_onboarding", "state = 'completed'") < count:
        assert kept.count("accounts_onboarding", "state = 'failed'") == 0
        assert time.monotonic() < until, "the workers are too slow"
        time.sleep(0.2)
