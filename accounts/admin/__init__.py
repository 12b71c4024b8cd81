"""The admin's pages of people and what belongs to them: users, groups, roles, rules, devices."""

from accounts.admin import (
    contexts,
    credentials,
    devices,
    dids,
    groups,
    lambdas,
    managed_keys,
    onboardings,
    passkeys,
    registries,
    role_credentials,
    roles,
    rules,
    solutions,
    users,
)

__all__ = [
    "contexts",
    "credentials",
    "devices",
    "dids",
    "groups",
    "lambdas",
    "managed_keys",
    "onboardings",
    "passkeys",
    "registries",
    "role_credentials",
    "roles",
    "rules",
    "solutions",
    "users",
]
