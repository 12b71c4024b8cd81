"""System checks of the second wall: `manage.py check --database default`."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.db import connections

from identity.scoping import current, lookups, protection


@checks.register(checks.Tags.database)
def check_wall(
    app_configs: Sequence[AppConfig] | None,
    databases: Sequence[str] | None,
    **kwargs: Any,
) -> list[checks.CheckMessage]:
    """Errors for tables, roles and look-ups that the migrations have left open.

    Says nothing while the owner works: `migrate` runs the checks before it mends what they find.
    """
    del app_configs, kwargs
    if current.is_owner():
        return []
    found: list[checks.CheckMessage] = []
    for alias in databases or ():
        found += _check_one(alias)
    return found


def _check_one(alias: str) -> list[checks.CheckMessage]:
    connection = connections[alias]
    messages = [
        (
            "scoping.E001",
            "has no row-level security",
            protection.unprotected_tables(connection),
        ),
        (
            "scoping.E002",
            "could pass row-level security",
            protection.loose_roles(connection),
        ),
        ("scoping.E003", "is missing or of another version", lookups.stale(connection)),
    ]
    hints = {
        "scoping.E001": "Add operations.IsolateTable to the migration that makes the table.",
        "scoping.E002": "Take from the role its memberships, tables, LOGIN and BYPASSRLS.",
        "scoping.E003": "Run migrate; after changing its SQL add operations.LookupFunction.",
    }
    return [
        checks.Error(f"{name} {what}.", hint=hints[code], obj=alias, id=code)
        for code, what, names in messages
        for name in names
    ]
