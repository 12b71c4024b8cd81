"""The admin's pages of people and what belongs to them: users, groups, roles, rules, devices."""

from accounts.admin import devices, groups, roles, rules, users

__all__ = ["devices", "groups", "roles", "rules", "users"]
