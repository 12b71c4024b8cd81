"""`manage.py first_start`: what a new deployment needs before somebody can sign in."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.services import operators
from identity.errors import DomainError
from identity.services import scopes


class Command(BaseCommand):
    """Make the first operator, and a scope if one is named. Run again it changes nothing."""

    help = "Make the first operator (the password is printed once) and, if named, a first scope."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the scope."""
        parser.add_argument("--scope", help="slug of a scope to make")

    def handle(self, *_: Any, **options: Any) -> None:
        """Make what is missing and print the password if there is one."""
        now = datetime.now(UTC)
        slug = options["scope"]
        try:
            password = operators.ensure_first(now=now)
            if slug:
                scopes.ensure(slug=slug, name=slug.capitalize(), now=now)
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        if password is not None:
            self.stdout.write(
                f"First operator: sign in at /admin/ as “{operators.FIRST}” with password\n"
                f"  {password}\n"
                "It is shown this once. `manage.py first_start` makes no second one.\n"
            )
