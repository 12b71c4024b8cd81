"""Passkeys: WebAuthn credentials with which people sign in; the server knows public halves."""

from typing import ClassVar

from django.db import models

from accounts.models.user import User
from identity import ids
from identity.scoping.owned import ScopeOwned


class Passkey(ScopeOwned):
    """A credential of one authenticator, for one user of one scope.

    `credential_id` is base64url; `public_key` the COSE key, by which the algorithm is pinned.
    `handle` is the user's random mark, the same in all passkeys of a user. `was_verified` tells
    whether the authenticator knew the person at the last use (by PIN or finger). `rp_id` is the
    domain that it was made for: at no other can it be used. `alarmed_at` is the last time that a
    signature counter went backwards: there may be a copy of the key. Where there should be none
    it is suspended since `suspended_at`, for good.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="passkeys")
    name = models.CharField(max_length=100)
    credential_id = models.CharField(max_length=1364)
    public_key = models.BinaryField()
    handle = models.CharField(max_length=86)
    sign_count = models.PositiveBigIntegerField(default=0)
    aaguid = models.UUIDField()
    attestation = models.CharField(max_length=20)
    transports = models.JSONField(default=list, blank=True)
    is_backup_eligible = models.BooleanField(default=False)
    is_backed_up = models.BooleanField(default=False)
    was_verified = models.BooleanField(default=False)
    added_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    alarmed_at = models.DateTimeField(null=True, blank=True)
    rp_id = models.CharField(max_length=253, default="")
    suspended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "credential_id"], name="passkey_credential"),
            models.CheckConstraint(
                condition=models.Q(is_backup_eligible=True) | models.Q(is_backed_up=False),
                name="passkey_backup_paired",
            ),
            models.CheckConstraint(
                condition=models.Q(suspended_at__isnull=True) | models.Q(alarmed_at__isnull=False),
                name="passkey_suspended_by_alarm",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "user", "added_at"], name="passkey_user"),
            models.Index(fields=["scope", "added_at", "id"], name="passkey_by_time"),
            models.Index(
                fields=["scope", "added_at", "id"],
                name="passkey_alarmed",
                condition=models.Q(alarmed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name
