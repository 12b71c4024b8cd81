"""A web server whose requests can be told to kill their own process at one of their writes.

    python -m tests.crash.mortal_server PORT

Each request runs the deployment's WSGI application in a forked process. The header `Die-At: 7`
makes that process send itself SIGKILL at the seventh point of its way: after each write, before
each commit that follows a write, and after it. `POST /work` runs the task worker until the queue
is empty, mortal in the same way. What it died at is said on standard output.
"""

import gc
import io
import os
import re
import signal
import socketserver
import sys
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.conf import settings
from django.core.management import call_command
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.urls import get_resolver

from identity.scoping.postgresql.straight import Straight

WRITE = re.compile(r"\b(INSERT INTO|UPDATE|DELETE FROM)\s+\"?(\w+)")
COMMIT = re.compile(r"\s*COMMIT\b", re.IGNORECASE)


class Fate:
    """Counts the points of one process and ends it at the one that was named; 0 lets it live."""

    def __init__(self) -> None:
        self.die_at = 0
        self.passed = 0
        self.has_written = False

    def reach(self, point: str) -> None:
        self.passed += 1
        if self.passed == self.die_at:
            os.write(1, f"died {point}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)

    def execute(self, statement: str, work: Callable[[], Any]) -> Any:
        """Send a statement, with a point behind it if it writes."""
        if COMMIT.match(statement):
            return self.commit(work)
        result = work()
        writes = [" ".join(found) for found in WRITE.findall(statement)]
        if writes and not statement.lstrip().startswith("SELECT"):
            self.has_written = True
            self.reach(f"after {', '.join(writes)}")
        return result

    def commit(self, work: Callable[[], Any]) -> Any:
        """Commit with a point on either side, if there is something to commit."""
        if not self.has_written:
            return work()
        self.reach("before COMMIT")
        result = work()
        self.has_written = False
        self.reach("after COMMIT")
        return result


def make_mortal(fate: Fate) -> None:
    """Put the points into both ways to a statement and into the one to each commit."""
    execute, execute_many = CursorWrapper.execute, CursorWrapper.executemany
    commit = BaseDatabaseWrapper._commit  # type: ignore[attr-defined]
    run, later, commit_straight = Straight.run, Straight.later, Straight.commit

    def mortal_execute(self: CursorWrapper, sql: Any, params: Any = None) -> Any:
        return fate.execute(str(sql), lambda: execute(self, sql, params))

    def mortal_execute_many(self: CursorWrapper, sql: Any, param_list: Any) -> Any:
        return fate.execute(str(sql), lambda: execute_many(self, sql, param_list))

    def mortal_commit(self: BaseDatabaseWrapper) -> Any:
        return fate.commit(lambda: commit(self))

    def mortal_run(self: Straight, sql: str, values: Any) -> Any:
        return fate.execute(sql, lambda: run(self, sql, values))

    def mortal_later(self: Straight, sql: str, values: Any, then: Any = None) -> None:
        # Sent at once, so that there is a point behind it.
        def sent() -> None:
            later(self, sql, values, then)
            self.catch_up()

        fate.execute(sql, sent)

    def mortal_straight_commit(self: Straight) -> None:
        fate.commit(lambda: commit_straight(self))

    Straight.run = mortal_run  # type: ignore[method-assign]
    Straight.later = mortal_later  # type: ignore[method-assign]
    Straight.commit = mortal_straight_commit  # type: ignore[method-assign]
    CursorWrapper.execute = mortal_execute  # type: ignore[method-assign]
    CursorWrapper.executemany = mortal_execute_many  # type: ignore[method-assign]
    BaseDatabaseWrapper._commit = mortal_commit  # type: ignore[attr-defined]


class Mortal:
    """The deployment's application, as the header says."""

    def __init__(self, application: Any, fate: Fate) -> None:
        self._application = application
        self._fate = fate

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        # The body ends where it was announced to end, as at the real server.
        length = int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
        self._fate.die_at = int(environ.get("HTTP_DIE_AT", "0"))
        if environ["PATH_INFO"] == "/work":
            work_until_done()
            start_response("204 No Content", [])
            return []
        answer: Iterable[bytes] = self._application(environ, start_response)
        return answer


def work_until_done() -> None:
    """What `task_worker.run` does, up to the moment when the queue is empty."""
    # Django must be set up first.
    from identity.management import task_worker

    slot = task_worker.Slot(settings.HOME)
    task_worker.take_up(slot.worker_id)
    call_command(
        "db_worker", worker_id=slot.worker_id, queue_name="*", reload=False, batch=True, interval=0
    )
    slot.release()


class Forking(socketserver.ForkingMixIn, WSGIServer):
    """A process for each request."""


class Quiet(WSGIRequestHandler):
    """Without a line for each request."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 the base class's name
        pass


def main(port: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "identity.settings")
    # This reads the environment and sets Django up.
    from identity.wsgi import application

    # What a process reads once is read before it forks.
    assert get_resolver().url_patterns
    fate = Fate()
    make_mortal(fate)
    # Each request's process shares what was made by now.
    gc.freeze()
    mortal: Any = Mortal(application, fate)
    with make_server("127.0.0.1", port, mortal, Forking, Quiet) as server:
        os.write(1, b"ready\n")
        server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
