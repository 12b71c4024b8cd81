"""`manage.py proposals`: export the evidence of a decision, and verify it without a server."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from identity.crypto import evidence
from identity.errors import DomainError
from identity.management import shell
from invitations.services import bundles


class Command(BaseCommand):
    """`export` reads the database; `verify` needs neither database nor server."""

    help = "Export and verify the evidence of proposals."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the two sub-commands."""
        actions = parser.add_subparsers(dest="act", required=True)
        export = actions.add_parser("export", help="write the evidence bundle of one proposal")
        export.add_argument("proposal", type=UUID)
        export.add_argument("--scope", required=True, help="slug of the scope")
        export.add_argument("--output", type=Path, help="file to write (default: standard output)")
        verify = actions.add_parser("verify", help="check a bundle offline")
        verify.add_argument("bundle", type=Path)
        verify.add_argument("--server-key", help="the server's signature key you know, in hex")

    def handle(self, *_: Any, **options: Any) -> None:
        """Run the sub-command."""
        if options["act"] == "verify":
            self._verify(options["bundle"], options["server_key"])
        else:
            self._export(options)

    def _export(self, options: dict[str, Any]) -> None:
        try:
            with shell.scope(options["scope"]):
                bundle = bundles.export(options["proposal"], now=datetime.now(UTC))
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        text = json.dumps(bundle, indent=1, ensure_ascii=False)
        if options["output"]:
            options["output"].write_text(text + "\n")
        else:
            self.stdout.write(text)

    def _verify(self, path: Path, server_key: str | None) -> None:
        try:
            report = evidence.verify_bundle(
                evidence.read_bundle(path.read_bytes()), expected_server_key=server_key
            )
        except OSError as error:
            raise CommandError(f"Can't read {path}: {error.strerror}") from error
        except evidence.EvidenceInvalid as error:
            for failure in error.failures:
                self.stderr.write(f"FAILED: {failure}")
            sys.exit(1)
        self.stdout.write(f"OK: proposal {report.proposal} is {report.state}")
        self.stdout.write(f"  {report.action} {report.resource}")
        for vote in report.votes:
            counted = "counts" if vote.is_counted else "does not count"
            self.stdout.write(
                f"  {vote.user}: {vote.decision}, signed by {vote.signed_by}, {counted}"
            )
        for note in report.notes:
            self.stdout.write(f"  note: {note}")
