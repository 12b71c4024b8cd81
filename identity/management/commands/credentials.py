"""`manage.py credentials`: verify a credential without a server, a database or a network."""

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from identity.crypto import (
    json_ld_contexts,
    json_ld_process,
    status_checks,
    strict_json,
    verifiable_credential,
)
from identity.crypto.credential_hash import credential_hash
from identity.crypto.errors import CredentialUnexpected, EnvelopeMalformed
from identity.crypto.json_ld_contexts import Contexts
from identity.crypto.verifiable_credential import Verified
from identity.errors import DomainError


class Command(BaseCommand):
    """Verifies with what is on the command line alone; exits with 1 where it does not verify."""

    help = "Verify a W3C verifiable credential offline."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the sub-command."""
        actions = parser.add_subparsers(dest="act", required=True)
        verify = actions.add_parser("verify", help="check a credential offline")
        verify.add_argument("credential", type=Path, help="a credential as JSON")
        several: dict[str, Any] = {
            "type": Path,
            "action": "append",
            "default": [],
            "metavar": "FILE",
        }
        verify.add_argument(
            "--did-document", **several, help="the document of a DID, which you trust; repeatable"
        )
        verify.add_argument(
            "--context",
            **several,
            help="a context, which you trust; known under the address that its bytes make",
        )
        verify.add_argument(
            "--status-list", **several, help="a status list as its address serves it; repeatable"
        )
        verify.add_argument(
            "--status-issuer",
            action="append",
            default=[],
            metavar="DID",
            help="who may sign status lists beside the issuer; repeatable",
        )
        verify.add_argument("--expected-issuer", metavar="DID", help="refuse any other issuer")
        verify.add_argument(
            "--ignore-status", action="store_true", help="do not ask whether it was revoked"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Verify, and say what is proven."""
        document = _read(options["credential"])
        now = datetime.now(UTC)
        known = {each.get("id"): each for each in map(_read, options["did_document"])}
        contexts = {**json_ld_contexts.bundled(), **_contexts(options["context"])}
        try:
            verified = verifiable_credential.verify(
                document,
                resolve=known.get,
                contexts=contexts,
                canonicalize=json_ld_process.canonical,
                now=now,
            )
            if options["expected_issuer"] not in {None, verified.issuer}:
                raise CredentialUnexpected
            if not options["ignore_status"]:
                self._check_status(verified, options, known, contexts, now)
        except DomainError as refusal:
            self.stderr.write(f"FAILED: {refusal} ({refusal.code})")
            sys.exit(1)
        self._tell(verified, is_status_ignored=options["ignore_status"])

    def _check_status(
        self,
        verified: Verified,
        options: Mapping[str, Any],
        known: Mapping[Any, Mapping[str, Any]],
        contexts: Contexts,
        now: datetime,
    ) -> None:
        status_checks.require_unset(
            verified,
            [_read(path) for path in options["status_list"]],
            trusted={verified.issuer, *options["status_issuer"]},
            resolve=known.get,
            contexts=contexts,
            canonicalize=json_ld_process.canonical,
            now=now,
        )

    def _tell(self, verified: Verified, *, is_status_ignored: bool) -> None:
        self.stdout.write(f"OK: {verified.id}")
        self.stdout.write(f"  data model {verified.version}, {verified.suite}")
        self.stdout.write(f"  issuer: {verified.issuer}")
        for subject in verified.subjects:
            self.stdout.write(f"  about: {subject}")
        for name, moment in (("from", verified.valid_from), ("until", verified.valid_until)):
            if moment is not None:
                self.stdout.write(f"  valid {name} {moment.isoformat()}")
        if verified.version == "1.1":
            self.stdout.write(f"  hash: {credential_hash(verified.document)}")
        if not verified.statuses:
            self.stdout.write("  note: it names no status list, so nobody could revoke it there")
        elif is_status_ignored:
            self.stdout.write("  note: nobody asked whether it was revoked")


def _read(path: Path) -> dict[str, Any]:
    try:
        return strict_json.decode(path.read_bytes())
    except OSError as error:
        raise CommandError(f"Can't read {path}: {error.strerror}") from error
    except EnvelopeMalformed as error:
        raise CommandError(f"{path} is no JSON object: {error}") from error


def _contexts(paths: Sequence[Path]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for path in paths:
        document = _read(path)
        found[json_ld_contexts.address_of(path.read_bytes())] = document
    return found
