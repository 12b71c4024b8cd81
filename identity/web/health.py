"""Whether this process lives (`/healthz`) and whether it can do its work (`/readyz`)."""

import functools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django_tasks_db.models import DBTaskResult

from identity.crypto.errors import SealBroken, SealUnavailable
from identity.services import sealing
from identity.web.lane import Answer

_log = structlog.get_logger(__name__)


class NotReady(Exception):
    """A part can't do its work; the text says why and is fit for outsiders."""


def live(_environ: Mapping[str, Any]) -> Answer:
    """The process answers; nothing else is asked."""
    return _answer(200, {"status": "ok"})


def ready(_environ: Mapping[str, Any]) -> Answer:
    """200 when every part can do its work, 503 otherwise; the body names each part."""
    return report(now=datetime.now(UTC))


def report(*, now: datetime) -> Answer:
    """The state of each part; after a part that fails, those that need it are not asked."""
    parts: dict[str, str] = {}
    for name, check in CHECKS.items():
        try:
            check(now)
        except NotReady as reason:
            parts[name] = str(reason)
            break
        except (DatabaseError, ImproperlyConfigured, OSError):
            _log.exception("not ready", part=name)
            parts[name] = "does not answer"
            break
        parts[name] = "ok"
    is_ready = all(state == "ok" for state in parts.values())
    return _answer(
        200 if is_ready else 503, {"status": "ok" if is_ready else "not ready", "checks": parts}
    )


def _database(_now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _migrations(_now: datetime) -> None:
    applied = set(MigrationRecorder(connection).applied_migrations())
    missing = _expected_migrations() - applied
    if missing:
        raise NotReady(f"{len(missing)} migrations are missing: run manage.py migrate")


def _sealing(_now: datetime) -> None:
    try:
        sealing.prove()
    except (SealUnavailable, SealBroken) as error:
        # The cause may name tokens and keys, which is for the log.
        _log.warning("not ready", part="sealing", reason=str(error.__cause__ or error))
        raise NotReady("the key-encryption key is out of reach") from error


def _queue(now: datetime) -> None:
    if not settings.TASKS["default"]["BACKEND"].startswith("django_tasks_db."):
        return
    patience = timedelta(seconds=settings.QUEUE_PATIENCE)
    # Due since then and still not taken by any worker.
    if DBTaskResult.objects.ready().filter(enqueued_at__lt=now - patience).exists():
        seconds = settings.QUEUE_PATIENCE
        raise NotReady(f"tasks wait longer than {seconds} s: is a worker running?")


CHECKS: Final[Mapping[str, Callable[[datetime], None]]] = {
    "database": _database,
    "migrations": _migrations,
    "sealing": _sealing,
    "queue": _queue,
}


@functools.cache
def _expected_migrations() -> frozenset[tuple[str, str]]:
    # What the code on disk needs; it does not change while the process lives.
    loader = MigrationLoader(None)
    replaced = {key for migration in loader.replacements.values() for key in migration.replaces}
    return frozenset(loader.disk_migrations) - replaced


def _answer(status: int, body: Mapping[str, Any]) -> Answer:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return Answer(status, orjson.dumps(body), headers)
