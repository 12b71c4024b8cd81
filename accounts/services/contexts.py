"""Contexts: made in a solution, changed, shared with other solutions, stopped, removed."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from accounts import context_limits
from accounts.context_errors import (
    CannotMakeSharedPrivate,
    CannotSharePrivate,
    CannotUnshareParent,
    ContextMissing,
    TooManyContexts,
)
from accounts.errors import InUse
from accounts.models import Context, ContextShare, RemoteContext, Solution
from accounts.services import context_fields, solutions, writing
from identity import errors
from identity.actor import Actor
from identity.services import audit

Visibility = Context.Visibility
MOST: Final = 100_000
"""Contexts of a scope; some more where several are made at one moment."""
_CREATED = ("solution_id", "name", "description", "visibility", "created_by")


@dataclass(frozen=True, slots=True)
class Given:
    """What a new context is to be; see `accounts.models.Context` for the words."""

    solution_id: str
    name: str
    description: str = ""
    visibility: str = Visibility.PRIVATE
    policy: Mapping[str, Any] = field(default_factory=dict)
    contacts: str = Context.Contacts.EVERYONE
    joining: str = Context.Joining.CLOSED


def create(*, given: Given, by: Actor, now: datetime, public_id: str = "") -> Context:
    """Make a context; with the same `public_id` by the same actor it is the one that is there.

    Without a `public_id` the server makes one. Raises `SolutionMissing`, `OutsideLimits`,
    TooManyContexts, `accounts.errors.NameTaken`, `identity.errors.Invalid`.
    """
    context_limits.require_every_context(by=by)
    changes = _checked(_fields(given))
    public_id = context_fields.own_id(public_id or str(uuid.uuid4()), name="id")
    with writing.of(by):
        solution = solutions.locked(given.solution_id, by=by)
        context, is_new = writing.insert_once(
            Context(
                scope_id=by.scope_id,
                public_id=public_id,
                solution=solution,
                created_at=now,
                created_by=by.user_id,
                updated_at=now,
                **changes,
            ),
            public_id=public_id,
            fields=_CREATED,
        )
        if is_new:
            if Context.objects.count() > MOST:
                raise TooManyContexts
            _record("context.created", context, by=by, now=now, solution=solution.public_id)
    return context


def edit(*, context_id: str, changes: Mapping[str, Any], by: Actor, now: datetime) -> Context:
    """Change what is given: `name description visibility policy contacts joining`.

    Raises `ContextMissing`, `OutsideLimits`, `CannotMakeSharedPrivate`, `identity.errors.Invalid`.
    """
    checked = _checked(changes)
    with writing.of(by):
        context = locked(context_id, by=by)
        was_public = context.visibility == Visibility.PUBLIC
        becomes_private = checked.get("visibility") == Visibility.PRIVATE
        if was_public and becomes_private and context.shares.exists():
            raise CannotMakeSharedPrivate
        _change(context, now=now, **checked)
        _record("context.edited", context, by=by, now=now, changed=sorted(checked))
    return context


def delete(*, context_id: str, by: Actor, now: datetime) -> None:
    """Remove a context with its members and the history of their keys.

    Raises `ContextMissing`, `OutsideLimits`, and `accounts.errors.InUse` as long as its members
    are carried to a remote.
    """
    with writing.of(by):
        context = locked(context_id, by=by)
        if RemoteContext.objects.filter(context_id=context.id).exists():
            raise InUse("Its members are carried to a remote; drop it there first.")
        _record("context.deleted", context, by=by, now=now, members=context.member_count)
        context.delete()


def share(*, context_id: str, solution_id: str, by: Actor, now: datetime) -> Context:
    """Lend a public context to another solution; again, or to its own one, changes nothing.

    Raises `ContextMissing`, `SolutionMissing`, `OutsideLimits`, `CannotSharePrivate`.
    """
    with writing.of(by):
        solution, context = _both(solution_id, context_id, by=by)
        if context.solution_id == solution.id:
            return context
        if context.visibility != Visibility.PUBLIC:
            raise CannotSharePrivate
        _, is_new = ContextShare.objects.get_or_create(
            scope_id=by.scope_id, context=context, solution=solution, defaults={"shared_at": now}
        )
        if is_new:
            _change(context)
            _record("context.shared", context, by=by, now=now, solution=solution.public_id)
    return context


def unshare(*, context_id: str, solution_id: str, by: Actor, now: datetime) -> Context:
    """Take a context back from a solution that borrows it; from one that does not is nothing.

    Raises `ContextMissing`, `SolutionMissing`, `OutsideLimits`, `CannotUnshareParent`.
    """
    with writing.of(by):
        solution, context = _both(solution_id, context_id, by=by)
        if context.solution_id == solution.id:
            raise CannotUnshareParent
        removed, _ = ContextShare.objects.filter(context=context, solution=solution).delete()
        if removed:
            _change(context)
            _record("context.unshared", context, by=by, now=now, solution=solution.public_id)
    return context


def disable(*, context_id: str, by: Actor, now: datetime) -> Context:
    """Stop a context: nobody is added, joins or is found. Again is the same."""
    return _set_status(context_id, Context.Status.DISABLED, "context.disabled", by=by, now=now)


def enable(*, context_id: str, by: Actor, now: datetime) -> Context:
    """Let a context go on. Again is the same."""
    return _set_status(context_id, Context.Status.ACTIVE, "context.enabled", by=by, now=now)


def locked(context_id: str, *, by: Actor) -> Context:
    """The context with its row locked until the transaction ends.

    Raises `ContextMissing`, `OutsideLimits`.
    """
    rows = Context.objects.select_for_update().filter(public_id=context_id)
    context = rows.first() if context_fields.is_storable(context_id) else None
    if context is None:
        raise ContextMissing
    context_limits.require_context(context_id, lambda: context_limits.solutions_of(context), by=by)
    return context


def _both(solution_id: str, context_id: str, *, by: Actor) -> tuple[Solution, Context]:
    """Both rows, locked in the order that everybody keeps to: the solution's first."""
    is_storable = context_fields.is_storable(context_id)
    if not is_storable or not Context.objects.filter(public_id=context_id).exists():
        raise ContextMissing
    return solutions.locked(solution_id, by=by), locked(context_id, by=by)


