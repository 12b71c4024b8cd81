"""`manage.py staff`: people who work in a scope's admin, and what they lost."""

import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import queries
from accounts.services import one_time_passwords, operators, passwords
from accounts.services import staff as service
from identity import actor, ids
from identity.actor import Actor
from identity.errors import DomainError
from identity.management import shell
from identity.scoping import doors


class Command(BaseCommand):
    """The operator's own door: what it does is recorded as done by the system."""

    help = "Add people who sign in to a scope's admin, let others in, help those who lost access."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add a sub-parser per task."""
        tasks = parser.add_subparsers(dest="task", required=True)
        helps = {
            "add": "make a person who signs in; prints a password, once",
            "password": "print a new password for a lost one, once",
            "otp-reset": "remove a lost generator of one-time passwords; all sessions end",
            "join": "let a login of another scope work here, as a user of its own",
            "leave": "shut a member of staff out of this scope's admin",
            "list": "print who works in this scope's admin",
        }
        made = {name: tasks.add_parser(name, help=text) for name, text in helps.items()}
        for task in made.values():
            task.add_argument("--scope", required=True, help="slug of the scope")
        for name in ("add", "password", "otp-reset", "leave"):
            made[name].add_argument(
                "--username",
                required=True,
                help="an e-mail address, so that an invitation to it reaches the same account",
            )
        made["join"].add_argument(
            "--login", required=True, help="slug/user name of who signs in in another scope"
        )
        for name in ("add", "join"):
            made[name].add_argument(
                "--role", action="append", default=[], help="role of the person; repeatable"
            )

    def handle(self, *_: Any, **options: Any) -> None:
        """Do one task."""
        tasks: Mapping[str, Callable[..., None]] = {
            "add": self._add,
            "password": self._renew,
            "otp-reset": self._reset,
            "join": self._join,
            "leave": self._leave,
            "list": self._list,
        }
        try:
            with shell.scope(options["scope"]) as scope:
                by = actor.system(scope.scope_id)
                tasks[options["task"]](options, by=by, now=datetime.now(UTC))
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal

    def _add(self, options: dict[str, Any], *, by: Actor, now: datetime) -> None:
        username, password = options["username"], secrets.token_urlsafe(18)
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
        self._print_password(options, password)

    def _renew(self, options: dict[str, Any], *, by: Actor, now: datetime) -> None:
        user_id, password = _known(options["username"]), secrets.token_urlsafe(18)
        if doors.staff_by_id(user_id) is None:
            raise CommandError(
                f"“{options['username']}” is no member of staff. "
                "Make one with another name: staff add"
            )
        verifier = passwords.make_verifier(password)
        passwords.store(user_id=user_id, verifier=verifier, by=by, now=now)
        self._print_password(options, password)

    def _reset(self, options: dict[str, Any], *, by: Actor, now: datetime) -> None:
        one_time_passwords.reset(user_id=_known(options["username"]), by=by, now=now)
        self.stdout.write(
            f"“{options['username']}” has no one-time passwords any more. "
            "Who works in the admin sets up another generator where it asks for one."
        )

    def _join(self, options: dict[str, Any], *, by: Actor, now: datetime) -> None:
        login = service.login(options["login"])
        public_id = queries.user_of_login(login.user_id) or ids.new()
        service.admit_login(
            public_id=public_id, name=login.name, roles=options["role"], by=by, now=now
        )
        self.stdout.write(
            f"“{login.name}” works in scope “{options['scope']}” as user {public_id}: "
            "“Change scope” in the admin leads there."
        )

    def _leave(self, options: dict[str, Any], *, by: Actor, now: datetime) -> None:
        service.dismiss(user_id=_known(options["username"]), by=by, now=now)
        self.stdout.write(f"“{options['username']}” has no access to this scope's admin any more.")

    def _list(self, options: dict[str, Any], *, by: Actor, now: datetime) -> None:
        del options, by, now
        after = ""
        while rows := queries.staff_rows(after=after):
            for row in rows:
                has_code = {None: "signs in elsewhere", True: "one-time passwords", False: "-"}
                roles = ", ".join(row.roles) or "-"
                self.stdout.write(
                    f"{row.username}\t{row.status}\t{roles}\t{has_code[row.has_one_time_password]}"
                )
            after = rows[-1].username

    def _print_password(self, options: dict[str, Any], password: str) -> None:
        self.stdout.write(
            f"Sign in at /admin/ with scope “{options['scope']}”, user name "
            f"“{options['username']}” and password\n"
            f"  {password}\n"
            "It is shown this once. Change it after signing in."
        )


def _known(username: str) -> UUID:
    found = queries.user_by_name(username)
    if found is None:
        raise CommandError(f"There is no user “{username}” in this scope.")
    return queries.user_id_of(found)
