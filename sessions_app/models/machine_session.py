"""Machine sessions: what programs with API keys get their access and refresh tokens for."""

from typing import ClassVar

from django.db import models

from identity import ids
from identity.limits import Limits, stored
from identity.models import ApiKey
from identity.scoping.owned import ScopeOwned


class MachineSession(ScopeOwned):
    """A period in which a program acts by tokens, with no more rights than its API key has.

    Its tokens name it by its id and `serial`: those of an older serial are dead. `refreshed_at` and
    `holder` tell when the serial was last counted up and by whom; an access token is good for as
    long after each time (`access_expires_at`). `address` binds it to one address, `connection` to
    one connection that is open; "" for neither. `name` is unique among a key's living sessions.
    """

    class Status(models.TextChoices):
        ACTIVE = "active"
        ENDED = "ended"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    api_key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=128, blank=True)
    permissions = models.JSONField(default=list, blank=True)
    solutions = models.JSONField(default=list, blank=True)
    contexts = models.JSONField(default=list, blank=True)
    address = models.CharField(max_length=45, blank=True)
    connection = models.CharField(max_length=64, blank=True)
    serial = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    refreshed_at = models.DateTimeField()
    access_expires_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    holder = models.CharField(max_length=64)
    status = models.CharField(max_length=6, choices=Status, default=Status.ACTIVE)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_reason = models.CharField(max_length=32, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope", "api_key", "name"],
                condition=models.Q(status="active") & ~models.Q(name=""),
                name="machine_session_name",
            ),
            models.CheckConstraint(
                condition=models.Q(status="active", ended_at__isnull=True)
                | models.Q(status="ended", ended_at__isnull=False),
                name="machine_session_ended_paired",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["scope", "api_key", "created_at", "id"], name="machine_session_of_key"
            ),
            models.Index(
                fields=["scope", "api_key", "-created_at", "-id"],
                condition=models.Q(status="active"),
                name="machine_session_living",
            ),
            models.Index(
                fields=["connection"],
                condition=models.Q(status="active") & ~models.Q(connection=""),
                name="machine_session_connection",
            ),
            models.Index(
                fields=["expires_at"],
                condition=models.Q(status="active"),
                name="machine_session_due",
            ),
            models.Index(
                fields=["ended_at"],
                condition=models.Q(status="ended"),
                name="machine_session_over",
            ),
        ]

    def __str__(self) -> str:
        return self.name or str(self.id)

    @property
    def limits(self) -> Limits:
        """To what it is bound, beside what its key is bound to."""
        bound = (self.address,) if self.address else ()
        return stored(solutions=self.solutions, contexts=self.contexts, networks=bound)
