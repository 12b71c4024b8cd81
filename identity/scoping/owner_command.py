"""Management commands that work on the tables themselves, and so run as their owner."""

from typing import Any

from django.core.management.base import BaseCommand

from identity.scoping import current


class OwnerCommand(BaseCommand):
    """Mixed in before a command of Django's: all of it runs as the owner of the tables."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Checks, signals and handlers included."""
        with current.as_owner(why=self.__module__.rpartition(".")[2]):
            return super().execute(*args, **options)
