"""Users: persons and programs that can act, each in exactly one scope."""

import unicodedata
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.crypto import salted_hmac

from identity import ids
from identity.scoping import keyset
from identity.scoping.owned import ScopeOwned

MOST_FOLDED = 762
"""Folding makes some letters into several: three times the 254 of a user name."""


def fold(name: str) -> str:
    """The form in which user names are compared: NFKC, case-folded, NFKC again."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", folded)


class User(ScopeOwned, AbstractBaseUser):
    """A person or a program. `password` is empty where the account has none.

    A deleted user stays as a disabled row, because history names it; its user name is free again.
    `wrong_passwords_at` is the time of the latest try that was counted.
    """

    class Kind(models.TextChoices):
        PERSON = "person"
        PROGRAM = "program"

    class Status(models.TextChoices):
        INVITED = "invited"
        ACTIVE = "active"
        DISABLED = "disabled"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    public_id = models.UUIDField(default=ids.new, editable=False)
    username = models.CharField(max_length=254)
    username_folded = models.CharField(max_length=MOST_FOLDED, editable=False)
    email = models.CharField(max_length=254, blank=True)
    first_name = models.CharField(max_length=150, blank=True)
    last_name = models.CharField(max_length=150, blank=True)
    mobile = models.CharField(max_length=32, blank=True)
    customer_id = models.CharField(max_length=128, blank=True)
    kind = models.CharField(max_length=7, choices=Kind, default=Kind.PERSON)
    status = models.CharField(max_length=8, choices=Status, default=Status.INVITED)
    password = models.CharField(max_length=256, blank=True)
    # Sign-ins are audit events; Django's own receiver would write outside the services.
    last_login = None
    # The generator of one-time passwords that a sign-in asks, if there is one.
    one_time_password_id = models.UUIDField(null=True, blank=True)
    wrong_passwords = models.PositiveSmallIntegerField(default=0)
    wrong_passwords_at = models.DateTimeField(null=True, blank=True)
    is_staff = models.BooleanField(default=False)
    is_operator = models.BooleanField(default=False)
    networks = models.JSONField(default=list, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.UUIDField(null=True, blank=True)
    updated_at = models.DateTimeField()
    updated_by = models.UUIDField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    scope_slug: str = ""
    """Not stored: set on the user of a session, for pages to show."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "username_folded"], name="user_username"),
            models.UniqueConstraint(fields=["scope", "public_id"], name="user_public_id"),
            models.CheckConstraint(
                condition=models.Q(kind__in=["person", "program"])
                & models.Q(status__in=["invited", "active", "disabled"]),
                name="user_words_known",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="person")
                | models.Q(password="", is_staff=False, is_operator=False),
                name="user_program_is_no_staff",
            ),
            models.CheckConstraint(
                condition=models.Q(deleted_at__isnull=True) | models.Q(status="disabled"),
                name="user_deleted_is_disabled",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "created_at", "id"], name="user_list"),
            models.Index(fields=["scope", "status", "created_at", "id"], name="user_by_status"),
            models.Index(fields=["scope", "kind", "created_at", "id"], name="user_by_kind"),
            models.Index(
                models.F("scope"),
                keyset.ByteOrder(models.F("username_folded")),
                models.F("id"),
                name="user_by_name",
            ),
            models.Index(
                models.F("scope"),
                keyset.ByteOrder(models.F("email")),
                models.F("id"),
                name="user_by_email",
            ),
            models.Index(
                models.F("scope"),
                keyset.ByteOrder(models.F("username_folded")),
                models.F("id"),
                condition=models.Q(is_staff=True),
                name="user_staff_by_name",
            ),
        ]

    def __str__(self) -> str:
        return self.username

    def clean(self) -> None:
        """Set what user names are compared by."""
        self.username_folded = fold(self.username)

    normalize = staticmethod(BaseUserManager.normalize_email)

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """Django's word for a user who may sign in."""
        return self.status == self.Status.ACTIVE

    def _get_session_auth_hash(self, secret: Any = None) -> str:
        """Sessions end with the password, and with the generator they were opened by."""
        generator = f"\n{self.one_time_password_id}" if self.one_time_password_id else ""
        salt = "accounts.models.user.session"
        digest = salted_hmac(salt, self.password + generator, secret=secret, algorithm="sha256")
        return str(digest.hexdigest())

    def has_perm(self, permission: str, subject: object = None) -> bool:
        """Django admin asks; its own permissions are decided in the admin's room."""
        del permission, subject
        return self.is_active and self.is_staff

    def has_module_perms(self, label: str) -> bool:
        """Django admin asks whether to list an app."""
        del label
        return self.is_active and self.is_staff
