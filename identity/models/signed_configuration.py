"""Configurations that owners of scopes signed: each is taken once, in the whole deployment."""

from typing import ClassVar

from django.db import models

from identity.scoping.owned import ScopeOwned


class SignedConfiguration(ScopeOwned):
    """One text under one key, which was taken for this scope.

    What is signed says neither for which scope nor when it was meant, so a text that was seen on
    its way could be sent again, also for another scope of the same owner. `digest` is the SHA-256
    of key and text in lower hex; its unique constraint is the replay check. Kept for ever.
    """

    digest = models.CharField(max_length=64)
    taken_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["digest"], name="signed_configuration_once"),
        ]

    def __str__(self) -> str:
        return self.digest
