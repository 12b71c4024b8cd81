"""Onboardings: the long work that makes a user with a ledger account, a DID and credentials."""

from typing import ClassVar, Final
from uuid import uuid4

from django.db import models

from accounts.models.ledger_account import LedgerAccount
from accounts.models.registry_membership import RegistryMembership
from accounts.models.user import MOST_FOLDED, User
from identity.scoping import keyset
from identity.scoping.owned import ScopeOwned

OPEN_STATES: Final = ("waiting", "queued", "running")
ENDED_STATES: Final = ("completed", "failed", "cancelled")


class Onboarding(ScopeOwned):
    """One task. Its id is random, because whoever has it may ask how far it is.

    `waiting` needs a review's approval; `queued` is due at `next_attempt_at`; `running` has a
    worker with a lease, which anybody may take over from `lease_until` on. `requested_by` is the
    client-visible id of who asked, null for nobody; `owner` may read the result, and becomes the
    new `user` when the onboarding is completed. `sealed_request` holds what must not be read
    (password verifier, keys) and is gone when there is nothing left to do with it.
    `error` is a fixed text for whoever has the id, `reason` for the owner and for staff.
    `attempts` counts workers that began since the last progress, `outages` how often in a row the
    ledger was not there. Open onboardings hold their user name.
    """

    class Action(models.TextChoices):
        ONBOARD = "onboard"
        CONNECT = "connect"
        RANDOM_KEY = "random-key"

    class State(models.TextChoices):
        WAITING = "waiting"
        QUEUED = "queued"
        RUNNING = "running"
        COMPLETED = "completed"
        FAILED = "failed"
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    action = models.CharField(max_length=10, choices=Action, default=Action.ONBOARD)
    state = models.CharField(max_length=9, choices=State, default=State.QUEUED)
    username = models.CharField(max_length=254, blank=True)
    username_folded = models.CharField(max_length=MOST_FOLDED, blank=True, editable=False)
    role = models.CharField(max_length=17, choices=RegistryMembership.Role, blank=True)
    parent = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    requested_by = models.UUIDField(null=True, blank=True)
    owner = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="owned_onboardings"
    )
    user = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="onboardings"
    )
    account = models.ForeignKey(
        LedgerAccount, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    proposal_id = models.UUIDField(null=True, blank=True)
    sealed_request = models.BinaryField(null=True, blank=True)
    sealed_result = models.BinaryField(null=True, blank=True)
    error_code = models.CharField(max_length=64, blank=True)
    error = models.CharField(max_length=512, blank=True)
    reason = models.CharField(max_length=512, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    outages = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_holder = models.CharField(max_length=128, blank=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(action__in=["onboard", "connect", "random-key"])
                & models.Q(state__in=[*OPEN_STATES, *ENDED_STATES]),
                name="onboarding_words_known",
            ),
            models.CheckConstraint(
                condition=models.Q(state="running", lease_until__isnull=False)
                & ~models.Q(lease_holder="")
                | ~models.Q(state="running") & models.Q(lease_until__isnull=True, lease_holder=""),
                name="onboarding_lease_paired",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["queued", "running"], next_attempt_at__isnull=False)
                | ~models.Q(state__in=["queued", "running"])
                & models.Q(next_attempt_at__isnull=True),
                name="onboarding_due_paired",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=ENDED_STATES, ended_at__isnull=False)
                | models.Q(state__in=OPEN_STATES, ended_at__isnull=True),
                name="onboarding_end_paired",
            ),
            models.CheckConstraint(
                condition=models.Q(sealed_result__isnull=True) | models.Q(state="completed"),
                name="onboarding_result_of_completed",
            ),
            models.CheckConstraint(
                condition=models.Q(sealed_request__isnull=True)
                | ~models.Q(state__in=["completed", "cancelled"]),
                name="onboarding_request_forgotten",
            ),
            models.UniqueConstraint(
                fields=["scope", "username_folded"],
                condition=models.Q(state__in=OPEN_STATES) & ~models.Q(username_folded=""),
                name="onboarding_holds_name",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "created_at", "id"], name="onboarding_list"),
            models.Index(fields=["scope", "state", "created_at", "id"], name="onboarding_by_state"),
            models.Index(
                models.F("scope"),
                keyset.ByteOrder(models.F("username_folded")),
                models.F("id"),
                name="onboarding_by_name",
            ),
            # Workers take what is due of every scope, the longest due first.
            models.Index(
                fields=["next_attempt_at", "id"],
                condition=models.Q(state__in=["queued", "running"]),
                name="onboarding_due",
            ),
            # The sweep takes what ended long ago.
            models.Index(
                fields=["ended_at"],
                condition=models.Q(state__in=["completed", "failed", "cancelled"]),
                name="onboarding_ended",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.id} {self.state}"

    @property
    def is_ended(self) -> bool:
        """Whether nothing more happens unless somebody asks for it."""
        return self.state in ENDED_STATES


STEPS: Final = (
    "Create ledger account",
    "Register user",
    "Resolve ledger account",
    "Resolve topic",
    "Publish DID document",
    "Publish schemas",
    "Publish credential",
    "Save",
    "Create roles",
)
STEPS_OF: Final = {
    Onboarding.Action.ONBOARD: STEPS,
    Onboarding.Action.CONNECT: STEPS,
    Onboarding.Action.RANDOM_KEY: STEPS[:1],
}
"""The names of the steps of each action, in their order."""
