"""Groups: named circles of users that policies may ask for."""

from typing import ClassVar

from django.db import models

from accounts.models.user import User
from identity import ids
from identity.scoping.owned import ScopeOwned


class Group(ScopeOwned):
    """A named set of users; `name` is what review expressions say."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    public_id = models.UUIDField(default=ids.new)
    name = models.CharField(max_length=128)
    description = models.CharField(max_length=512, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.UUIDField(null=True, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "public_id"], name="group_public_id"),
            models.UniqueConstraint(fields=["scope", "name"], name="group_name"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["scope", "created_at", "id"], name="group_list"),
        ]

    def __str__(self) -> str:
        return self.name


class GroupMember(ScopeOwned):
    """That a user is in a group."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="group_members")
    joined_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "group", "user"], name="group_member_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["scope", "user"], name="group_member_user")]

    def __str__(self) -> str:
        return f"{self.group_id} {self.user_id}"
