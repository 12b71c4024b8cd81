"""The timetable: every entry works, and one that fails does not stop the others."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult, get_date_max

from identity.management import timetable
from identity.management.timetable import Entry


def finished(days_ago: float) -> None:
    DBTaskResult.objects.create(
        args_kwargs={"args": [], "kwargs": {}},
        task_path="identity.tasks.purge",
        backend_name="default",
        run_after=get_date_max(),
        status=TaskResultStatus.SUCCESSFUL,
        finished_at=datetime.now(UTC) - timedelta(days=days_ago),
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("entry", timetable.ENTRIES, ids=lambda entry: entry.name)
def test_has_entries_that_work(entry: Entry, caplog) -> None:
    timetable.act(entry)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "FAILED" not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_logs_an_entry_that_fails_and_goes_on(caplog) -> None:
    def fail() -> None:
        raise RuntimeError("out of order")

    timetable.act(Entry("broken", 1, fail))
    assert "out of order" in caplog.text


@pytest.mark.django_db
def test_forgets_tasks_that_ended_long_ago() -> None:
    finished(days_ago=8)
    finished(days_ago=6)
    assert timetable.forget_finished_tasks() == 1
    assert DBTaskResult.objects.count() == 1
