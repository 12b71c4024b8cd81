"""The command that changes a scope's name and settings."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from identity import errors
from identity import queries as ground
from identity.actor import Actor
from identity.scoping import current
from identity.services import scope_settings, scopes
from invitations.commands.command import Command, Input, Result, Target, registry


class EditScope(Input, frozen=True):
    """A change of the own scope: absent parts stay; `settings` holds those that change."""

    scope: UUID
    name: str | None = None
    settings: dict[str, bool | int | str | None] | None = None


def edit(details: EditScope, *, by: Actor, now: datetime) -> Result:
    """Change the scope."""
    _require_own(details)
    if details.name is not None:
        scopes.rename(name=details.name, by=by, now=now)
    settings = scopes.change_settings(changes=details.settings or {}, by=by, now=now)
    return {
        "scope": {
            "id": str(details.scope),
            "name": ground.scope().name,
            "settings": asdict(settings),
        }
    }


def facts(details: EditScope) -> Mapping[str, Any]:
    """Which settings change, and whether any of them is weaker afterwards."""
    before = scopes.settings()
    after = scope_settings.merged(before, details.settings or {})
    return {
        "changes_name": details.name is not None and details.name != ground.scope().name,
        "changed_settings": scope_settings.changed(before, after),
        "weakens": bool(scope_settings.weakened(before, after)),
    }


def _require_own(details: EditScope) -> None:
    if details.scope != current.required_scope():
        raise errors.Missing("There is no such scope.")


def _validate(details: EditScope) -> None:
    _require_own(details)
    if details.name is not None:
        scopes.checked_name(details.name)
    if "governance" in (details.settings or {}):
        raise errors.Invalid("The setting governance is chosen when a scope is made.")
    scope_settings.merged(scopes.settings(), details.settings or {})


def _present(details: EditScope) -> Target:
    _require_own(details)
    # A scope has no version: a digest tells one state from another.
    state = [ground.scope().name, asdict(scopes.settings())]
    digest = hashlib.sha256(orjson.dumps(state, option=orjson.OPT_SORT_KEYS))
    return Target("scope", str(details.scope), int(digest.hexdigest()[:12], 16))


registry.add(
    Command(
        name="scope.edit",
        action="edit",
        resource="/scopes/{scope}",
        permission="scopes:edit",
        input=EditScope,
        execute=edit,
        validate=_validate,
        target=_present,
        facts=facts,
    )
)
