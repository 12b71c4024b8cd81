"""Runs tasks from the queue, and takes up again what a killed worker left unfinished."""

import fcntl
import os
import secrets
import socket
from pathlib import Path
from typing import Final

import structlog
from django.core.management import call_command
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from identity import home
from identity.management import carrier, courier, onboarder, timetable

MOST_WORKERS: Final = 64
MOST_TRIES: Final = 5

_log = structlog.get_logger(__name__)


class WorkerDied(RuntimeError):
    """Why a task was given up: each worker that ran it was killed."""


class Slot:
    """A worker's name that no living process shares.

    The name is kept in a locked file. The system takes the lock from a process that dies however
    it dies, so whoever holds it knows that tasks running under this name run nowhere.
    """

    def __init__(self, folder: Path) -> None:
        home.prepare(folder)
        self._descriptor, self.worker_id = _take(folder)

    def release(self) -> None:
        """Give the name back; the end of the process does the same."""
        os.close(self._descriptor)


def run(folder: Path) -> None:
    """Work on all queues until SIGTERM; then finish the task at hand. `folder` keeps the names."""
    slot = Slot(folder)
    take_up(slot.worker_id)
    timetable.keep()
    delivering = courier.Courier()
    delivering.start()
    onboarding = onboarder.Onboarder()
    onboarding.start()
    carrying = carrier.Carrier()
    carrying.start()
    try:
        call_command("db_worker", worker_id=slot.worker_id, queue_name="*", reload=False)
    finally:
        carrying.stop()
        onboarding.stop()
        delivering.stop()


def take_up(worker_id: str) -> int:
    """Queue again what ran under this name when its process was killed; returns how many.

    A task may so run twice: tasks must bear that. One whose workers died five times is given up.
    """
    taken_up = 0
    for result in DBTaskResult.objects.running():
        if not result.worker_ids or result.worker_ids[-1] != worker_id:
            continue
        if len(result.worker_ids) >= MOST_TRIES:
            result.set_failed(WorkerDied(f"the worker died {MOST_TRIES} times"))
            _log.error("task given up", task=result.task_path, id=str(result.id))
            continue
        taken_up += (
            DBTaskResult.objects.running()
            .filter(id=result.id)
            .update(status=TaskResultStatus.READY, started_at=None)
        )
    if taken_up:
        _log.warning("tasks taken up again", count=taken_up)
    return taken_up


def _take(folder: Path) -> tuple[int, str]:
    for number in range(1, MOST_WORKERS + 1):
        path = folder / f"worker-{number}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        name = os.read(descriptor, 64).decode()
        if not name:
            name = f"{socket.gethostname()[:32]}-{number}-{secrets.token_hex(8)}"
            os.write(descriptor, name.encode())
        return descriptor, name
    raise RuntimeError(f"{MOST_WORKERS} workers use {folder} already")
