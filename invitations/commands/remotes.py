"""Commands about remotes: where members and their keys are carried to is sensitive."""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from accounts.queries import remotes as queries
from accounts.services import remotes
from identity.actor import Actor
from identity.errors import Invalid
from identity.services.webhooks import host_of
from invitations.commands.command import Command, Input, Result, Target, registry
from sessions_app.queries import rows


class LinkRemote(Input, frozen=True):
    """A new remote. `sealed_secret` is base64 of what `remote_secrets.sealed` gave for this id."""

    remote: UUID
    name: str
    url: str
    api_key_id: str
    sealed_secret: str
    solution_there: str


class EditRemote(Input, frozen=True):
    """A change of some fields; absent ones stay."""

    remote: UUID
    name: str | None = None
    url: str | None = None
    api_key_id: str | None = None
    sealed_secret: str | None = None
    solution_there: str | None = None


class TheRemote(Input, frozen=True):
    """One remote: to be paused, resumed or unlinked."""

    remote: UUID


def link(details: LinkRemote, *, by: Actor, now: datetime) -> Result:
    """Link the scope to it."""
    remotes.link(
        remote_id=details.remote,
        given=msgspec.structs.asdict(details),
        sealed_secret=_bytes(details.sealed_secret),
        by=by,
        now=now,
    )
    return _remote(details.remote)


def edit(details: EditRemote, *, by: Actor, now: datetime) -> Result:
    """Change it."""
    given: dict[str, Any] = {
        name: value
        for name, value in msgspec.structs.asdict(details).items()
        if value is not None and name != "remote"
    }
    if "sealed_secret" in given:
        given["sealed_secret"] = _bytes(given["sealed_secret"])
    remotes.edit(remote_id=details.remote, changes=given, by=by, now=now)
    return _remote(details.remote)


def unlink(details: TheRemote, *, by: Actor, now: datetime) -> Result:
    """Forget it."""
    remotes.unlink(remote_id=details.remote, by=by, now=now)
    return {"remote": {"id": str(details.remote)}}


def pause(details: TheRemote, *, by: Actor, now: datetime) -> Result:
    """Carry nothing for a while."""
    remotes.pause(remote_id=details.remote, by=by, now=now)
    return _remote(details.remote)


def resume(details: TheRemote, *, by: Actor, now: datetime) -> Result:
    """Carry on."""
    remotes.resume(remote_id=details.remote, by=by, now=now)
    return _remote(details.remote)


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("The sealed secret is not base64.", field="secret") from None


def _remote(remote_id: UUID) -> Result:
    return {"remote": rows.described(queries.remote(remote_id))}


def _target(details: EditRemote | TheRemote) -> Target:
    return Target("remote", str(details.remote), queries.remote(details.remote).version)


def _validate(details: LinkRemote) -> None:
    remotes.checked(msgspec.structs.asdict(details))


def _new_place(details: LinkRemote) -> Mapping[str, Any]:
    return {"host": host_of(details.url), "changes_place": True}


def _place(details: EditRemote) -> Mapping[str, Any]:
    old = host_of(queries.remote(details.remote).url)
    host = old if details.url is None else host_of(details.url)
    key = (details.api_key_id, details.sealed_secret)
    is_other = any(value is not None for value in (details.url, details.solution_there, *key))
    return {"host": host, "old_host": old, "changes_place": is_other}


def same_place(_: Any) -> Mapping[str, Any]:
    """For commands that carry nobody to another place."""
    return {"changes_place": False}


def _ended(details: TheRemote) -> Mapping[str, Any]:
    return {"old_host": host_of(queries.remote(details.remote).url), "changes_place": True}


_REMOTE: Final = "/remotes/{remote}"
_EDIT: Final = "remotes:edit"

registry.add(
    Command(
        name="remote.link",
        action="add",
        resource="/remotes",
        permission="remotes:create",
        input=LinkRemote,
        execute=link,
        validate=_validate,
        facts=_new_place,
        secrets=frozenset({"sealed_secret"}),
    ),
    Command(
        name="remote.edit",
        action="edit",
        resource=_REMOTE,
        permission=_EDIT,
        input=EditRemote,
        execute=edit,
        target=_target,
        facts=_place,
        secrets=frozenset({"sealed_secret"}),
    ),
    Command(
        name="remote.unlink",
        action="delete",
        resource=_REMOTE,
        permission="remotes:delete",
        input=TheRemote,
        execute=unlink,
        target=_target,
        facts=_ended,
    ),
    *(
        Command(
            name=f"remote.{act.__name__}",
            action="edit",
            resource=_REMOTE,
            permission=_EDIT,
            input=TheRemote,
            execute=act,
            target=_target,
            facts=same_place,
        )
        for act in (pause, resume)
    ),
)
