"""`manage.py staff`: people of a scope who work in the admin, and their lost passwords."""

import secrets
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import queries
from accounts.services import operators, passwords
from identity import actor
from identity.actor import Actor
from identity.errors import DomainError
from identity.management import shell
from identity.scoping import doors


class Command(BaseCommand):
    """The operator's own door: what it does is recorded as done by the system."""

    help = "Add people who sign in to a scope's admin, or give one of them a new password."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add a sub-parser per task."""
        tasks = parser.add_subparsers(dest="task", required=True)
        add = tasks.add_parser("add", help="make a person who signs in; prints a password, once")
        password = tasks.add_parser("password", help="print a new password for a lost one, once")
        for task in (add, password):
            task.add_argument("--scope", required=True, help="slug of the scope")
            task.add_argument(
                "--username",
                required=True,
                help="an e-mail address, so that an invitation to it reaches the same account",
            )
        add.add_argument(
            "--role", action="append", default=[], help="role of the person; repeatable"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Do one task and print the password."""
        password = secrets.token_urlsafe(18)
        slug, username = options["scope"], options["username"]
        try:
            with shell.scope(slug) as scope:
                by = actor.system(scope.scope_id)
                if options["task"] == "add":
                    self._add(options, password, by=by, now=datetime.now(UTC))
                else:
                    self._renew(username, password, by=by, now=datetime.now(UTC))
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(
            f"Sign in at /admin/ with scope “{slug}”, user name “{username}” and password\n"
            f"  {password}\n"
            "It is shown this once. Change it after signing in."
        )

    def _add(self, options: dict[str, Any], password: str, *, by: Actor, now: datetime) -> None:
        username = options["username"]
        operators.add_staff(
            username=username,
            password=password,
            email=username if "@" in username else "",
            first_name="",
            last_name="",
            roles=options["role"],
            by=by,
            now=now,
        )

    def _renew(self, username: str, password: str, *, by: Actor, now: datetime) -> None:
        known = queries.user_by_name(username)
        user_id = None if known is None else queries.user_id_of(known)
        if user_id is None:
            raise CommandError(f"There is no user “{username}” in this scope.")
        if doors.staff_by_id(user_id) is None:
            raise CommandError(
                f"“{username}” is no member of staff. Make one with another name: staff add"
            )
        verifier = passwords.make_verifier(password)
        passwords.store(user_id=user_id, verifier=verifier, by=by, now=now)
