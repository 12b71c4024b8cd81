"""Tables of users, their roles, groups, devices and recipients."""

from accounts.models.device import Device, KnownKey
from accounts.models.group import Group, GroupMember
from accounts.models.recipient import Recipient, RecipientGroup, RecipientGroupMember
from accounts.models.role import Role, RoleAssignment, RoleRule, Rule
from accounts.models.user import User

__all__ = [
    "Device",
    "Group",
    "GroupMember",
    "KnownKey",
    "Recipient",
    "RecipientGroup",
    "RecipientGroupMember",
    "Role",
    "RoleAssignment",
    "RoleRule",
    "Rule",
    "User",
]
