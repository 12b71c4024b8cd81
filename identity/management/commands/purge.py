"""`manage.py purge`: remove what has run out; to be run every few minutes."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand

from accounts.services import onboarding_sweep
from identity.services import purge
from sessions_app.services import sweep


class Command(BaseCommand):
    """Safe to run at any time, on several machines at once and as often as one likes."""

    help = "Remove what has run out, retire old server keys, sign the audit record."

    def handle(self, *_: Any, **__: Any) -> None:
        """Do it and say how much it was."""
        now = datetime.now(UTC)
        purged, swept = purge.purge(now=now), sweep.sweep(now=now)
        onboarded = onboarding_sweep.sweep(now=now)
        self.stdout.write(
            f"{purged.nonces} nonces and {purged.idempotency_records} outcomes removed, "
            f"{purged.retired_keys} server keys retired, {purged.signed_heads} heads signed, "
            f"{purged.webhook_deliveries} deliveries of webhooks forgotten, "
            f"{swept.challenges} challenges, {swept.spent_tokens} spent tokens, "
            f"{swept.sign_ins} sign-ins and {swept.sessions} sessions removed, "
            f"{onboarded.given_up} onboardings given up, {onboarded.forgotten} forgotten"
        )
