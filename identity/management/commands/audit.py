"""`manage.py audit`: verify, export and show the audit record, also without a database."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError, CommandParser

from identity import queries
from identity.crypto import audit_chain
from identity.errors import DomainError
from identity.management import shell
from identity.services import audit_trail


class Command(BaseCommand):
    """The audit record is verified by whoever doubts it; exit status 1 means that it is wrong."""

    help = "Verify, export and show the audit record."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Add a sub-parser per task."""
        tasks = parser.add_subparsers(dest="task", required=True)
        verify = tasks.add_parser("verify", help="recompute every event and compare the heads")
        verify.add_argument("--scope", help="slug of one scope; without it every scope")
        export = tasks.add_parser("export", help="write the record of a scope to a file")
        export.add_argument("--scope", required=True, help="slug of the scope")
        export.add_argument("--format", choices=["jsonl"], default="jsonl")
        export.add_argument("--output", type=Path, help="a new file; without it standard output")
        offline = tasks.add_parser("verify-export", help="verify an export without a database")
        offline.add_argument("file", type=Path)
        offline.add_argument("--server-key", help="the key that must have signed the last head")
        head = tasks.add_parser("head", help="show the end of a scope's chain")
        head.add_argument("--scope", required=True, help="slug of the scope")

    def handle(self, *_: Any, **options: Any) -> None:
        """Do one task."""
        task = {
            "verify": self.verify,
            "export": self.export,
            "verify-export": self.verify_export,
            "head": self.head,
        }[options["task"]]
        try:
            task(options)
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal

    def verify(self, options: dict[str, Any]) -> None:
        """Every scope is looked at, also behind the first one that is wrong."""
        slugs = [options["scope"]] if options["scope"] else [row.slug for row in _scopes()]
        wrong = [slug for slug in slugs if not self._is_sound(slug)]
        if wrong:
            raise CommandError(f"the audit record is wrong in: {', '.join(wrong)}")

    def export(self, options: dict[str, Any]) -> None:
        """The end is signed first, so that the export covers everything up to now."""
        with shell.scope(options["scope"]), _opened(options["output"], self.stdout) as output:
            try:
                for line in audit_trail.export(now=datetime.now(UTC)):
                    output.write(f"{line}\n")
            except audit_chain.AuditInvalid as fault:
                raise CommandError(f"the audit record is wrong: {fault}") from fault

    def verify_export(self, options: dict[str, Any]) -> None:
        """Needs the file alone; `--server-key` ties it to a key that is known from elsewhere."""
        try:
            with options["file"].open(encoding="utf-8") as lines:
                report = audit_chain.verify_export(lines, expected_server_key=options["server_key"])
        except (audit_chain.AuditInvalid, OSError, UnicodeDecodeError, ValueError) as fault:
            raise CommandError(f"{options['file']}: {fault}") from fault
        self.stdout.write(f"{report.scope}: {_told(report)}")

    def head(self, options: dict[str, Any]) -> None:
        """One line, made to be noted down elsewhere and compared later."""
        with shell.scope(options["scope"]):
            end = audit_trail.end()
        self.stdout.write(f"{end.sequence} {end.digest} (signed up to {end.signed_sequence})")

    def _is_sound(self, slug: str) -> bool:
        with shell.scope(slug):
            try:
                report = audit_trail.verify()
            except audit_chain.AuditInvalid as fault:
                self.stderr.write(f"{slug}: {fault}")
                return False
        self.stdout.write(f"{slug}: {_told(report)}")
        return True


def _scopes() -> Sequence[queries.ScopeRow]:
    return queries.every_scope()


def _told(report: audit_chain.Report) -> str:
    unsigned = report.last_seq - report.signed_seq
    heads = f"{report.heads} signed head{'' if report.heads == 1 else 's'}"
    return f"{report.last_seq} events hold, {heads}, {unsigned} events since the last one"


@contextmanager
def _opened(path: Path | None, standard: Any) -> Iterator[TextIO]:
    if path is None:
        # Django's wrapper adds line ends and colours; what is behind it writes what it is given.
        yield getattr(standard, "_out", sys.stdout)
        return
    try:
        file = path.open("x", encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error
    with file:
        yield file
