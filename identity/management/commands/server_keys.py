"""`manage.py server_keys`: list and rotate the keys of a scope."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from identity import actor, queries
from identity.errors import DomainError
from identity.management import shell
from identity.models import ServerKey
from identity.services import server_keys


class Command(BaseCommand):
    """Private halves are never shown."""

    help = "List and rotate the server keys of a scope."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add a sub-parser per task."""
        tasks = parser.add_subparsers(dest="task", required=True)
        listing = tasks.add_parser("list", help="the keys that are of use now")
        rotation = tasks.add_parser("rotate", help="make a new key; the old one lasts 90 days")
        for task in (listing, rotation):
            task.add_argument("--scope", required=True, help="slug of the scope")
        rotation.add_argument("--purpose", required=True, choices=ServerKey.Purpose.values)

    def handle(self, *_: Any, **options: Any) -> None:
        """Do one task inside the scope."""
        now = datetime.now(UTC)
        try:
            with shell.scope(options["scope"]) as scope:
                if options["task"] == "rotate":
                    server_keys.rotate(
                        purpose=ServerKey.Purpose(options["purpose"]),
                        by=actor.system(scope.scope_id),
                        now=now,
                    )
                rows = queries.server_keys(now=now)
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        for row in rows:
            until = f" until {row.expires_at:%Y-%m-%d}" if row.expires_at else ""
            self.stdout.write(f"{row.purpose:10} {row.status}{until} {row.kid}")
