"""Scopes: made with their keys and the start of their audit chain; hosts, status, settings."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction

from identity import actor, errors, ids
from identity.actor import Actor
from identity.crypto import audit_chain
from identity.models import AuditHead, Scope, ScopeHost
from identity.scoping import current, doors, prepared, statements
from identity.services import audit, host_names, refusals, scope_settings, server_keys
from identity.services.scope_settings import ScopeSettings

_OWN_ROW: Final = prepared.prepare(
    lambda scope: Scope.objects.filter(id=scope).values_list("settings", "name", "status"), "scope"
)
_kept: ContextVar[dict[UUID, tuple[Any, ...]] | None] = ContextVar("scope_row", default=None)
_SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_SLUG: Final = 63
LONGEST_NAME: Final = 200

on_created: list[Callable[[Scope, datetime], None]] = []
"""Called inside the new scope and its transaction; other rooms add their first rows here."""


def create(
    *,
    slug: str,
    name: str,
    settings: ScopeSettings = scope_settings.DEFAULTS,
    now: datetime,
    is_platform: bool = False,
    finish: Callable[[Scope], None] | None = None,
) -> Scope:
    """Make a scope with one active key of each purpose and an empty, signed audit chain.

    `finish` is called at the end inside the new scope and its transaction; where it raises, there
    is no scope. Raises SlugInvalid, SlugTaken, PlatformTaken, SettingsInvalid.
    """
    if len(slug) > LONGEST_SLUG or not _SLUG.fullmatch(slug):
        raise refusals.SlugInvalid
    scope_settings.of(asdict(settings))
    # Making keys takes a while: it happens before the transaction.
    pairs = server_keys.make_pairs(rsa_bits=settings.rsa_bits)
    scope = Scope(
        id=ids.new(),
        slug=slug,
        name=name,
        settings=scope_settings.stored(settings),
        is_platform=is_platform,
        created_at=now,
    )
    with current.in_scope(scope.id), transaction.atomic():
        _insert(scope)
        genesis = audit_chain.genesis(scope.id).hex()
        AuditHead.objects.create(scope=scope, sequence=0, digest=genesis)
        keys = [server_keys.insert(pair, scope_id=scope.id, now=now) for pair in pairs]
        for hook in on_created:
            hook(scope, now)
        facts = {"slug": slug, "is_platform": is_platform, "kids": [key.kid for key in keys]}
        _record("scope.created", scope, by=actor.system(scope.id), now=now, facts=facts)
        if finish is not None:
            finish(scope)
    return scope


def ensure(*, slug: str, name: str, now: datetime) -> Scope:
    """The scope of this slug, made with the default settings if it is not there."""
    found = doors.scope_by_slug(slug)
    if found is None:
        try:
            return create(slug=slug, name=name, now=now)
        except refusals.SlugTaken:
            found = doors.scope_by_slug(slug)
    if found is None:
        raise errors.Conflict("The scope was made and removed at the same time.")
    with current.in_scope(found.scope_id):
        return Scope.objects.get(id=found.scope_id)


def add_host(*, host: str, by: Actor, now: datetime) -> ScopeHost:
    """Serve the actor's scope at a host name; the same host again changes nothing.

    Raises HostInvalid, and HostTaken when it leads to another scope.
    """
    name = host_names.normalised(host)
    with current.in_scope(by.scope_id), transaction.atomic():
        earlier = ScopeHost.objects.filter(host=name, scope_id=by.scope_id).first()
        if earlier is not None:
            return earlier
        row = ScopeHost(host=name, scope_id=by.scope_id, created_at=now)
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError as error:
            raise refusals.HostTaken from error
        _record("scope.host-added", _own(by), by=by, now=now, facts={"host": name})
    return row


def remove_host(*, host: str, by: Actor, now: datetime) -> None:
    """Serve the actor's scope at this host name no more. Raises Missing."""
    name = host_names.normalised(host)
    with current.in_scope(by.scope_id), transaction.atomic():
        removed, _ = ScopeHost.objects.filter(host=name, scope_id=by.scope_id).delete()
        if not removed:
            raise errors.Missing("The scope has no such host name.")
        _record("scope.host-removed", _own(by), by=by, now=now, facts={"host": name})


def suspend(*, by: Actor, now: datetime) -> Scope:
    """Refuse everybody in the actor's scope from now on. Raises Conflict unless it is active."""
    return _change_status(Scope.Status.ACTIVE, Scope.Status.SUSPENDED, by=by, now=now)


def activate(*, by: Actor, now: datetime) -> Scope:
    """Let people into a suspended scope again. Raises Conflict unless it is suspended."""
    return _change_status(Scope.Status.SUSPENDED, Scope.Status.ACTIVE, by=by, now=now)


