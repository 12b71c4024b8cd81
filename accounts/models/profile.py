"""Profiles: what users say of themselves, what was proven of them, and who may see it."""

from typing import ClassVar

from django.db import models

from accounts.models.user import User
from identity import ids
from identity.scoping.owned import ScopeOwned


class Profile(ScopeOwned):
    """One for each user who ever signed in under an address; made with the first sign-in.

    `address` is the user's permanent one, that of the first wallet; `name` is what others may find
    the user by. `email` is the address that people see; `is_email_verified` and `is_phone_verified`
    are set by a proof alone, perhaps to a provider; `email_proven_at` is set by a code of ours, and
    only then the address signs in. `privacy` maps names of parts to who may see them. `generation`
    counts inviters up to the first.
    """

    MOST_GENERATION = 8

    user = models.OneToOneField(
        User, on_delete=models.PROTECT, related_name="profile", primary_key=True
    )
    address = models.CharField(max_length=128)
    public_key = models.CharField(max_length=132, blank=True)
    name = models.CharField(max_length=64, blank=True)
    full_name = models.CharField(max_length=200, blank=True)
    email = models.CharField(max_length=254, blank=True)
    is_email_verified = models.BooleanField(default=False)
    email_proven_at = models.DateTimeField(null=True, blank=True)
    phone = models.CharField(max_length=32, blank=True)
    is_phone_verified = models.BooleanField(default=False)
    locale = models.CharField(max_length=35, blank=True)
    avatar = models.UUIDField(null=True, blank=True)
    source = models.CharField(max_length=64, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    postal_address = models.JSONField(default=dict, blank=True)
    privacy = models.JSONField(default=dict, blank=True)
    notifications = models.JSONField(default=dict, blank=True)
    extra = models.JSONField(default=dict, blank=True)
    inviter = models.UUIDField(null=True, blank=True)
    generation = models.PositiveSmallIntegerField(default=0)
    first_sign_in_at = models.DateTimeField()
    last_sign_in_at = models.DateTimeField()
    last_sign_in_from = models.CharField(max_length=45, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "address"], name="profile_address"),
            models.UniqueConstraint(
                fields=["scope", "email"],
                condition=models.Q(email_proven_at__isnull=False),
                name="profile_proven_email",
            ),
            models.UniqueConstraint(
                fields=["scope", "name"], condition=~models.Q(name=""), name="profile_name"
            ),
            models.CheckConstraint(
                condition=models.Q(generation__lte=8), name="profile_generation_bounded"
            ),
            models.CheckConstraint(
                condition=~models.Q(email="", is_email_verified=True)
                & ~models.Q(phone="", is_phone_verified=True),
                name="profile_verified_is_there",
            ),
            models.CheckConstraint(
                condition=models.Q(email_proven_at__isnull=True) | models.Q(is_email_verified=True),
                name="profile_proven_is_verified",
            ),
        ]

    def __str__(self) -> str:
        return self.address


class Avatar(ScopeOwned):
    """A picture of a user, decoded and encoded anew by us, at most 1 MiB."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="avatars")
    media_type = models.CharField(max_length=16)
    picture = models.BinaryField()
    made_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["scope", "user", "made_at"], name="avatar_user")]

    def __str__(self) -> str:
        return str(self.id)


class Follow(ScopeOwned):
    """That one user follows another."""

    id = models.BigAutoField(primary_key=True)
    follower = models.ForeignKey(User, on_delete=models.PROTECT, related_name="following")
    followed = models.ForeignKey(User, on_delete=models.PROTECT, related_name="followers")
    since = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "follower", "followed"], name="follow_once"),
            models.CheckConstraint(
                condition=~models.Q(follower=models.F("followed")), name="follow_others_only"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "followed", "since"], name="follow_followed")
        ]

    def __str__(self) -> str:
        return f"{self.follower_id} → {self.followed_id}"
