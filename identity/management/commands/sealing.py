"""`manage.py sealing`: what stands under which key-encryption key, and sealing it anew."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from identity.crypto import pkcs11_token
from identity.crypto.errors import SealUnavailable
from identity.management import sealed
from identity.services import sealing
from identity.services.resealing import Column, Standing


class Command(BaseCommand):
    """Values are never shown, only how many there are and the names of keys."""

    help = "Show what is sealed under which key-encryption key; seal it anew under the one of now."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add a sub-parser per task."""
        tasks = parser.add_subparsers(dest="task", required=True)
        tasks.add_parser("status", help="every place, every key, how many values")
        tasks.add_parser("check", help="fail while anything needs another key than the one of now")
        resealing = tasks.add_parser("reseal", help="seal everything anew that needs another key")
        resealing.add_argument("--dry-run", action="store_true", help="only say how much it is")
        making = tasks.add_parser("make-key", help="make a key in the PKCS #11 token")
        making.add_argument("label")

    def handle(self, *_: Any, **options: Any) -> None:
        """Do one task."""
        try:
            if options["task"] == "make-key":
                self._make_key(options["label"])
            elif options["task"] == "reseal" and not options["dry_run"]:
                self._reseal()
            else:
                self._show(is_judged=options["task"] == "check")
        except SealUnavailable as refusal:
            raise CommandError(f"{refusal} {refusal.__cause__ or ''}".strip()) from refusal

    def _show(self, *, is_judged: bool) -> None:
        told = sealed.standing(now=datetime.now(UTC))
        now = sealing.key_encryption_key().kek_id
        self.stdout.write(f"Sealed now under {now}.")
        for line in told:
            mark = " " if line.kek_id == now else "*"
            self.stdout.write(f"{mark} {line.count:8} {line.place:40} {line.kek_id or 'no format'}")
        others = sealed.in_the_way(told)
        if others and is_judged:
            self._complain(others)
        self.stdout.write(f"{sum(line.count for line in others)} values need another key (*).")

    def _reseal(self) -> None:
        self._count = 0
        broken = sealed.reseal(self._tell)
        others = sealed.in_the_way(sealed.standing(now=datetime.now(UTC)))
        self.stdout.write(f"{self._count} values were sealed anew.")
        if broken or others:
            self._complain(others)
        self.stdout.write("Everything is sealed under the key of now: older ones may go.")

    def _tell(self, column: Column, scope: str, resealed: int, broken: int) -> None:
        self._count += resealed
        words = f", {broken} do not open" if broken else ""
        self.stdout.write(f"{scope}: {column.name}: {resealed} sealed anew{words}")
        self.stdout.flush()

    def _complain(self, others: Sequence[Standing]) -> NoReturn:
        lines = [f"{line.count} in {line.place} under {line.kek_id or '?'}" for line in others]
        advice = (
            "Do not take the older keys away; what does not open needs the key that it names, in "
            "COUNTERSIGN_KEK_FILE or among the token's, and then reseal once more."
        )
        if any(line.place == sealed.PENDING for line in others):
            advice += " Proposals that wait can't be changed: decide them, or let them expire."
        raise CommandError("Some values need another key. " + "; ".join(lines) + ". " + advice)

    def _make_key(self, label: str) -> None:
        if settings.KEK_TOKEN is None:
            raise CommandError("Name the token first: COUNTERSIGN_PKCS11_MODULE and others.")
        try:
            kek_id = pkcs11_token.make(settings.KEK_TOKEN, label)
        except pkcs11_token.Unusable as reason:
            raise CommandError(str(reason)) from reason
        self.stdout.write(f"Made {label} in the token: {kek_id}")
