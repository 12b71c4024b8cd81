"""Scopes: the one that a request is about, its settings, and those that one may work in."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from identity import queries as ground
from identity.api.v1 import route, shapes
from identity.api.v1.route import Asked, Change
from identity.api.v1.shapes import Body, Place, Shown
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
    """The choices of a scope; times are in minutes, those of sessions in days."""

    governance: bool
    invitation_minutes: int
    proposal_minutes: int
    vote_minutes: int | None
    strict_standing: bool
    device_age_rule: bool
    suspend_on_alarm: bool
    accept_attested_votes: bool
    mail_invitation_links: bool
    max_devices: int
    max_open_invitations: int
    rsa_bits: int
    sign_up: bool
    wallets_without_challenge: bool
    access_minutes: int
    session_days: int
    machine_sessions: int
    passkey_sign_up: bool
    passkey_rp_id: str
    passkey_rp_name: str
    passkey_origins: str
    passkey_user_verification: str
    passkey_attestation: str
    passkey_aaguids: str
    passkey_roots: str
    passkey_discoverable: bool
    lambdas: bool
    lambda_hosts: str
    opening_balance: int
    demo_mode: bool


class ScopeDetail(Scope, frozen=True):
    """A tenant with what it has chosen, defaults included."""

    settings: Settings


class ChangedScope(Shown, frozen=True):
    """A tenant as a change left it."""

    id: UUID
    name: str
    settings: Settings


class ScopeEdit(Body, frozen=True):
    """Another name, and those settings that change; `governance` is for ever."""

    name: str | None = None
    settings: dict[str, bool | int | str | None] | None = None


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


def _present(asked: Asked) -> ScopeDetail:
    _own(asked)
    row: Scope = shapes.of_row(Scope, ground.scope())
    chosen: Settings = shapes.of_row(Settings, ground_scopes.settings())
    return ScopeDetail(
        **{name: getattr(row, name) for name in Scope.__struct_fields__}, settings=chosen
    )


@route.read(
    "/scopes/{scope}",
    "scopes:get",
    "scopes_get",
    "A scope with its settings",
    shows=ScopeDetail,
    is_versioned=True,
)
def scope(asked: Asked) -> ScopeDetail:
    """The scope that the caller works in."""
    return _present(asked)


ROUTES: Final = (
    scopes,
    scope,
    route.change(
        "PATCH",
        "/scopes/{scope}",
        "scopes:edit",
        "scopes_edit",
        "Change a scope's name and settings",
        Change("scope.edit", shapes.part("scope", ChangedScope), present=_present),
        body=ScopeEdit,
        shows=ChangedScope,
    ),
)
