"""Custom roles and rules of a scope, and who holds which role."""

from typing import ClassVar

from django.db import models

from accounts.models.user import User
from identity import ids
from identity.scoping.owned import ScopeOwned


class Rule(ScopeOwned):
    """One permission as a row: a verb on a resource; roles are made of them.

    `proposal_resource` narrows a rule for `approve` to proposals about that resource.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    public_id = models.UUIDField(default=ids.new)
    name = models.CharField(max_length=128)
    description = models.CharField(max_length=512, blank=True)
    resource = models.CharField(max_length=64)
    action = models.CharField(max_length=16)
    proposal_resource = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    created_by = models.UUIDField(null=True, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "public_id"], name="rule_public_id"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "created_at", "id"], name="rule_list"),
        ]

    def __str__(self) -> str:
        return self.name


class Role(ScopeOwned):
    """A named set of rules. Names of predefined roles are not free."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        DISABLED = "disabled"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    public_id = models.UUIDField(default=ids.new)
    name = models.CharField(max_length=128)
    description = models.CharField(max_length=512, blank=True)
    status = models.CharField(max_length=8, choices=Status, default=Status.ACTIVE)
    rules = models.ManyToManyField(Rule, through="RoleRule", related_name="roles")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.UUIDField(null=True, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "public_id"], name="role_public_id"),
            models.UniqueConstraint(fields=["scope", "name"], name="role_name"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "created_at", "id"], name="role_list"),
        ]

    def __str__(self) -> str:
        return self.name


class RoleRule(ScopeOwned):
    """That a role contains a rule."""

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="role_rules")
    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="role_rules")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "role", "rule"], name="role_rule_once"),
        ]

    def __str__(self) -> str:
        return f"{self.role_id} {self.rule_id}"


class RoleAssignment(ScopeOwned):
    """That a user holds a role: a predefined one by name or a custom one by row."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="role_assignments")
    predefined = models.CharField(max_length=64, blank=True)
    role = models.ForeignKey(
        Role, on_delete=models.PROTECT, null=True, blank=True, related_name="assignments"
    )
    granted_at = models.DateTimeField()
    granted_by = models.UUIDField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope", "user", "predefined"],
                condition=models.Q(role__isnull=True),
                name="role_assignment_predefined_once",
            ),
            models.UniqueConstraint(
                fields=["scope", "user", "role"],
                condition=models.Q(role__isnull=False),
                name="role_assignment_custom_once",
            ),
            models.CheckConstraint(
                condition=models.Q(predefined="", role__isnull=False)
                | (~models.Q(predefined="") & models.Q(role__isnull=True)),
                name="role_assignment_one_kind",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "user"], name="role_assignment_user"),
            models.Index(fields=["scope", "role"], name="role_assignment_role"),
            models.Index(fields=["scope", "predefined"], name="role_assignment_predefined"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.predefined or self.role_id}"
