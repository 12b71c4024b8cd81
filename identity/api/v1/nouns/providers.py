"""Providers: where users of the scope may sign in from; a client secret goes in and never out."""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from identity import ids
from identity.api.v1 import route, shapes
from identity.api.v1.route import Asked, Change
from identity.api.v1.shapes import Body, Items, Shown
from sessions_app.queries import providers as queries
from sessions_app.services import providers as services

Kind = Literal["google", "github", "microsoft", "gitlab", "apple", "discord", "oidc"]


class Provider(Shown, frozen=True):
    """A provider. `has_secret` tells that it has a client secret, which is never shown."""

    id: UUID
    slug: str
    name: str
    kind: str
    issuer: str
    client_id: str
    has_secret: bool
    options: Mapping[str, str]
    status: str
    position: int
    version: int
    created_at: datetime
    updated_at: datetime


class NewProvider(Body, frozen=True):
    """A new provider, enabled at once.

    `options`: `tenant` for Microsoft, `team_id` and `key_id` for Apple, `scopes` for OpenID
    Connect. `issuer` is asked of OpenID Connect and GitLab alone.
    """

    slug: str
    name: str
    kind: Kind
    client_id: str
    client_secret: str = ""
    issuer: str = ""
    options: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it for each input
    position: int = 0
    id: UUID | None = None


class ProviderEdit(Body, frozen=True):
    """A change of some fields; another issuer needs the client secret anew."""

    name: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    issuer: str | None = None
    options: dict[str, str] | None = None
    position: int | None = None
    status: Literal["enabled", "disabled"] | None = None


@route.act(
    "GET",
    "/providers",
    "providers:list",
    "providers_list",
    "Providers of the scope",
    shows=Items[Provider],
)
def providers(asked: Asked) -> Items[Provider]:
    """In the order in which people see them."""
    del asked
    return Items([shapes.of_row(Provider, row) for row in queries.all_providers()], None)


def _present(asked: Asked) -> Provider:
    shown: Provider = shapes.of_row(Provider, queries.provider(asked.ids["provider"]))
    return shown


@route.read(
    "/providers/{provider}",
    "providers:get",
    "providers_get",
    "A provider",
    shows=Provider,
    is_versioned=True,
)
def provider(asked: Asked) -> Provider:
    """One provider."""
    return _present(asked)


def _new(asked: Asked) -> dict[str, Any]:
    """The secret is sealed before anything keeps it, for the id that the provider will have."""
    given = asked.given()
    given["id"] = given.get("id") or ids.new()
    return _sealed(given, given["id"], given["kind"])


def _edited(asked: Asked) -> dict[str, Any]:
    given = asked.given()
    if given.get("client_secret") is None:
        return given
    return _sealed(given, given["provider"], queries.provider(given["provider"]).kind)


def _sealed(given: dict[str, Any], provider_id: UUID, kind: str) -> dict[str, Any]:
    secret = services.sealed(given.pop("client_secret", ""), provider_id=provider_id, kind=kind)
    return {**given, "sealed_secret": base64.b64encode(secret).decode()}


_shown = shapes.part("provider", Provider)

ROUTES: Final = (
    providers,
    provider,
    route.change(
        "POST",
        "/providers",
        "providers:create",
        "providers_create",
        "Make a provider",
        Change("provider.create", _shown, made="provider", prepare=_new),
        body=NewProvider,
        shows=Provider,
    ),
    route.change(
        "PATCH",
        "/providers/{provider}",
        "providers:edit",
        "providers_edit",
        "Change a provider, switch it off or on",
        Change("provider.edit", _shown, present=_present, prepare=_edited),
        body=ProviderEdit,
        shows=Provider,
    ),
    route.change(
        "DELETE",
        "/providers/{provider}",
        "providers:delete",
        "providers_delete",
        "Remove a provider; sessions that began with it end",
        Change("provider.delete", shapes.gone("provider")),
        shows=shapes.Gone,
    ),
)
