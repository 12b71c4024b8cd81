"""`manage.py ledger`: recompute the topics of the ledger in the database."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.ledger import verification
from identity import queries
from identity.errors import DomainError
from identity.management import shell


class Command(BaseCommand):
    """The ledger is verified by whoever doubts it; exit status 1 means that it is wrong."""

    help = "Recompute the topics of the ledger in the database."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add a sub-parser per task."""
        tasks = parser.add_subparsers(dest="task", required=True)
        verify = tasks.add_parser("verify", help="recompute every message of every topic")
        verify.add_argument("--scope", help="slug of one scope; without it every scope")

    def handle(self, *_: Any, **options: Any) -> None:
        """Every scope is looked at, also behind the first one that is wrong."""
        slugs = [options["scope"]] if options["scope"] else _slugs()
        try:
            wrong = [slug for slug in slugs if not self._is_sound(slug)]
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        if wrong:
            raise CommandError(f"the ledger is wrong in: {', '.join(wrong)}")

    def _is_sound(self, slug: str) -> bool:
        with shell.scope(slug):
            try:
                report = verification.verify()
            except verification.LedgerInvalid as fault:
                self.stderr.write(f"{slug}: {fault}")
                return False
        self.stdout.write(f"{slug}: {report.topics} topics and {report.messages} messages hold")
        return True


def _slugs() -> list[str]:
    return [row.slug for row in queries.every_scope()]