def _set_status(
    context_id: str, status: Context.Status, event: str, *, by: Actor, now: datetime
) -> Context:
    with writing.of(by):
        context = locked(context_id, by=by)
        if context.status != status:
            _change(context, status=status)
            _record(event, context, by=by, now=now)
    return context


def _change(context: Context, *, now: datetime | None = None, **fields: Any) -> None:
    """Write what is given; `now` where people see it as a change of the context itself."""
    for name, value in fields.items():
        setattr(context, name, value)
    context.version += 1
    if now is not None:
        context.updated_at = now
    # Its members' numbers are written by others.
    context.save(update_fields=[*fields, "version", "updated_at"])


def _fields(given: Given) -> dict[str, Any]:
    return {name: getattr(given, name) for name in _CHECKS}


def check(changes: Mapping[str, Any]) -> None:
    """Refuse changes that no context can have. Raises `identity.errors.Invalid`."""
    _checked(changes)


def _checked(changes: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(changes) - _CHECKS.keys()
    if unknown:
        raise errors.Invalid(f"A context has no {min(unknown)} that can be changed.")
    return {name: _CHECKS[name](name, value) for name, value in changes.items()}


def _text(name: str, value: str) -> str:
    return context_fields.kept(value, name=name, most=context_fields.LONGEST_TEXT)


def _choice(name: str, value: str) -> str:
    if value not in _CHOICES[name]:
        words = " or ".join(_CHOICES[name])
        raise errors.Invalid(f"{name} is {words}.", field=name)
    return value


def _policy(name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    del name
    return context_fields.policy(value)


_CHOICES: dict[str, list[str]] = {
    "visibility": Visibility.values,
    "contacts": Context.Contacts.values,
    "joining": Context.Joining.values,
}
_CHECKS: dict[str, Any] = {
    "name": _text,
    "description": _text,
    "visibility": _choice,
    "policy": _policy,
    "contacts": _choice,
    "joining": _choice,
}

CHANGEABLE: Final = tuple(_CHECKS)
"""What of a context can be changed."""


def _record(name: str, context: Context, *, by: Actor, now: datetime, **facts: Any) -> None:
    subject = ("context", context.public_id)
    audit.record(name, by=by, subject=subject, now=now, facts={"name": context.name, **facts})
