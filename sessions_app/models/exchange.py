"""Exchanges: what a page begins and a wallet answers, on another device or on the same."""

from typing import ClassVar

from django.db import models

from identity import ids
from identity.scoping.owned import ScopeOwned


class Exchange(ScopeOwned):
    """A conversation that is named by a secret: made for one browser, answered by one wallet.

    `browser` is the mark of the browser that began, `sealed_for` the X25519 key in hex to which
    alone its outcome is told, each "" for none. `challenge` is what the wallet signs next, new at
    each step. `wallet` is whoever answered first: nobody else goes on. `user_id` and `session_id`
    are those of who began, where somebody was signed in, and at the end of whom the wallet is.
    """

    class State(models.TextChoices):
        CREATED = "created"
        SCANNED = "scanned"
        DONE = "done"
        FAILED = "failed"
        BUSY = "busy"
        FORBIDDEN = "forbidden"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    action = models.CharField(max_length=32)
    token_digest = models.CharField(max_length=64)
    browser = models.CharField(max_length=64, blank=True)
    sealed_for = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=9, choices=State, default=State.CREATED)
    step = models.PositiveSmallIntegerField(default=0)
    challenge = models.CharField(max_length=64, blank=True)
    wanted_wallet = models.CharField(max_length=128, blank=True)
    wallet = models.CharField(max_length=128, blank=True)
    wallet_key = models.CharField(max_length=132, blank=True)
    wallet_os = models.CharField(max_length=32, blank=True)
    user_id = models.UUIDField(null=True, blank=True)
    session_id = models.UUIDField(null=True, blank=True)
    visitor = models.CharField(max_length=80, blank=True)
    user_agent = models.CharField(max_length=512, blank=True)
    address = models.CharField(max_length=45, blank=True)
    data = models.JSONField(default=dict, blank=True)
    fault = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    collected_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "token_digest"], name="exchange_token"),
            models.CheckConstraint(
                condition=models.Q(collected_at__isnull=True) | models.Q(state="done"),
                name="exchange_collected_when_done",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="exchange_due")]

    def __str__(self) -> str:
        return f"{self.action} {self.id}"
