"""Works on onboardings: beside the task queue, so that calls to a ledger hold up nothing else.

Runs in each task worker. The rows of onboardings are their own queue: a few times a second a thread
looks for what is due, in any scope, and the threads work on it. One more renews their leases.
"""

import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Final
from uuid import UUID

import structlog
from django.db import close_old_connections, connections

from accounts import ledger
from accounts.services import onboarding_leases, onboarding_pace, onboarding_work
from accounts.services.onboarding_leases import Due
from accounts.services.onboarding_pace import Pace
from accounts.services.onboarding_work import OpenLedger
from identity.scoping import current

TICK: Final = 0.25
AT_ONCE: Final = 4
"""Onboardings that one process works on: on a ledger far away most of the time is waiting."""
MOST_FOUND: Final = 64

_log = structlog.get_logger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Onboarder:
    """The threads, for the length of a process."""

    pace: Pace = onboarding_pace.USUAL
    open_ledger: OpenLedger = ledger.open_ledger
    tick: float = TICK
    at_once: int = AT_ONCE
    holder: str = field(default_factory=lambda: f"{socket.gethostname()[:32]}-{os.getpid()}")
    _stopping: Event = field(default_factory=Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _found: list[Due] = field(default_factory=list)
    _looked_at: float = 0.0
    _held: dict[UUID, tuple[UUID, UUID, str]] = field(default_factory=dict)
    _threads: list[Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin to work."""
        runs = [self._renew, *[self._work] * self.at_once]
        for number, run in enumerate(runs):
            thread = Thread(target=run, name=f"onboarder-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self, seconds: float = 20.0) -> None:
        """Finish the steps that are under way, begin no others, and wait until that is done."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(seconds)

    def work_on(self, due: Due) -> bool:
        """Work on one in this thread; whether it was due."""

        def taken(lease: str) -> None:
            with self._lock:
                self._held[due.onboarding_id] = (due.scope_id, due.onboarding_id, lease)

        try:
            with current.in_scope(due.scope_id):
                return onboarding_work.work(
                    due.onboarding_id,
                    clock=_now,
                    holder=self.holder,
                    pace=self.pace,
                    open_ledger=self.open_ledger,
                    taken=taken,
                    is_stopping=self._stopping.is_set,
                )
        finally:
            with self._lock:
                self._held.pop(due.onboarding_id, None)

    def _work(self) -> None:
        while not self._stopping.is_set():
            due = None
            with _survived("onboardings could not be worked on"):
                due = self._next()
                if due is not None:
                    self.work_on(due)
            if due is None:
                self._stopping.wait(self.tick)
        connections.close_all()

    def _next(self) -> Due | None:
        """One that is due and not in our own hands; the database is asked once in a tick."""
        with self._lock:
            if not self._found and time.monotonic() - self._looked_at >= self.tick:
                self._looked_at = time.monotonic()
                self._found = self._look()
            while self._found:
                due = self._found.pop()
                if due.onboarding_id not in self._held:
                    return due
        return None

    def _look(self) -> list[Due]:
        """Some that are due, in an order of this process's own: others look at the same ones."""
        found = list(onboarding_leases.due(now=_now(), most=MOST_FOUND))
        if len(found) == MOST_FOUND:
            # There is more: no need to wait before looking again.
            self._looked_at = 0.0
        secrets.SystemRandom().shuffle(found)
        return found

    def _renew(self) -> None:
        while not self._stopping.wait(self.pace.renewal.total_seconds()):
            with self._lock:
                held = list(self._held.values())
            with _survived("leases of onboardings could not be renewed"):
                onboarding_leases.renew(held, now=_now(), pace=self.pace)
        connections.close_all()


@contextmanager
def _survived(what: str) -> Iterator[None]:
    """The loop goes on, whatever the database says at the moment."""
    close_old_connections()
    try:
        yield
    except Exception:  # noqa: BLE001 as the docstring says
        _log.exception(what)
    finally:
        close_old_connections()
