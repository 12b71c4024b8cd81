"""Remotes: servers elsewhere to which members of contexts are carried; a secret never comes out."""

import base64
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from accounts.queries import remotes as queries
from accounts.services import remote_secrets
from accounts.services import remotes as services
from identity import ids
from identity.api.v1 import route, shapes
from identity.api.v1.route import Asked, Change
from identity.api.v1.shapes import Body, Items, Shown


class Remote(Shown, frozen=True):
    """A remote. `reason` says why it is paused: by-hand, or failing (again and again).

    `waiting` and `given_up` count changes, up to a thousand.
    """

    id: UUID
    name: str
    url: str
    api_key_id: str
    solution_there: str
    status: str
    reason: str
    version: int
    failures: int
    failing_since: datetime | None
    rests_until: datetime | None
    last_error: str
    carried_at: datetime | None
    contexts: int
    waiting: int
    given_up: int
    created_at: datetime
    updated_at: datetime


class NewRemote(Body, frozen=True):
    """A new remote: the full address that is posted to, and a key that may change contexts."""

    name: str
    url: str
    api_key_id: str
    api_key_secret: str
    solution_there: str
    id: UUID | None = None


class RemoteEdit(Body, frozen=True):
    """A change of some fields; another host needs the secret anew."""

    name: str | None = None
    url: str | None = None
    api_key_id: str | None = None
    api_key_secret: str | None = None
    solution_there: str | None = None


@route.act(
    "GET",
    "/remotes",
    "remotes:list",
    "remotes_list",
    "Remotes of the scope",
    shows=Items[Remote],
)
def remotes(asked: Asked) -> Items[Remote]:
    """By name. Not for keys that are limited to some contexts."""
    services.require_whole(asked.caller.actor)
    return Items([shapes.of_row(Remote, row) for row in queries.all_remotes()], None)


def _present(asked: Asked) -> Remote:
    services.require_whole(asked.caller.actor)
    shown: Remote = shapes.of_row(Remote, queries.remote(asked.ids["remote"]))
    return shown


@route.read(
    "/remotes/{remote}",
    "remotes:get",
    "remotes_get",
    "A remote",
    shows=Remote,
    is_versioned=True,
)
def remote(asked: Asked) -> Remote:
    """One remote and how it does."""
    return _present(asked)


def _new(asked: Asked) -> dict[str, Any]:
    """The secret is sealed before anything keeps it, for the id that the remote will have."""
    given = asked.given()
    given["id"] = given.get("id") or ids.new()
    return _sealed(given, given["id"])


def _edited(asked: Asked) -> dict[str, Any]:
    given = asked.given()
    return _sealed(given, given["remote"]) if given.get("api_key_secret") is not None else given


def _sealed(given: dict[str, Any], remote_id: UUID) -> dict[str, Any]:
    secret = remote_secrets.sealed(given.pop("api_key_secret"), remote_id=remote_id)
    return {**given, "sealed_secret": base64.b64encode(secret).decode()}


_shown = shapes.part("remote", Remote)
_EDIT: Final = "remotes:edit"

ROUTES: Final = (
    remotes,
    remote,
    route.change(
        "POST",
        "/remotes",
        "remotes:create",
        "remotes_create",
        "Link the scope to a remote",
        Change("remote.link", _shown, made="remote", prepare=_new),
        body=NewRemote,
        shows=Remote,
    ),
    route.change(
        "PATCH",
        "/remotes/{remote}",
        _EDIT,
        "remotes_edit",
        "Change a remote",
        Change("remote.edit", _shown, present=_present, prepare=_edited),
        body=RemoteEdit,
        shows=Remote,
    ),
    route.change(
        "DELETE",
        "/remotes/{remote}",
        "remotes:delete",
        "remotes_delete",
        "Unlink a remote; what is there stays there",
        Change("remote.unlink", shapes.gone("remote")),
        shows=shapes.Gone,
    ),
    route.change(
        "POST",
        "/remotes/{remote}/pause",
        _EDIT,
        "remotes_pause",
        "Carry nothing to a remote until it is resumed",
        Change("remote.pause", _shown),
        shows=Remote,
    ),
    route.change(
        "POST",
        "/remotes/{remote}/resume",
        _EDIT,
        "remotes_resume",
        "Carry on with all that waited",
        Change("remote.resume", _shown),
        shows=Remote,
    ),
)
