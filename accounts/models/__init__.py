"""Tables of users, their roles, groups, devices and recipients."""

from accounts.models.device import Device, KnownKey
from accounts.models.group import Group, GroupMember
from accounts.models.recipient import Recipient, RecipientGroup, RecipientGroupMember
from accounts.models.role import Role, RoleAssignment, RoleRule, Rule
from accounts.models.staff import OneTimePassword, RecoveryCode, StaffMembership
from accounts.models.user import User

__all__ = [
    "Device",
    "Group",
    "GroupMember",
    "KnownKey",
    "OneTimePassword",
    "Recipient",
    "RecipientGroup",
    "RecipientGroupMember",
    "RecoveryCode",
    "Role",
    "RoleAssignment",
    "RoleRule",
    "Rule",
    "StaffMembership",
    "User",
]
