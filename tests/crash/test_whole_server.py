"""The server as it runs, killed part by part and then as a whole, while people use it."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar
from uuid import UUID, uuid4

import httpx
import pytest

from identity.sdk.client import Client
from identity.sdk.errors import NoAnswer
from identity.sdk.keys import DeviceKeys
from identity.sdk.results import Done
from tests.crash import books
from tests.crash.scene import Company, served_on
from tests.serving import Served, descendants, is_alive

PATIENCE = 60.0
Answer = TypeVar("Answer")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[str]:
    with books.opened(tmp_path / "home") as address:
        yield address


@pytest.fixture
def served(tmp_path: Path, database: str) -> Iterator[Served]:
    served = served_on(tmp_path / "home", database)
    try:
        with served:
            yield served
    finally:
        served.stop(signal.SIGKILL)


def until_answered(act: Callable[[], Answer]) -> Answer:
    """Ask the same until there is an answer, as a client does whose server comes back."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(NoAnswer):
            return act()
        time.sleep(0.05)
    raise AssertionError(f"no answer for {PATIENCE} s")


class People(threading.Thread):
    """One person doing the same thing again and again, who remembers what was acknowledged."""

    def __init__(self, act: Callable[[], str]) -> None:
        super().__init__()
        self.acknowledged: list[str] = []
        self.error: Exception | None = None
        self.is_over = False
        self._act = act

    def run(self) -> None:
        try:
            while not self.is_over:
                self.acknowledged.append(self._act())
        except Exception as error:  # noqa: BLE001 told by the test's own thread
            self.error = error

    def finish(self) -> list[str]:
        """Let it end what it is doing; all that was acknowledged."""
        self.is_over = True
        self.join(PATIENCE)
        assert not self.is_alive()
        if self.error:
            raise self.error
        return self.acknowledged


def invited_and_joined(company: Company) -> str:
    """Somebody new has a device now; its id."""
    uid, keys = str(uuid4()), DeviceKeys.generate()
    bundle = until_answered(lambda: company.invite(uid))
    client = until_answered(lambda: company.join(bundle, keys))
    return str(client.session.device)


def proposed_and_decided(company: Company, bob: Client) -> str:
    """A policy more; the proposal that made it."""
    plid = str(uuid4())
    proposal = until_answered(lambda: company.propose(plid))
    verified = until_answered(lambda: bob.proposals.verify(bob.proposals.read(proposal)))
    answer = until_answered(lambda: bob.proposals.approve(verified))
    assert isinstance(answer, Done)
    assert answer.details["state"] == "executed"
    return proposal


class Processes:
    """Who runs under the supervisor, by what they were started as."""

    def __init__(self, served: Served) -> None:
        assert served.process is not None
        self.supervisor = served.process.pid
        self._served = served

    def web(self) -> list[int]:
        """The web server's main process and then its workers; nothing while it starts."""
        found = self._children("web")
        return found + [pid for main in found for pid in descendants(main)]

    def worker(self) -> list[int]:
        return self._children("worker")

    def everybody(self) -> list[int]:
        return [self.supervisor, *descendants(self.supervisor)]

    def _children(self, role: str) -> list[int]:
        mark = f"--only\0{role}\0".encode()
        below = descendants(self.supervisor)
        named = [pid for pid in below if mark in _command_line(pid)]
        # A worker of the web server was forked from its main process and looks like it.
        return [pid for pid in named if not any(pid in descendants(other) for other in named)]

    def kill(self, pid: int, role: Callable[[], list[int]], count: int) -> None:
        """Kill one and wait for whoever takes its place, until the server is whole again."""
        os.kill(pid, signal.SIGKILL)

        def is_replaced() -> bool:
            now = role()
            return pid not in now and len(now) == count

        wait_for(is_replaced, f"nobody replaced process {pid}")
        wait_for(lambda: self._served.status("/readyz") == 200, "the server is not ready")


def _command_line(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def wait_for(condition: Callable[[], bool], failure: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, failure
        time.sleep(0.05)


def kill_one_after_the_other(served: Served) -> None:
    """Both web workers, the task worker, the web server's main process; each in mid-work."""
    processes = Processes(served)
    _, *web_workers = before = processes.web()
    assert len(web_workers) == 2
    for pid in web_workers:
        time.sleep(0.3)
        processes.kill(pid, processes.web, len(before))
    (worker,) = processes.worker()
    processes.kill(worker, processes.worker, 1)
    time.sleep(0.3)
    main, *_ = processes.web()
    processes.kill(main, processes.web, len(before))


def kill_all(served: Served) -> None:
    """The supervisor first, so that nobody puts anything in order."""
    assert served.process is not None
    supervisor = served.process.pid
    for pid in Processes(served).everybody():
        _kill(pid)
    served.process.wait(10)
    # One that was being made while the others were counted has lost its parent, not its mark.
    while left := _marked(f"--child-of\0{supervisor}\0".encode()):
        for pid in left:
            _kill(pid)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _marked(mark: bytes) -> list[int]:
    found = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in found if mark in _command_line(pid) and is_alive(pid)]


def require_kept(book: books.Books, devices: list[str], proposals: list[str]) -> None:
    """What was acknowledged is there, and nothing else."""
    present = {str(UUID(str(row[0]))) for row in book.rows("SELECT id FROM accounts_device")}
    assert set(devices) <= present
    # Besides them there are alice of each scope, and bob.
    assert len(present) == len(devices) + 3
    executed = "SELECT id FROM invitations_proposal WHERE state = 'executed'"
    assert {str(UUID(str(row[0]))) for row in book.rows(executed)} == set(proposals)
    assert book.count("invitations_proposal") == len(proposals) == len(set(proposals))
    book.require_whole()
    book.require_sound_file()


def require_tasks_done(served: Served, book: books.Books) -> None:
    """Every task of the queue ends well, also those whose worker was killed."""
    query = (
        "SELECT task_path, status, worker_ids, traceback FROM django_tasks_database_dbtaskresult"
        " WHERE status <> 'SUCCESSFUL'"
    )
    deadline = time.monotonic() + PATIENCE
    while left := book.rows(query):
        assert time.monotonic() < deadline, f"{left}\n{served.output()[-8000:]}"
        time.sleep(0.05)


def test_loses_nothing_whoever_dies(served: Served, database: str) -> None:
    book = books.Books(database)
    with httpx.Client() as http:
        lonely = Company.found(served, "lonely", http)
        governed = Company.found(served, "governed", http)
        bob = governed.second_owner()
        people = [
            People(lambda: invited_and_joined(lonely)),
            People(lambda: proposed_and_decided(governed, bob)),
        ]
        for person in people:
            person.start()
        try:
            kill_one_after_the_other(served)
            kill_all(served)
            book.require_whole()
            seen = [len(person.acknowledged) for person in people]
            served.start()
            served.wait_until_ready()
            wait_for(
                lambda: all(
                    len(person.acknowledged) > count or person.error
                    for person, count in zip(people, seen, strict=True)
                ),
                "nobody is served any more",
            )
        finally:
            devices, proposals = [person.finish() for person in people]
    require_kept(book, devices, proposals)
    served.manage("audit", "verify")
    require_tasks_done(served, book)
