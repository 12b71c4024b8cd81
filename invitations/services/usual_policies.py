"""The policies that a new scope begins with: some are locked, the others can be changed."""

from collections.abc import Mapping, Sequence
from typing import Any

LOCKED: Sequence[Mapping[str, Any]] = (
    {
        "name": "Governance",
        "description": "Policies, roles, rules, groups, the scope, its staff and its server keys"
        " change with a second person's consent.",
        "resource": "/policies /policies/* /roles /roles/* /rules /rules/* /groups /groups/*"
        " /scopes/* /staff /staff/* /server-keys/*",
    },
    {
        "name": "Rights of users",
        "description": "Roles, group memberships and who may act at all need a second person.",
        "resource": "/users/* /users/*/roles /groups/*/users",
        # Only an edit of a user has the fact; where it is missing the policy holds all the same.
        "expression": 'resource != "/users/invite" && details.changes_status',
    },
    {
        "name": "Accounts of approvers",
        "description": "Whoever issues an invitation could use it: one to an account that approves,"
        " and has no password, needs a second person.",
        "resource": "/users/invite /users/*/devices/invite",
        "expression": "details.may_approve && !details.is_password_protected",
    },
)
DEFAULTS: Sequence[Mapping[str, Any]] = (
    {
        "name": "New and removed users",
        "description": "Who joins and who is removed is seen by a second person.",
        "resource": "/users /users/invite",
        "action": "add",
    },
    {
        "name": "Removed users",
        "description": "Removing a user needs a second person's consent.",
        "resource": "/users/* /users/*/password",
        "action": "delete",
    },
    {
        "name": "Registries and auditors",
        "description": "Who onboards users, or reads the record, is made with a second person's"
        " consent. What a registry does for its users is its own.",
        "resource": "/onboardings",
        "action": "add",
        "expression": 'details.role != "USER"',
    },
    {
        "name": "Users shut out, let in or renamed",
        "description": "Whether a user may act, its name and address change with a second person.",
        "resource": "/users/*",
        "action": "edit",
        "expression": "details.changes_status || details.changes_contact",
    },
    {
        "name": "Profiles of others",
        "description": "The names, the address and the telephone in somebody else's profile change"
        " with a second person. Everybody's own is their own.",
        "resource": "/users/*/profile",
        "action": "edit",
        "expression": "details.changes_contact",
    },
    {
        "name": "Other people's devices",
        "description": "Revoking or re-keying somebody else's device needs a second person.",
        "resource": "/users/*/devices/*",
        "action": "*",
        # Inviting a further device has the same form of path, and a policy of its own.
        "expression": '"device" in details',
    },
    {
        "name": "Further device without a password",
        "description": "A further device of an account without a password needs a second person.",
        "resource": "/users/*/devices/invite",
        "action": "add",
        "expression": "!details.is_password_protected && details.has_device",
    },
    {
        "name": "Further device by a session",
        "description": "A further device that a session registers needs a second person.",
        "resource": "/users/*/devices",
        "action": "add",
        "expression": "details.has_device",
    },
    {
        "name": "Allow-listed recipients",
        "description": "Who may be paid changes with a second person's consent.",
        "resource": "/recipient-groups/*/recipients /recipients/* /recipient-groups/*",
        "action": "*",
    },
    {
        "name": "Webhooks",
        "description": "Where the scope's events are sent changes with a second person's consent.",
        "resource": "/webhooks /webhooks/*",
        "action": "*",
    },
    {
        "name": "Providers",
        "description": "Who may vouch for users changes with a second person's consent.",
        "resource": "/providers /providers/*",
        "action": "*",
    },
    {
        "name": "Remotes",
        "description": "Where members and their keys are carried changes with a second person's"
        " consent.",
        "resource": "/remotes /remotes/* /remotes/*/contexts /remotes/*/contexts/*",
        "action": "*",
        "expression": "details.changes_place",
    },
    {
        "name": "Developer keys",
        "description": "A further key speaks for everybody whom a developer ever named: it is added"
        " with a second person's consent.",
        "resource": "/developer-keys",
        "action": "add",
    },
    {
        "name": "Applications",
        "description": "Where users are sent after signing in changes with a second person's"
        " consent.",
        "resource": "/applications /applications/*",
        "action": "*",
    },
)
