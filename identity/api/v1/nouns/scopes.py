"""Scopes: the one that a request is about, its settings, and those that one may work in."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from identity import queries as ground
from identity.api.v1 import route, shapes
from identity.api.v1.route import Asked
from identity.api.v1.shapes import Place, Shown
from identity.errors import Missing
from identity.paging import After, Window
from identity.services import scopes as ground_scopes


class Scope(Shown, frozen=True):
    """A tenant."""

    id: UUID
    slug: str
    name: str
    status: str
    is_platform: bool
    created_at: datetime


class Settings(Shown, frozen=True):
    """The choices of a scope; times are in minutes."""

    governance: bool
    invitation_minutes: int
    proposal_minutes: int
    vote_minutes: int | None
    strict_standing: bool
    device_age_rule: bool
    suspend_on_alarm: bool
    accept_attested_votes: bool
    max_devices: int
    max_open_invitations: int
    rsa_bits: int


class ScopeFilters(Place, frozen=True):
    """Which scopes: how the slug or the name begins, and the status; for operators."""

    search: str | None = None
    status: str | None = None


def _own(asked: Asked) -> None:
    # Whoever works in a scope reads that one; others are as if they were not there.
    if asked.ids["scope"] != asked.caller.actor.scope_id:
        raise Missing("There is no such scope.")


@route.listing(
    "/scopes",
    "scopes:get",
    "scopes_list",
    "The scope of this request; for operators all of them",
    of=Scope,
    query=ScopeFilters,
)
def scopes(asked: Asked, after: After) -> Window[Any]:
    """In the order of slugs."""
    forward = After(after.limit, after.after, is_descending=False, filters=after.filters)
    return ground.scopes_window(forward, by=asked.caller.actor)


@route.read("/scopes/{scope}", "scopes:get", "scopes_get", "A scope", shows=Scope)
def scope(asked: Asked) -> Scope:
    """The scope that the caller works in."""
    _own(asked)
    shown: Scope = shapes.of_row(Scope, ground.scope())
    return shown


@route.read(
    "/scopes/{scope}/settings",
    "scopes:get",
    "scope_settings_get",
    "The settings of a scope",
    shows=Settings,
)
def settings(asked: Asked) -> Settings:
    """What the scope has chosen, defaults included."""
    _own(asked)
    shown: Settings = shapes.of_row(Settings, ground_scopes.settings())
    return shown


ROUTES: Final = (scopes, scope, settings)
