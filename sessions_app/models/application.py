"""Applications: programs that let their users sign in here, and where those may be sent back to."""

from typing import ClassVar

from django.db import models

from identity import ids
from identity.scoping.owned import ScopeOwned


class Application(ScopeOwned):
    """A client of the sign-in pages. It has no secret: a code is bound to it by PKCE (RFC 7636).

    `return_addresses` are exact; a user is sent nowhere else.
    """

    class Status(models.TextChoices):
        ACTIVE = "active"
        DISABLED = "disabled"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    name = models.CharField(max_length=100)
    return_addresses = models.JSONField(default=list)
    status = models.CharField(max_length=8, choices=Status, default=Status.ACTIVE)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["scope", "created_at", "id"], name="application_list")
        ]

    def __str__(self) -> str:
        return self.name
