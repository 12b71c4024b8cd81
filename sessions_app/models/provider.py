"""Providers: where users of a scope may sign in from, by OAuth 2.0 or OpenID Connect."""

from typing import ClassVar

from django.db import models

from identity import ids
from identity.scoping.owned import ScopeOwned


class Provider(ScopeOwned):
    """One provider of one scope. The client secret is sealed for the row's id.

    `slug` is how addresses and clients name it. `issuer` is asked of OpenID Connect; for the
    others it is the fixed word under which accounts are kept apart.
    """

    class Kind(models.TextChoices):
        GOOGLE = "google"
        GITHUB = "github"
        MICROSOFT = "microsoft"
        GITLAB = "gitlab"
        APPLE = "apple"
        DISCORD = "discord"
        OIDC = "oidc"

    class Status(models.TextChoices):
        ENABLED = "enabled"
        DISABLED = "disabled"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    slug = models.SlugField(max_length=64)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=9, choices=Kind)
    issuer = models.CharField(max_length=255)
    client_id = models.CharField(max_length=255)
    sealed_secret = models.BinaryField(default=b"")
    options = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=8, choices=Status, default=Status.ENABLED)
    position = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "slug"], name="provider_slug"),
            models.CheckConstraint(
                condition=models.Q(status__in=["enabled", "disabled"]),
                name="provider_status_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name
