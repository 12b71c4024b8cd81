"""`manage.py bootstrap_owner`: a one-hour invitation for the first owner of a scope."""

import json
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from identity import actor
from identity.api.enterprise import results
from identity.errors import DomainError
from identity.management import shell
from invitations.services import onboarding


class Command(BaseCommand):
    """Print an invitation bundle as JSON; it holds a one-time key and is shown once."""

    help = "Invite the first owner of a scope and print the invitation bundle (valid one hour)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the scope and the person."""
        parser.add_argument("--scope", required=True, help="slug of the scope")
        parser.add_argument("--email", required=True, help="the owner's address and user name")
        parser.add_argument(
            "--recover", action="store_true", help="although owners exist: all of them are lost"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Invite and print."""
        now = datetime.now(UTC)
        try:
            with shell.scope(options["scope"]) as scope:
                bundle = onboarding.bootstrap_owner(
                    email=options["email"],
                    by=actor.system(scope.scope_id),
                    now=now,
                    is_recovery=options["recover"],
                )
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        shown = results.bundle(bundle) | {"url": shell.face_url(options["scope"], "request")}
        self.stdout.write(json.dumps(shown, indent=2))
