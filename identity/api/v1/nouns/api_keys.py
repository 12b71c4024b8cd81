"""API keys: bearer secrets and signing keys of programs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec

from identity.api.v1 import route, shapes
from identity.api.v1.route import Asked, Change
from identity.api.v1.shapes import Body, Newest, Shown
from identity.paging import After, Window
from sessions_app import queries

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class ApiKey(Shown, frozen=True):
    """A key; `user` is whose account it acts for, null for the scope's own backend.

    `status` says what its next request would meet: `active`, `disabled`, `revoked`, `expired`, or
    `user-inactive` while that user is disabled, locked, deleted or past its own end.
    """

    id: UUID
    name: str
    kind: Literal["bearer", "signature", "shared"]
    public_key: str
    user: UUID | None
    role: str
    permissions: Sequence[str]
    purpose: str
    status: str
    expires_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime
    created_by: UUID | None
    updated_at: datetime
    revoked_at: datetime | None


class NewApiKey(Body, frozen=True):
    """A key with at most the permissions of its maker; with `user` also no more than that user's.

    With `public_key`, a P-256 point in hex, it is one that signs; else a bearer secret is made.
    """

    name: str
    permissions: tuple[str, ...] = ()
    id: UUID | None = None
    user: UUID | None = None
    role: str = ""
    public_key: str = ""
    expires_at: Moment | None = None


class MadeApiKey(Shown, frozen=True):
    """The new key; `secret` is told once and stored nowhere, empty for a key that signs."""

    id: UUID
    api_key: ApiKey
    secret: str


class ApiKeyEdit(Body, frozen=True):
    """A change of some fields; the end can be moved, not taken away."""

    name: str | None = None
    permissions: tuple[str, ...] | None = None
    expires_at: Moment | None = None


class ApiKeyFilters(Newest, frozen=True):
    """Which keys; `user` is the id of one."""

    user: UUID | None = None
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


def _made(result: Any) -> MadeApiKey:
    shown: ApiKey = shapes.of_result(ApiKey, result["api_key"])
    return MadeApiKey(id=shown.id, api_key=shown, secret=result["secret"])


_shown = shapes.part("api_key", ApiKey)

ROUTES: Final = (
    api_keys,
    api_key,
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
)
