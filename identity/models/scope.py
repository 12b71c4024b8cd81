"""Scopes: the isolation boundary that owns users, keys, policies and everything else."""

from typing import ClassVar

from django.db import models

from identity import ids
from identity.scoping import keyset


class Scope(models.Model):
    """A tenant. Its own row is protected by the same wall as what it owns."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        SUSPENDED = "suspended"
        CLOSED = "closed"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    slug = models.SlugField(max_length=63, unique=True)
    name = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    settings = models.JSONField(default=dict, blank=True)
    is_platform = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(status__in=["active", "suspended", "closed"]),
                name="scope_status_known",
            ),
            models.UniqueConstraint(
                fields=["is_platform"],
                condition=models.Q(is_platform=True),
                name="scope_one_platform",
            ),
        ]
        indexes: ClassVar = [
            models.Index(keyset.ByteOrder(models.F("slug")), models.F("id"), name="scope_by_slug"),
        ]

    def __str__(self) -> str:
        return self.slug


class ScopeHost(models.Model):
    """A host name at which a scope is served without a path prefix."""

    host = models.CharField(primary_key=True, max_length=253)
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.host
