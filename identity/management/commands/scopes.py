"""`manage.py scopes`: make scopes, list them, and change what belongs to an operator."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from identity import actor, queries
from identity.actor import Actor
from identity.errors import DomainError
from identity.management import shell
from identity.services import scope_settings, scopes
from invitations.services import scope_offers


class Command(BaseCommand):
    """The operator's own door: what it does is recorded as done by the system."""

    help = "Make, list and change scopes."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add a sub-parser per task."""
        tasks = parser.add_subparsers(dest="task", required=True)
        tasks.add_parser("list", help="every scope of the deployment")
        tasks.add_parser("offer", help="a code with which one scope can be made; shown once")
        create = tasks.add_parser("create", help="make a scope with its keys")
        create.add_argument("slug")
        create.add_argument("--name", default="", help="shown to people; the slug by default")
        for name, help_text in (
            ("suspend", "refuse everybody in the scope"),
            ("activate", "let people into a suspended scope again"),
            ("settings", "show the settings, or change those that are given"),
            ("add-host", "serve the scope at a host name"),
            ("remove-host", "serve it there no more"),
        ):
            task = tasks.add_parser(name, help=help_text)
            task.add_argument("slug")
            if name.endswith("-host"):
                task.add_argument("host")
            if name == "settings":
                task.add_argument("changes", nargs="*", metavar="NAME=VALUE", help="value in JSON")
        for setting in (create,):
            setting.add_argument(
                "--set", action="append", default=[], metavar="NAME=VALUE", help="value in JSON"
            )

    def handle(self, *_: Any, **options: Any) -> None:
        """Do one task."""
        try:
            self._do(options, now=datetime.now(UTC))
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal

    def _do(self, options: dict[str, Any], *, now: datetime) -> None:
        if options["task"] == "list":
            for row in queries.every_scope():
                self.stdout.write(f"{row.slug:24} {row.status:10} {row.id} {row.name}")
            return
        if options["task"] == "offer":
            self.stdout.write(scope_offers.make(now=now))
            return
        if options["task"] == "create":
            settings = scope_settings.merged(scope_settings.DEFAULTS, _changes(options["set"]))
            name = options["name"] or options["slug"]
            scope = scopes.create(slug=options["slug"], name=name, settings=settings, now=now)
            self.stdout.write(f"{scope.slug} {scope.id}")
            return
        with shell.scope(options["slug"]) as entered:
            self._change(options, by=actor.system(entered.scope_id), now=now)

    def _change(self, options: dict[str, Any], *, by: Actor, now: datetime) -> None:
        match options["task"]:
            case "suspend":
                scopes.suspend(by=by, now=now)
            case "activate":
                scopes.activate(by=by, now=now)
            case "add-host":
                scopes.add_host(host=options["host"], by=by, now=now)
            case "remove-host":
                scopes.remove_host(host=options["host"], by=by, now=now)
            case "settings":
                if options["changes"]:
                    changes = _changes(options["changes"])
                    scopes.change_settings(changes=changes, by=by, now=now)
                for name, value in asdict(scopes.settings()).items():
                    self.stdout.write(f"{name}={json.dumps(value)}")


def _changes(pairs: list[str]) -> dict[str, Any]:
    changes = {}
    for pair in pairs:
        name, _, text = pair.partition("=")
        try:
            changes[name] = json.loads(text)
        except json.JSONDecodeError as error:
            raise CommandError(f"{pair}: write NAME=VALUE with a value in JSON") from error
    return changes
