"""`manage.py serve`: web server, web sockets and task worker under one supervisor."""

import http.client
import os
import subprocess
import sys
import time
from typing import Any, Final

import orjson
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from identity import niceness
from identity.errors import DomainError
from identity.management import database_state, lifeline, socket_server, task_worker, web_server
from identity.management.supervisor import Child, Supervisor
from identity.services import sealing

DEMO_SCOPE: Final = "acme"
_ROLES: Final = ("web", "worker", "sockets")
_ASK_EVERY: Final = 0.25
_PATIENCE: Final = 30.0


class Command(BaseCommand):
    """Start everything; `--only` starts one part without a supervisor, for other supervisors."""

    help = "Run the web server, the web sockets and the task worker until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        """Choose a part."""
        parser.add_argument("--only", choices=_ROLES, help="run this part alone")
        parser.add_argument("--child-of", type=int, help="end when this process is gone")

    def handle(self, *_: Any, **options: Any) -> None:
        """Run until stopped."""
        if options["child_of"]:
            lifeline.hold(options["child_of"])
        else:
            _require_sealing()
        if options["only"] == "worker":
            # Nobody waits for a task as for an answer, or for the hash of a password.
            niceness.yield_to_others()
            task_worker.run(settings.HOME)
        elif options["only"] == "web":
            web_server.run()
        elif options["only"] == "sockets":
            socket_server.run()
        else:
            sys.exit(self._supervise())

    def _supervise(self) -> int:
        roles = [role for role in _ROLES if role != "sockets" or settings.SOCKET_PORT]
        try:
            web_server.require_free_port()
            socket_server.require_free_port()
        except web_server.PortTaken as reason:
            raise CommandError(str(reason)) from reason
        self._prepare()
        # Children must not share a connection to the database.
        connection.close()
        manage = (sys.executable, str(settings.ROOT / "manage.py"), "serve")
        children = [
            Child(role, (*manage, "--only", role, "--child-of", str(os.getpid()), "--skip-checks"))
            for role in roles
        ]
        announcement = Announcement(self)
        return Supervisor(children).run(announcement.tick)

    def _prepare(self) -> None:
        try:
            missing = database_state.missing_migrations()
        except database_state.NotThere as reason:
            raise CommandError(str(reason)) from reason
        if missing and settings.IS_PRODUCTION:
            raise CommandError(f"{missing} migrations are missing: run `manage.py migrate` first.")
        if missing:
            self.stdout.write(f"Preparing the database ({missing} migrations) …")
            self.stdout.flush()
            # A process of its own, because it may use another login (DATABASE_OWNER_URL).
            manage = [sys.executable, str(settings.ROOT / "manage.py"), "migrate", "--verbosity=0"]
            if subprocess.run(manage, check=False).returncode:  # noqa: S603 our own command
                raise CommandError("The database could not be prepared.")
        if not settings.IS_PRODUCTION:
            call_command("first_start", scope=DEMO_SCOPE, stdout=self.stdout)
            self.stdout.flush()


class Announcement:
    """Says once that everything is ready, and where; or, after a while, what is missing."""

    def __init__(self, command: BaseCommand) -> None:
        self._command = command
        self._started_at = time.monotonic()
        self._next_at = 0.0
        self._is_over = False
        self._has_complained = False

    def tick(self) -> None:
        """Ask whether we are ready, from time to time."""
        now = time.monotonic()
        if self._is_over or now < self._next_at:
            return
        self._next_at = now + _ASK_EVERY
        status, answer = ask("/readyz")
        if status == http.HTTPStatus.OK:
            self._is_over = True
            self._announce()
        elif now - self._started_at > _PATIENCE and not self._has_complained:
            self._has_complained = True
            self._command.stderr.write(f"Not ready yet: {_reason(answer)}")

    def _announce(self) -> None:
        base = settings.BASE_URL
        self._command.stdout.write(
            f"\nCountersign is ready ({settings.MODE} mode, state in {settings.HOME}).\n"
            f"  Admin     {base}/admin/\n"
            f"  Sign-in   {base}/login\n"
            f"  API       {base}/v1/docs/\n"
            f"  Requests  {base}/s/{settings.DEFAULT_SCOPE or DEMO_SCOPE}/request\n"
            f"  Sockets   {socket_server.shown()}\n"
            f"  Health    {base}/healthz  {base}/readyz\n"
            "Stop with Ctrl-C.\n"
        )
        self._command.stdout.flush()


def ask(path: str) -> tuple[int, bytes]:
    """Status and body of a path of our own web server; 0 when it does not answer."""
    host = settings.LISTEN_HOST
    if host in {"0.0.0.0", "::"}:  # noqa: S104 compared, not bound
        host = "127.0.0.1"
    client = http.client.HTTPConnection(host, settings.LISTEN_PORT, timeout=2)
    try:
        client.request("GET", path)
        answer = client.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        client.close()


def _require_sealing() -> None:
    try:
        sealing.prove()
    except DomainError as error:
        raise CommandError(f"Nothing can be sealed: {error.__cause__ or error}") from error


def _reason(answer: bytes) -> str:
    if not answer:
        return "the web server does not answer."
    checks = orjson.loads(answer).get("checks", {})
    return "; ".join(f"{name}: {state}" for name, state in checks.items() if state != "ok")
