"""`/healthz` and `/readyz`: what they ask, and that the body says which part fails."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult, get_date_max

from identity import wsgi
from identity.scoping import current
from identity.web import health

QUEUED_AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
ALL_OK = {"database": "ok", "migrations": "ok", "sealing": "ok", "queue": "ok"}


def asked(at: datetime = QUEUED_AT) -> tuple[int, dict[str, Any]]:
    answer = health.report(now=at)
    return answer.status, json.loads(answer.body)


def queue(**fields: Any) -> DBTaskResult:
    result: DBTaskResult = DBTaskResult.objects.create(
        args_kwargs={"args": [], "kwargs": {}},
        task_path="identity.tasks.purge",
        backend_name="default",
        run_after=fields.pop("run_after", get_date_max()),
        **fields,
    )
    DBTaskResult.objects.filter(id=result.id).update(enqueued_at=QUEUED_AT)
    return result


@pytest.fixture
def database_queue(settings) -> None:
    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
    settings.QUEUE_PATIENCE = 120


def test_lives_without_asking_anything() -> None:
    answer = health.live({})
    assert (answer.status, json.loads(answer.body)) == (200, {"status": "ok"})


@pytest.mark.django_db
@pytest.mark.usefixtures("database_queue")
class TestReadiness:
    def test_is_ready_when_every_part_is(self) -> None:
        assert asked() == (200, {"status": "ok", "checks": ALL_OK})

    def test_names_missing_migrations(self) -> None:
        with current.as_owner(why="test"):
            MigrationRecorder(connection).record_unapplied("invitations", "0001_initial")
        status, body = asked()
        assert status == 503
        assert body["status"] == "not ready"
        assert body["checks"]["database"] == "ok"
        assert "1 migrations are missing" in body["checks"]["migrations"]

    def test_names_a_queue_that_nobody_works_on(self) -> None:
        queue()
        assert asked(QUEUED_AT + timedelta(seconds=119))[0] == 200
        status, body = asked(QUEUED_AT + timedelta(seconds=121))
        assert status == 503
        assert "is a worker running?" in body["checks"]["queue"]

    def test_does_not_blame_the_queue_for_tasks_that_are_not_due(self) -> None:
        queue(run_after=datetime.now(UTC) + timedelta(days=1))
        queue(status=TaskResultStatus.RUNNING)
        queue(status=TaskResultStatus.FAILED)
        assert asked(QUEUED_AT + timedelta(days=300))[0] == 200

    def test_asks_no_queue_where_tasks_run_at_once(self, settings) -> None:
        settings.TASKS = {
            "default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}
        }
        queue()
        assert asked(QUEUED_AT + timedelta(days=1))[0] == 200


@pytest.mark.django_db
def test_says_that_the_database_does_not_answer_and_no_more(monkeypatch) -> None:
    class Unreachable:
        def cursor(self) -> None:
            raise OperationalError("connection to 10.1.2.3 as alice failed")

    monkeypatch.setattr(health, "connection", Unreachable())
    status, body = asked()
    assert status == 503
    assert body["checks"] == {"database": "does not answer"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.django_db
def test_answers_whatever_the_host_is_called(path: str) -> None:
    heard: list[str] = []

    def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        heard.append(status)

    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "HTTP_HOST": "10.0.0.7:8000"}
    body = b"".join(wsgi.application(environ, start))
    assert heard == ["200 OK"]
    assert json.loads(body)["status"] == "ok"
