"""Carries changes of members to remotes: beside the task queue, which no dead remote holds up.

Runs in each task worker. The changes are their own queue: a few times a second a thread looks for
remotes with something due, in any scope, and hands what it took to threads that call. A remote
that failed last is asked by one thread alone.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Final
from uuid import UUID

import structlog
from django.db import close_old_connections, connections

from accounts import remote_calls
from accounts.services import remote_leases, remote_pace, remote_work
from accounts.services.remote_leases import Due, Taken
from accounts.services.remote_pace import Pace
from accounts.services.remote_work import OpenRemote
from identity.scoping import current

TICK: Final = 0.5
AT_ONCE: Final = 8
"""Changes that one process carries at the same time, of all remotes together."""

_log = structlog.get_logger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Carrier:
    """The loop and its threads, for the length of a process."""

    pace: Pace = remote_pace.USUAL
    open_remote: OpenRemote = remote_calls.open_remote
    tick: float = TICK
    at_once: int = AT_ONCE
    _stopping: Event = field(default_factory=Event)
    _thread: Thread | None = None

    def start(self) -> None:
        """Begin to carry."""
        self._thread = Thread(target=self._run, name="carrier", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the changes that are under way, begin no others, and wait until that is done."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(self.pace.seconds + 5)

    def carry(self, scope_id: UUID, taken: Taken) -> None:
        """Carry one change in this thread."""
        with current.in_scope(scope_id):
            remote_work.work(taken, clock=_now, pace=self.pace, open_remote=self.open_remote)

    def taken(self, room: int) -> Sequence[tuple[UUID, Taken]]:
        """Some changes that are this process's from now on, a few of each remote."""
        now = _now()
        found: list[tuple[UUID, Taken]] = []
        for due in remote_leases.due(now=now, most=room):
            most = min(self.pace.at_once, room - len(found))
            if most <= 0:
                break
            found += [(due.scope_id, taken) for taken in _take(due, now, self.pace, most)]
        return found

    def _run(self) -> None:
        with ThreadPoolExecutor(self.at_once, thread_name_prefix="carrier") as threads:
            busy: set[Future[None]] = set()
            while not self._stopping.is_set():
                busy = {carried for carried in busy if not carried.done()}
                taken = self._survivingly_taken(self.at_once - len(busy))
                busy |= {threads.submit(self._carry, *one) for one in taken}
                # Where there was something there may be more: only an idle loop waits.
                self._stopping.wait(self.tick if not taken else self.tick / 10)
        connections.close_all()

    def _survivingly_taken(self, room: int) -> Sequence[tuple[UUID, Taken]]:
        close_old_connections()
        try:
            return self.taken(room) if room > 0 else ()
        except Exception:  # noqa: BLE001 the loop goes on, whatever the database says at the moment
            _log.exception("changes for remotes could not be looked for")
            return ()

    def _carry(self, scope_id: UUID, taken: Taken) -> None:
        try:
            self.carry(scope_id, taken)
        except Exception:  # noqa: BLE001 the lease runs out, and somebody tries again
            _log.exception("a change could not be carried", change=str(taken.change_id))
        finally:
            connections.close_all()


def _take(due: Due, now: datetime, pace: Pace, most: int) -> Sequence[Taken]:
    with current.in_scope(due.scope_id):
        return remote_leases.take(due.remote_id, now=now, pace=pace, most=most)
