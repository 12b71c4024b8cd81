"""What happens from time to time without anybody asking; the task worker keeps the time."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from django.db import close_old_connections
from django_tasks_db.models import DBTaskResult

from accounts.services import onboarding_sweep, remote_results
from identity import tasks
from identity.web import limits
from invitations import tasks as proposals
from sessions_app import tasks as sessions

KEEP_FINISHED: Final = timedelta(days=7)
_TICK: Final = 1.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """Something to do every so many seconds. With several workers it is done more often."""

    name: str
    seconds: int
    act: Callable[[], Any]


def forget_finished_tasks() -> int:
    """Remove the rows of tasks that ended a week ago; how many those were."""
    before = datetime.now(UTC) - KEEP_FINISHED
    removed, _ = DBTaskResult.objects.finished().filter(finished_at__lt=before).delete()
    return removed


def forget_carried_changes() -> int:
    """Remove the changes that remotes have had for a month; how many those were."""
    return remote_results.purge(now=datetime.now(UTC))


def sweep_onboardings() -> onboarding_sweep.Swept:
    """Give up and forget onboardings that ended a month ago; how many those were."""
    return onboarding_sweep.sweep(now=datetime.now(UTC))


ENTRIES: Final[Sequence[Entry]] = (
    Entry("sign heads", 5 * 60, tasks.sign_heads.enqueue),
    Entry("purge", 60 * 60, tasks.purge.enqueue),
    Entry("sweep sessions", 60 * 60, sessions.sweep.enqueue),
    Entry("expire proposals", 5 * 60, proposals.expire_proposals.enqueue),
    Entry("forget batches", 60 * 60, proposals.forget_batches.enqueue),
    Entry("forget finished tasks", 60 * 60, forget_finished_tasks),
    Entry("sweep onboardings", 60 * 60, sweep_onboardings),
    Entry("forget carried changes", 60 * 60, forget_carried_changes),
    Entry("forget rates", 10 * 60, lambda: limits.purge(now=int(time.time()))),
)


def keep(entries: Sequence[Entry] = ENTRIES) -> None:
    """Start a thread that does each entry now and then; it ends with the process."""
    threading.Thread(target=_keep, args=(entries,), name="timetable", daemon=True).start()


def _keep(entries: Sequence[Entry]) -> None:
    due = {entry.name: 0.0 for entry in entries}
    while True:
        now = time.monotonic()
        for entry in entries:
            if now >= due[entry.name]:
                due[entry.name] = now + entry.seconds
                act(entry)
        time.sleep(_TICK)


def act(entry: Entry) -> None:
    """Do one entry. What goes wrong is logged, and the next time comes."""
    close_old_connections()
    try:
        entry.act()
    except Exception:  # noqa: BLE001 the next entry must not suffer
        _log.exception("timetable entry failed", entry=entry.name)
    finally:
        close_old_connections()
