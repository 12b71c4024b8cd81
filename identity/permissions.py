"""Permissions are words `noun:verb`; roles are named sets of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

NOUNS: Mapping[str, tuple[str, ...]] = {
    "users": ("list", "get", "invite", "create", "edit", "delete", "lock"),
    "devices": ("list", "edit", "delete", "invite"),
    "invitations": ("list", "get", "delete"),
    "roles": ("list", "get", "create", "edit", "delete"),
    "rules": ("list", "get", "create", "edit", "delete"),
    "groups": ("list", "get", "create", "edit", "delete"),
    "policies": ("list", "get", "create", "edit", "delete"),
    "recipients": ("list", "get", "create", "edit", "delete"),
    "recipient-groups": ("list", "get", "create", "edit", "delete"),
    "proposals": ("list", "get", "approve", "cancel"),
    "passwords": ("edit", "delete"),
    "passkeys": ("list", "delete"),
    "server-keys": ("get", "edit"),
    "scopes": ("get", "edit"),
    "staff": ("list", "create", "delete"),
    "webhooks": ("list", "get", "create", "edit", "delete"),
    "sessions": ("view", "end", "introspect"),
    "api-keys": ("list", "get", "create", "edit", "delete"),
    "developer-keys": ("list", "get", "create", "delete"),
    "lambdas": ("list", "get", "edit", "delete"),
    "managed-keys": ("list", "get"),
    "onboardings": ("list", "get", "create", "edit"),
    "registries": ("list", "get", "create"),
    "dids": ("list", "get"),
    "providers": ("list", "get", "create", "edit", "delete"),
    "applications": ("list", "get", "create", "edit", "delete"),
    "role-credentials": ("list", "get", "create", "delete"),
    "credentials": ("list", "get", "create", "delete", "verify"),
    "audit": ("list", "get"),
    "solutions": ("list", "get", "create", "edit", "delete"),
    "contexts": ("list", "get", "create", "edit", "delete"),
    "members": ("list", "get", "create", "edit", "delete"),
    "channels": ("thread", "store", "stream", "inbox", "kvdb"),
    "remotes": ("list", "get", "create", "edit", "delete"),
    "mails": ("list",),
    "me": ("get",),
}
ALL: frozenset[str] = frozenset(f"{noun}:{verb}" for noun, verbs in NOUNS.items() for verb in verbs)

EVERY_RESOURCE = "*"
APPROVABLE: frozenset[str] = frozenset(
    f"/{noun}" for noun in NOUNS if noun not in {"proposals", "me", "audit", "mails", "channels"}
) | {"/account-management"}

SELF_SERVICE: frozenset[str] = frozenset({"me:get", "server-keys:get"})
"""What every signed-in user of a scope may do, whatever its roles."""


@dataclass(frozen=True, slots=True)
class PredefinedRole:
    """A role that exists in every scope and is defined in code.

    `approves` holds resource roots (`/users`) whose proposals a holder may decide, or `*`.
    """

    name: str
    description: str
    permissions: frozenset[str]
    approves: frozenset[str]


def words(nouns: Iterable[str], verbs: Iterable[str]) -> frozenset[str]:
    """The known permissions for these nouns and verbs."""
    wanted = frozenset(verbs)
    return frozenset(f"{noun}:{verb}" for noun in nouns for verb in NOUNS[noun] if verb in wanted)


_READ = words(NOUNS, ("list", "get", "view", "verify"))

PREDEFINED_ROLES: Mapping[str, PredefinedRole] = {
    role.name: role
    for role in (
        PredefinedRole(
            "super-admin",
            "May do everything and decide every proposal.",
            ALL,
            frozenset({EVERY_RESOURCE}),
        ),
        PredefinedRole(
            "workspace-owner",
            "Reads everything and decides proposals; proposes nothing itself.",
            _READ | {"proposals:approve"},
            APPROVABLE,
        ),
        PredefinedRole(
            "workspace-maintainer",
            "Proposes changes to users, devices, passkeys, roles, rules, groups, policies,"
            " recipients, webhooks, API keys, developer keys, lambdas, providers, applications,"
            " credentials, role credentials, onboardings, solutions, contexts, members, remotes.",
            ALL
            - {"proposals:approve", "proposals:cancel", "passwords:delete"}
            - {"scopes:edit", "server-keys:edit", "staff:create", "staff:delete"},
            frozenset(),
        ),
        PredefinedRole("workspace-auditor", "Reads everything.", _READ, frozenset()),
        PredefinedRole(
            "member", "May use the scope; manages only its own account.", frozenset(), frozenset()
        ),
        PredefinedRole(
            "security-officer",
            "Locks accounts, ends sessions, revokes devices, passkeys, invitations, credentials,"
            " API keys and developer keys, stops lambdas, dismisses staff, rotates server keys;"
            " decides proposals about them.",
            _READ
            | words(("devices", "passkeys", "invitations", "staff"), ("delete",))
            | words(("api-keys", "developer-keys", "credentials"), ("delete",))
            | {"users:lock", "sessions:end"}
            | words(("server-keys", "lambdas"), ("edit",))
            | {"proposals:approve", "proposals:cancel"},
            frozenset({"/users", "/invitations", "/account-management", "/server-keys", "/staff"})
            | {"/sessions", "/api-keys", "/developer-keys", "/lambdas", "/credentials"},
        ),
        PredefinedRole(
            "support",
            "Invites people and their further devices.",
            words(
                ("users", "devices", "invitations", "groups", "roles"), ("list", "get", "invite")
            ),
            frozenset(),
        ),
        PredefinedRole(
            "standard-registry",
            "Onboards users under itself and sees how that goes.",
            words(("onboardings",), ("list", "get", "create", "edit"))
            | words(("registries",), ("list", "get")),
            frozenset(),
        ),
        PredefinedRole(
            "onboarded-user",
            "Has a DID and belongs to a registry; manages only its own account.",
            frozenset(),
            frozenset(),
        ),
        PredefinedRole(
            "auditor",
            "Reads who was onboarded by which registry, and the audit record.",
            words(("onboardings", "registries", "audit"), ("list", "get")),
            frozenset(),
        ),
    )
}

ONBOARDING: frozenset[str] = words(("onboardings", "registries"), ("create",))
"""What registries do in their own sessions, by right of a role."""

NOT_OF_KEYS: frozenset[str] = SELF_SERVICE | {
    "proposals:approve",
}
"""What no API key may hold: a vote is a person's. Keys that may make keys make no wider ones."""

OPERATOR: frozenset[str] = (ALL - {"proposals:approve"}) | SELF_SERVICE
"""What a platform operator may do in any scope: everything but vote."""
