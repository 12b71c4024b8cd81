"""`manage.py openapi`: writes the description of the API of our own, or says if it is outdated."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from identity.api.v1 import description


class Command(BaseCommand):
    """Writes docs/openapi.json."""

    help = "Write docs/openapi.json anew; with --check only say whether it is up to date."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, and whether to compare only."""
        parser.add_argument("--output", type=Path, default=settings.ROOT / "docs" / "openapi.json")
        parser.add_argument("--check", action="store_true")

    def handle(self, *_: Any, **options: Any) -> None:
        """Write or compare."""
        made = description.document()
        file: Path = options["output"]
        if not options["check"]:
            file.write_bytes(made)
        elif not file.exists() or file.read_bytes() != made:
            raise CommandError(f"{file.name} is not up to date: run manage.py openapi")
