"""`manage.py connect FACE`: what a client needs to talk to a scope, as text or JSON."""

import json
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from identity import actor
from identity.api.enterprise import results
from identity.errors import DomainError
from identity.management import shell
from identity.services import server_keys
from invitations.services import onboarding


class Command(BaseCommand):
    """One sub-command per face; each prints the facts that its clients are configured with."""

    help = "Print what a client of a face needs: address, server keys and, if asked, an invitation."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add a sub-parser per face."""
        faces = parser.add_subparsers(dest="face", required=True)
        enterprise = faces.add_parser("enterprise", help="COSE envelopes at POST /request")
        enterprise.add_argument("--scope", required=True, help="slug of the scope")
        enterprise.add_argument("--json", action="store_true", help="print JSON only")
        enterprise.add_argument("--invite", metavar="EMAIL", help="add an invitation bundle")
        enterprise.add_argument(
            "--role", action="append", default=[], help="role of the invited person; repeatable"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Collect the facts and print them."""
        try:
            facts = getattr(self, options["face"])(options)
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        if options["json"]:
            self.stdout.write(json.dumps(facts))
            return
        for name, value in facts.items():
            shown = json.dumps(value, indent=2) if isinstance(value, dict) else value
            self.stdout.write(f"{name}: {shown}")

    def enterprise(self, options: dict[str, Any]) -> dict[str, Any]:
        """Address and server keys of the COSE face; with `--invite` a bundle, shown once."""
        with shell.scope(options["scope"]) as scope:
            keys = server_keys.client_keys()
            facts: dict[str, Any] = {
                "url": shell.face_url(scope.slug, "request"),
                "server_rsa_pub_key_pem_b64": keys.encryption_pem_base64,
                "server_ecdsa_pub_key": keys.signature_hex,
            }
            if options["invite"]:
                bundle = onboarding.invite(
                    email=options["invite"],
                    role_names=options["role"],
                    by=actor.system(scope.scope_id),
                    now=datetime.now(UTC),
                )
                facts["invitation"] = results.bundle(bundle)
        return facts