def change_settings(*, changes: Mapping[str, Any], by: Actor, now: datetime) -> ScopeSettings:
    """Change some settings of the actor's scope and keep the others.

    Raises SettingsInvalid, also for `governance`, which is asked only when a scope is made.
    """
    with current.in_scope(by.scope_id), transaction.atomic():
        scope = Scope.objects.select_for_update(no_key=True).get(id=by.scope_id)
        before = scope_settings.of(scope.settings)
        after = scope_settings.merged(before, changes)
        scope_settings.require_same_policies(before, after)
        if after == before:
            return after
        scope.settings = scope_settings.stored(after)
        scope.save(update_fields=["settings"])
        old, new = asdict(before), asdict(after)
        names = scope_settings.changed(before, after)
        changed = {name: {"from": old[name], "to": new[name]} for name in names}
        _record("scope.settings-changed", scope, by=by, now=now, facts={"changed": changed})
    return after


def rename(*, name: str, by: Actor, now: datetime) -> Scope:
    """Change what people see of the actor's scope; its slug stays. Raises Invalid."""
    shown = checked_name(name)
    with current.in_scope(by.scope_id), transaction.atomic():
        scope = Scope.objects.select_for_update(no_key=True).get(id=by.scope_id)
        before = scope.name
        if shown != before:
            scope.name = shown
            scope.save(update_fields=["name"])
            facts = {"from": before, "to": shown}
            _record("scope.renamed", scope, by=by, now=now, facts=facts)
    return scope


def checked_name(name: str) -> str:
    """The name as it is stored. Raises Invalid."""
    shown = name.strip()
    if not 1 <= len(shown) <= LONGEST_NAME or not shown.isprintable():
        raise errors.Invalid(f"A scope's name has 1 to {LONGEST_NAME} printable characters.")
    return shown


def settings() -> ScopeSettings:
    """The settings of the scope in force, as they are now. Raises NoScopeError, Missing."""
    return scope_settings.of(_own_row()[0])


def name() -> str:
    """The name of the scope in force. Raises NoScopeError, Missing."""
    found: str = _own_row()[1]
    return found


def require_active() -> None:
    """Raises `identity.errors.Forbidden` unless the scope in force lets anybody in, and Missing."""
    if _own_row()[2] != Scope.Status.ACTIVE:
        raise errors.Forbidden("This scope is not active.")


@contextmanager
def read_once() -> Iterator[None]:
    """Within, settings, name and status are read once: for a request that changes none of them."""
    token = _kept.set({} if (outer := _kept.get()) is None else outer)
    try:
        yield
    finally:
        _kept.reset(token)


@contextmanager
def read_ahead() -> Iterator[None]:
    """As `read_once` and `require_active`, in one round trip with the first statement of the block.

    That must be no change that commits itself and matters. Raises where it is sent, or at the end
    of the block.
    """
    with read_once():
        scope_id = current.required_scope()

        def keep(rows: list[tuple[Any, ...]]) -> None:
            kept = _kept.get()
            if kept is not None and rows:
                kept[scope_id] = rows[0]
            require_active()

        _OWN_ROW.ahead(keep, scope=scope_id)
        try:
            yield
            statements.catch_up()
        finally:
            statements.drop()


def _own_row() -> tuple[Any, ...]:
    scope_id, kept = current.required_scope(), _kept.get()
    if kept is not None:
        if scope_id not in kept:
            # It may be on its way.
            statements.catch_up()
        if scope_id in kept:
            return kept[scope_id]
    found = _OWN_ROW.one(scope=scope_id)
    if found is None:
        raise errors.Missing("There is no such scope.")
    if kept is not None:
        kept[scope_id] = found
    return found


def _insert(scope: Scope) -> None:
    try:
        with transaction.atomic():
            scope.save(force_insert=True)
    except IntegrityError as error:
        # Row-level security hides the other row; the constraint that spoke is named in the error.
        if "scope_one_platform" in str(error) or "is_platform" in str(error):
            raise refusals.PlatformTaken from error
        raise refusals.SlugTaken from error


def _change_status(
    expected: Scope.Status, wanted: Scope.Status, *, by: Actor, now: datetime
) -> Scope:
    with current.in_scope(by.scope_id), transaction.atomic():
        changed = Scope.objects.filter(id=by.scope_id, status=expected).update(status=wanted)
        scope = _own(by)
        if not changed:
            raise errors.Conflict(f"The scope is {scope.status}.")
        verb = "suspended" if wanted == Scope.Status.SUSPENDED else "activated"
        _record(f"scope.{verb}", scope, by=by, now=now)
    return scope


def _own(by: Actor) -> Scope:
    scope = Scope.objects.filter(id=by.scope_id).first()
    if scope is None:
        raise errors.Missing("There is no such scope.")
    return scope


def _record(
    name: str, scope: Scope, *, by: Actor, now: datetime, facts: Mapping[str, Any] | None = None
) -> None:
    audit.record(name, by=by, subject=("scope", str(scope.id)), now=now, facts=facts)
