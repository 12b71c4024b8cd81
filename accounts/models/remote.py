"""Remotes: servers elsewhere to which members of contexts are carried, and what is on its way."""

from typing import ClassVar

from django.db import models

from identity import ids
from identity.scoping.owned import ScopeOwned


class Remote(ScopeOwned):
    """A server elsewhere that this scope is linked to. `sealed_secret` belongs to `api_key_id`.

    `reason` says why it is paused: by hand, or because it failed again and again. While `failures`
    in a row are above zero it rests until `rests_until`. `claimed_at` puts remotes in turn.
    """

    class Status(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"

    class Reason(models.TextChoices):
        NONE = ""
        BY_HAND = "by-hand"
        FAILING = "failing"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    name = models.CharField(max_length=100)
    url = models.CharField(max_length=2048)
    api_key_id = models.CharField(max_length=128)
    sealed_secret = models.BinaryField()
    solution_there = models.CharField(max_length=128)
    status = models.CharField(max_length=6, choices=Status, default=Status.ACTIVE)
    reason = models.CharField(max_length=7, choices=Reason, default=Reason.NONE, blank=True)
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.UUIDField(null=True, blank=True)
    updated_at = models.DateTimeField()
    failures = models.IntegerField(default=0)
    failing_since = models.DateTimeField(null=True, blank=True)
    rests_until = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True, default="")
    carried_at = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "name"], name="remote_name"),
            models.CheckConstraint(
                condition=models.Q(status="active", reason="")
                | models.Q(status="paused", reason__in=["by-hand", "failing"]),
                name="remote_says_why_paused",
            ),
            models.CheckConstraint(
                condition=models.Q(failures=0, failing_since__isnull=True)
                | models.Q(failures__gt=0, failing_since__isnull=False),
                name="remote_failing_paired",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RemoteContext(ScopeOwned):
    """A context of this scope that is carried to a remote, where it is called `context_there`.

    That is empty until the context was made there. `last_sequence` numbers the changes of the link:
    who takes a number holds the row until the commit, so numbers are committed in their order.
    `drift` is the latest comparison of both sides, made at `checked_at`.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    remote = models.ForeignKey(Remote, on_delete=models.CASCADE, related_name="contexts")
    context = models.ForeignKey(
        "accounts.Context", on_delete=models.PROTECT, related_name="remotes"
    )
    context_there = models.CharField(max_length=128, blank=True, default="")
    last_sequence = models.BigIntegerField(default=0)
    checked_at = models.DateTimeField(null=True, blank=True)
    drift = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    created_by = models.UUIDField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope", "remote", "context"], name="remote_context_once"
            ),
            models.UniqueConstraint(
                fields=["scope", "remote", "context_there"],
                condition=~models.Q(context_there=""),
                name="remote_context_there_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "context"], name="remote_context_of"),
        ]

    def __str__(self) -> str:
        return self.context_there or str(self.id)


class RemoteChange(ScopeOwned):
    """Something that is to be carried to a remote; the row is the outbox.

    It says whom it is about and not what to do: what is carried is how that member stands when it
    is sent. `kind` is also the making of the context there, a comparison, and a re-sync. `lease` is
    the worker's that has it until `next_attempt_at`. No foreign keys: the end of a link must not
    wait for thousands of rows.
    """

    class Kind(models.TextChoices):
        MEMBER = "member"
        CONTEXT = "context"
        CHECK = "check"
        RESYNC = "resync"
        RESYNC_EXTRA = "resync-extra"

    class State(models.TextChoices):
        PENDING = "pending"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    remote_id = models.UUIDField()
    link_id = models.UUIDField()
    sequence = models.BigIntegerField()
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.MEMBER)
    member = models.CharField(max_length=128, blank=True, default="")
    why = models.CharField(max_length=20)
    state = models.CharField(max_length=7, choices=State, default=State.PENDING)
    attempts = models.IntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    lease = models.UUIDField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope", "link_id", "sequence"], name="remote_change_sequence"
            ),
            models.CheckConstraint(
                condition=models.Q(state="pending", ended_at__isnull=True)
                | models.Q(
                    state__in=["done", "failed"], ended_at__isnull=False, lease__isnull=True
                ),
                name="remote_change_ends",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="member") & ~models.Q(member="")
                | models.Q(kind__in=["context", "check", "resync", "resync-extra"], member=""),
                name="remote_change_of_a_member",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["remote_id", "next_attempt_at", "id"],
                condition=models.Q(state="pending"),
                name="remote_change_due",
            ),
            models.Index(
                fields=["scope", "link_id", "member", "sequence"],
                condition=~models.Q(state="done"),
                name="remote_change_of_member",
            ),
            models.Index(
                fields=["scope", "remote_id", "created_at", "id"], name="remote_change_list"
            ),
            models.Index(fields=["ended_at"], name="remote_change_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.sequence} {self.state}"
