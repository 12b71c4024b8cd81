"""Challenges: random values made by the server, each proven once within minutes."""

from typing import ClassVar

from django.db import models

from identity import ids
from identity.scoping.owned import ScopeOwned


class Challenge(ScopeOwned):
    """Something that was asked and may be answered once: a nonce, a state, a code.

    Bound to what it is for (`purpose`), to whom or what (`subject`: an address, a provider) and,
    where a browser asked, to that (`browser`, the SHA-256 of its mark). `secret_digest` is what the
    answer must hash to. `data` holds no secret in the clear.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    purpose = models.CharField(max_length=32)
    subject = models.CharField(max_length=255, blank=True)
    browser = models.CharField(max_length=64, blank=True)
    secret_digest = models.CharField(max_length=64)
    sealed_data = models.BinaryField(default=b"")
    data = models.JSONField(default=dict, blank=True)
    tries_left = models.PositiveSmallIntegerField(default=1)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["scope", "purpose", "subject", "created_at"], name="challenge_subject"
            ),
            models.Index(fields=["scope", "purpose", "secret_digest"], name="challenge_secret"),
            models.Index(fields=["expires_at"], name="challenge_due"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.id}"


class SpentToken(ScopeOwned):
    """A signed proof of a wallet that was accepted, kept until it could not be any more.

    It is spent in every scope at once: the wallet's holder signed for one.
    """

    digest = models.CharField(max_length=64)
    expires_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["digest"], name="spent_token_once_anywhere")
        ]
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="spent_token_due")]

    def __str__(self) -> str:
        return self.digest[:12]
