"""Django's `createcachetable`, run as the owner of the tables."""

from django.core.management.commands import createcachetable
from django.db import connections

from identity.scoping import operations
from identity.scoping.owner_command import OwnerCommand


class Command(OwnerCommand, createcachetable.Command):
    """The cache belongs to no scope: its table is opened to the run-time roles."""

    def create_table(self, database: str, tablename: str, dry_run: bool) -> None:  # noqa: FBT001 Django's
        """Django's, and a grant."""
        super().create_table(database, tablename, dry_run)
        if not dry_run:
            operations.ShareTable(tablename).apply(connections[database])
