"""How staff gets in: memberships of logins of other scopes, one-time passwords, recovery codes."""

from typing import ClassVar

from django.db import models

from accounts.models.user import User
from identity import ids
from identity.scoping.owned import ScopeOwned


class StaffMembership(ScopeOwned):
    """Somebody who signs in elsewhere and works here, as a user of this scope.

    `login_id` is the user in the scope where the person signs in; no key refers to it, since it
    stands behind another wall. `login_name` (`slug/name`) is how it was called at admission.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    login_id = models.UUIDField()
    login_name = models.CharField(max_length=320)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    admitted_at = models.DateTimeField()
    admitted_by = models.UUIDField(null=True, blank=True)
    dismissed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "login_id"], name="staff_login_once"),
            models.UniqueConstraint(fields=["scope", "user"], name="staff_user_once"),
        ]
        # Signing in asks for the scopes of one login, before any scope is known.
        indexes: ClassVar = [models.Index(fields=["login_id"], name="staff_login")]

    def __str__(self) -> str:
        return self.login_name


class OneTimePassword(ScopeOwned):
    """A generator of one-time passwords (RFC 6238); its secret is sealed.

    While `confirmed_at` is empty the person has not shown yet that the generator has the secret.
    `last_step` is the time step of the code that was accepted last: none up to it is again.
    `wrong_codes_at` is the time of the latest try that was counted.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    sealed_secret = models.BinaryField()
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    last_step = models.BigIntegerField(default=0)
    wrong_codes = models.PositiveSmallIntegerField(default=0)
    wrong_codes_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope", "user"],
                condition=models.Q(confirmed_at__isnull=False),
                name="one_time_password_one",
            ),
            models.UniqueConstraint(
                fields=["scope", "user"],
                condition=models.Q(confirmed_at__isnull=True),
                name="one_time_password_one_begun",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class RecoveryCode(ScopeOwned):
    """A code that stands for one one-time password, once; only its digest is kept."""

    digest = models.CharField(primary_key=True, max_length=64)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["scope", "user"], name="recovery_code_user")]

    def __str__(self) -> str:
        return self.digest[:12]
