"""Django's `flush`, run as the owner of the tables."""

from django.core.management.commands import flush

from identity.scoping.owner_command import OwnerCommand


class Command(OwnerCommand, flush.Command):
    """Also what listens to `post_migrate` afterwards runs as the owner."""
