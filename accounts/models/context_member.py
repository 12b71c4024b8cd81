"""Members of contexts: which user id has which key, now and ever, and how many there are."""

from typing import ClassVar

from django.db import models

from accounts.models.context import Context
from accounts.models.user import User
from identity import ids
from identity.scoping.owned import ScopeOwned

_LIVING = models.Q(ended_at__isnull=True)
_KINDS = 31
"""All bits of `accounts.acl.functions.Kind`."""


class ContextMember(ScopeOwned):
    """That a user id had a key in a context for a time; where that goes on, `ended_at` is null.

    `member_id` is the id in the application's words, `public_key` the Base58Check text of the
    compressed point. `reach` and `starts` are what `acl` lets the member take part in and begin,
    as bits of `accounts.acl.functions.Kind`. `user` is the account here that it is; `proven_at`,
    when somebody showed to hold the private key (null: whoever added the member vouched for it).
    `position` rises strictly in a context, and `created_at` never falls with it.
    """

    class EndedReason(models.TextChoices):
        NONE = ""
        REPLACED = "replaced"
        REMOVED = "removed"
        LEFT = "left"
        ACCOUNT_DELETED = "account-deleted"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    context = models.ForeignKey(Context, on_delete=models.CASCADE, related_name="members")
    member_id = models.CharField(max_length=128)
    public_key = models.CharField(max_length=64)
    acl = models.CharField(max_length=4096)
    reach = models.PositiveSmallIntegerField()
    starts = models.PositiveSmallIntegerField()
    is_staff = models.BooleanField(default=False)
    user = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="context_members", null=True, blank=True
    )
    proven_at = models.DateTimeField(null=True, blank=True)
    position = models.PositiveBigIntegerField()
    created_at = models.DateTimeField()
    created_by = models.UUIDField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_reason = models.CharField(
        max_length=15, choices=EndedReason, default=EndedReason.NONE, blank=True
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope", "context", "member_id"], condition=_LIVING, name="member_id_living"
            ),
            models.UniqueConstraint(
                fields=["scope", "context", "public_key"],
                condition=_LIVING,
                name="member_key_living",
            ),
            models.UniqueConstraint(
                fields=["scope", "context", "position"], condition=_LIVING, name="member_position"
            ),
            models.CheckConstraint(
                condition=~models.Q(member_id="") & ~models.Q(public_key="") & ~models.Q(acl=""),
                name="member_texts_given",
            ),
            models.CheckConstraint(
                condition=models.Q(position__gt=0, reach__lte=_KINDS, starts__lte=_KINDS),
                name="member_numbers",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, ended_reason="")
                | models.Q(ended_at__gte=models.F("created_at")) & ~models.Q(ended_reason=""),
                name="member_end_paired",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["scope", "context", "member_id", "created_at"], name="member_id_history"
            ),
            models.Index(
                fields=["scope", "context", "public_key", "created_at"], name="member_key_history"
            ),
            models.Index(
                fields=["scope", "context", "position"],
                condition=_LIVING & models.Q(is_staff=True),
                name="member_staff",
            ),
            models.Index(
                fields=["scope", "user", "context"],
                condition=models.Q(user__isnull=False),
                name="member_of_user",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} in {self.context_id}"


class ContextTally(ScopeOwned):
    """How many living members of a context stand in a stretch of positions.

    `bucket` of level 0 holds the positions whose number divided by 256 it is; level 1 does so
    with 16 384. So any count of members, and any number of them to be passed over, is read from
    some dozens of rows, however many members there are.
    """

    SIZES: ClassVar[tuple[int, int]] = (256, 16_384)

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    context = models.ForeignKey(Context, on_delete=models.CASCADE, related_name="tallies")
    level = models.PositiveSmallIntegerField()
    bucket = models.PositiveBigIntegerField()
    members = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope", "context", "level", "bucket"], name="context_tally"
            ),
            models.CheckConstraint(condition=models.Q(level__lte=1), name="context_tally_level"),
        ]

    def __str__(self) -> str:
        return f"{self.members} in {self.level}/{self.bucket} of {self.context_id}"
