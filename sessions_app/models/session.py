"""Sessions: signed-in periods of users, each with its one family of refresh tokens."""

from datetime import UTC, datetime
from typing import ClassVar, Final

from django.db import models

from accounts.models import Device, User
from identity import ids
from identity.scoping.owned import ScopeOwned
from sessions_app.models.provider import Provider

NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""The latest proof of a session that began without one: another server's word, or a session's."""


class Session(ScopeOwned):
    """A period that began with a proof and ends by sign-out, revocation or time.

    Tokens name it by its id. `refresh_serial` is the serial of its one living refresh token:
    a rotation is one statement that counts it up. `refreshed_at` and `holder` tell when that was
    and by whom, so that a lost answer can be asked for again by the same holder alone.
    `mark` is the SHA-256 of a token in lower hex where clients send nothing but that token.
    `authenticated_at` is the latest proof, for acts that ask for a fresh one; NEVER without one.
    """

    class Method(models.TextChoices):
        PASSWORD = "password"  # noqa: S105 a word, no secret
        WALLET = "wallet"
        USER_KEY = "user-key", "User key"
        EMAIL = "email"
        OAUTH = "oauth"
        PASSKEY = "passkey"
        DEVICE = "device"
        BACKEND = "backend"
        SESSION = "session"

    class Status(models.TextChoices):
        ACTIVE = "active"
        ENDED = "ended"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="sessions")
    device = models.ForeignKey(
        Device, on_delete=models.PROTECT, related_name="sessions", null=True, blank=True
    )
    provider = models.ForeignKey(
        Provider, on_delete=models.PROTECT, related_name="sessions", null=True, blank=True
    )
    method = models.CharField(max_length=8, choices=Method)
    provider_name = models.CharField(max_length=64, blank=True)
    audience = models.CharField(max_length=255)
    visitor = models.CharField(max_length=80, blank=True)
    wallet_os = models.CharField(max_length=32, blank=True)
    role = models.CharField(max_length=64, blank=True)
    user_agent = models.CharField(max_length=512, blank=True)
    address = models.CharField(max_length=45, blank=True)
    data = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    authenticated_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    refresh_serial = models.PositiveIntegerField(default=1)
    refreshed_at = models.DateTimeField()
    holder = models.CharField(max_length=64)
    # NULL: servers that don't know it write rows too while they are replaced.
    mark = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001
    status = models.CharField(max_length=6, choices=Status, default=Status.ACTIVE)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_reason = models.CharField(max_length=32, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(status="active", ended_at__isnull=True)
                | models.Q(status="ended", ended_at__isnull=False),
                name="session_ended_at_paired",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "user", "status", "created_at"], name="session_user"),
            models.Index(fields=["scope", "created_at", "id"], name="session_list"),
            models.Index(fields=["scope", "visitor", "status"], name="session_visitor"),
            models.Index(
                fields=["expires_at"], condition=models.Q(status="active"), name="session_due"
            ),
            models.Index(
                fields=["mark"], condition=models.Q(mark__isnull=False), name="session_mark"
            ),
            models.Index(
                fields=["ended_at"], condition=models.Q(status="ended"), name="session_over"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def has_proof(self) -> bool:
        """Whether this session saw a proof of who the person is."""
        return self.authenticated_at != NEVER
