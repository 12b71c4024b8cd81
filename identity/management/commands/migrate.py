"""Django's `migrate`, run as the owner of the tables: the roles come into being in it."""

from django.core.management.commands import migrate

from identity.scoping.owner_command import OwnerCommand


class Command(OwnerCommand, migrate.Command):
    """Also what listens to `pre_migrate` and `post_migrate` runs as the owner."""
