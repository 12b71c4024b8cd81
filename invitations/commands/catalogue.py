"""The catalogue of commands: importing a module registers what it defines."""

import importlib

ROOMS = (
    "api_keys",
    "applications",
    "context_joins",
    "contexts",
    "credentials",
    "developer_keys",
    "devices",
    "groups",
    "invitations",
    "keys",
    "lambdas",
    "members",
    "onboardings",
    "passkeys",
    "passwords",
    "policies",
    "profiles",
    "providers",
    "recipients",
    "registrations",
    "remote_contexts",
    "remotes",
    "role_credentials",
    "roles",
    "scopes",
    "server_keys",
    "sessions",
    "staff",
    "user_keys",
    "users",
    "webhooks",
)


def load() -> None:
    """Import every module of commands; again is the same."""
    for room in ROOMS:
        importlib.import_module(f"invitations.commands.{room}")
