"""API keys: bearer secrets and signing keys of programs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec

from identity.api.v1 import route, shapes
from identity.api.v1.nouns.sessions import Nothing
from identity.api.v1.route import Asked, Change
from identity.api.v1.shapes import Body, Newest, Shown
from identity.paging import After, Window
from sessions_app import queries
from sessions_app.queries import machine_sessions as sessions

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class ApiKey(Shown, frozen=True):
    """A key; `user` is whose account it acts for, null for the scope's own backend.

    `status` says what its next request would meet: `active`, `disabled`, `revoked`, `expired`, or
    `user-inactive` while that user is disabled, locked, deleted or past its own end. `called` is
    what requests name it by. Empty `solutions`, `contexts` and `networks` bind it to none. Until
    `previous_until` the secret before the last rotation counts, too. `made_by_key`: the key whose
    program made this one.
    """

    id: UUID
    called: str
    name: str
    kind: Literal["bearer", "signature", "shared"]
    public_key: str
    algorithm: str
    user: UUID | None
    role: str
    permissions: Sequence[str]
    solutions: Sequence[str]
    contexts: Sequence[str]
    networks: Sequence[str]
    purpose: str
    status: str
    expires_at: datetime | None
    previous_until: datetime | None
    last_used_at: datetime | None
    created_at: datetime
    created_by: UUID | None
    made_by_key: UUID | None
    updated_at: datetime
    revoked_at: datetime | None


class NewApiKey(Body, frozen=True):
    """A key with at most the permissions of its maker; with `user` also no more than that user's.

    With `public_key`, a P-256 point in hex, it is one that signs; with the `algorithm` `ed25519`
    that is 32 bytes in hex, or PEM. Else a secret is made: `bearer` to be shown with each request,
    `shared` for requests that are authenticated under it, too. `solutions` and `contexts` are the
    ids that it is bound to, `networks` those from which alone it may call.
    """

    name: str
    permissions: tuple[str, ...] = ()
    id: UUID | None = None
    user: UUID | None = None
    role: str = ""
    public_key: str = ""
    expires_at: Moment | None = None
    form: Literal["bearer", "shared"] = "bearer"
    algorithm: Literal["p256", "ed25519"] = "p256"
    solutions: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()


class MadeApiKey(Shown, frozen=True):
    """The new key; `secret` is told once and stored nowhere, empty for a key that signs."""

    id: UUID
    api_key: ApiKey
    secret: str


class ApiKeyEdit(Body, frozen=True):
    """A change of some fields; the end can be moved, not taken away.

    An empty list of `solutions`, `contexts` or `networks` takes these limits away.
    """

    name: str | None = None
    permissions: tuple[str, ...] | None = None
    expires_at: Moment | None = None
    solutions: tuple[str, ...] | None = None
    contexts: tuple[str, ...] | None = None
    networks: tuple[str, ...] | None = None


class Rotation(Body, frozen=True):
    """For how long the secret before counts beside the new one; at once not any more if absent."""

    overlap_minutes: Annotated[int, msgspec.Meta(ge=0, le=43_200)] = 0


class MachineSession(Shown, frozen=True):
    """A session in which a program acts by tokens that it got for its key.

    It has these rights as far as its key has them now. `status` is `active`, `expired` or `ended`.
    """

    id: UUID
    api_key: UUID
    name: str
    permissions: Sequence[str]
    solutions: Sequence[str]
    contexts: Sequence[str]
    address: str
    is_of_connection: bool
    created_at: datetime
    refreshed_at: datetime
    access_expires_at: datetime
    expires_at: datetime
    status: str
    ended_at: datetime | None
    ended_reason: str


class MachineSessionFilters(Newest, frozen=True):
    """Which sessions of a key."""

    status: Literal["active", "expired", "ended"] | None = None


class ApiKeyFilters(Newest, frozen=True):
    """Which keys; `user` is the id of one, `made_by_key` that of the key that made them."""

    user: UUID | None = None
    made_by_key: UUID | None = None
    status: Literal["active", "disabled", "expired", "revoked", "user-inactive"] | None = None


@route.listing(
    "/api-keys", "api-keys:list", "api_keys_list", "API keys", of=ApiKey, query=ApiKeyFilters
)
def api_keys(asked: Asked, after: After) -> Window[Any]:
    """Keys of the scope, revoked ones too."""
    return queries.api_keys_window(after, now=asked.now)


@route.read("/api-keys/{api_key}", "api-keys:get", "api_keys_get", "An API key", shows=ApiKey)
def api_key(asked: Asked) -> ApiKey:
    """One key."""
    shown: ApiKey = shapes.of_row(ApiKey, queries.api_key(asked.ids["api_key"], now=asked.now))
    return shown


@route.listing(
    "/api-keys/{api_key}/sessions",
    "sessions:view",
    "api_key_sessions_list",
    "The sessions of an API key",
    of=MachineSession,
    query=MachineSessionFilters,
)
def machine_sessions(asked: Asked, after: After) -> Window[Any]:
    """What its program got tokens for."""
    return sessions.window(asked.ids["api_key"], after, now=asked.now)


def _made(result: Any) -> MadeApiKey:
    shown: ApiKey = shapes.of_result(ApiKey, result["api_key"])
    return MadeApiKey(id=shown.id, api_key=shown, secret=result["secret"])


_shown = shapes.part("api_key", ApiKey)

ROUTES: Final = (
    api_keys,
    api_key,
    machine_sessions,
    route.change(
        "POST",
        "/api-keys",
        "api-keys:create",
        "api_keys_create",
        "Make an API key",
        Change("api-key.create", _made, made="api_key"),
        body=NewApiKey,
        shows=MadeApiKey,
    ),
    route.change(
        "PATCH",
        "/api-keys/{api_key}",
        "api-keys:edit",
        "api_keys_edit",
        "Change an API key",
        Change("api-key.edit", _shown),
        body=ApiKeyEdit,
        shows=ApiKey,
    ),
    route.change(
        "DELETE",
        "/api-keys/{api_key}",
        "api-keys:delete",
        "api_keys_revoke",
        "Revoke an API key for ever",
        Change("api-key.revoke", _shown),
        shows=ApiKey,
    ),
    route.change(
        "POST",
        "/api-keys/{api_key}/rotation",
        "api-keys:edit",
        "api_keys_rotate",
        "Make a new secret for an API key",
        Change("api-key.rotate", _made),
        body=Rotation,
        shows=MadeApiKey,
    ),
    route.change(
        "POST",
        "/api-keys/{api_key}/disable",
        "api-keys:edit",
        "api_keys_disable",
        "Switch an API key off",
        Change("api-key.disable", _shown),
        body=Nothing,
        shows=ApiKey,
    ),
    route.change(
        "POST",
        "/api-keys/{api_key}/enable",
        "api-keys:edit",
        "api_keys_enable",
        "Switch an API key on again",
        Change("api-key.enable", _shown),
        body=Nothing,
        shows=ApiKey,
    ),
    route.change(
        "DELETE",
        "/api-keys/{api_key}/sessions/{machine_session}",
        "sessions:end",
        "api_key_sessions_end",
        "End a session of an API key",
        Change("machine-session.end", shapes.part("machine_session", MachineSession)),
        shows=MachineSession,
    ),
)
