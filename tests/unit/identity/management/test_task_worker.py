"""The task worker: names that no living process shares, and work that outlives its worker."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult, get_date_max

from identity.management import task_worker
from identity.management.task_worker import MOST_TRIES, Slot

HOLD = """
import sys, time
from pathlib import Path
import django
django.setup()
from identity.management.task_worker import Slot
slot = Slot(Path(sys.argv[1]))
print(slot.worker_id, flush=True)
time.sleep(60)
"""


def running(*worker_ids: str) -> DBTaskResult:
    result: DBTaskResult = DBTaskResult.objects.create(
        args_kwargs={"args": [], "kwargs": {}},
        task_path="identity.tasks.purge",
        backend_name="default",
        run_after=get_date_max(),
        status=TaskResultStatus.RUNNING,
        started_at=datetime.now(UTC),
        worker_ids=list(worker_ids),
    )
    return result


def status(result: DBTaskResult) -> Any:
    result.refresh_from_db()
    return result.status


class TestSlot:
    def test_keeps_a_name_for_one_process_at_a_time(self, tmp_path: Path) -> None:
        first, second = Slot(tmp_path), Slot(tmp_path)
        assert first.worker_id != second.worker_id
        first_name = first.worker_id
        first.release()
        third = Slot(tmp_path)
        assert third.worker_id == first_name
        second.release()
        third.release()

    def test_gives_the_name_of_a_killed_process_to_the_next(self, tmp_path: Path) -> None:
        command = [sys.executable, "-c", HOLD, str(tmp_path)]
        environment = {
            "DJANGO_SETTINGS_MODULE": "identity.settings",
            "COUNTERSIGN_HOME": str(tmp_path / "home"),
        }
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, text=True
        ) as holder:
            assert holder.stdout is not None
            name = holder.stdout.readline().strip()
            beside = Slot(tmp_path)
            assert beside.worker_id != name
            holder.kill()
            holder.wait()
            after = Slot(tmp_path)
        assert after.worker_id == name
        beside.release()
        after.release()

    def test_is_short_enough_for_the_queue(self, tmp_path: Path) -> None:
        slot = Slot(tmp_path)
        assert 0 < len(slot.worker_id) <= 64
        slot.release()


@pytest.mark.django_db
class TestTakingUp:
    def test_queues_again_what_ran_under_this_name(self) -> None:
        abandoned = running("other", "mine")
        assert task_worker.take_up("mine") == 1
        assert status(abandoned) == TaskResultStatus.READY

    def test_leaves_alone_what_runs_under_other_names(self) -> None:
        theirs, nobodys = running("mine", "other"), running()
        assert task_worker.take_up("mine") == 0
        assert status(theirs) == status(nobodys) == TaskResultStatus.RUNNING

    def test_gives_up_a_task_that_kills_its_workers(self) -> None:
        deadly = running(*["mine"] * MOST_TRIES)
        assert task_worker.take_up("mine") == 0
        assert status(deadly) == TaskResultStatus.FAILED
        assert "WorkerDied" in deadly.exception_class_path
