"""Commands about what is carried to a remote: contexts, comparisons, and what was given up."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from accounts.queries import remotes as queries
from accounts.services import remote_contexts
from identity.actor import Actor
from identity.services.webhooks import host_of
from invitations.commands.command import Command, Input, Result, registry
from invitations.commands.remotes import same_place
from sessions_app.queries import rows


class CarryContext(Input, frozen=True):
    """A context to be carried; where `context_there` is empty one is made there."""

    remote: UUID
    carried: UUID
    context: str
    context_there: str = ""


class TheCarried(Input, frozen=True):
    """One context that is carried: to be compared, or to be carried no more."""

    remote: UUID
    carried: UUID


class ResyncContext(Input, frozen=True):
    """One that is to be brought into step; `removes_unknown`: of who never was a member here."""

    remote: UUID
    carried: UUID
    removes_unknown: bool = False


class RetryChanges(Input, frozen=True):
    """What was given up once more: one `change`, or all of the remote's."""

    remote: UUID
    change: UUID | None = None


def carry(details: CarryContext, *, by: Actor, now: datetime) -> Result:
    """Carry a context."""
    remote_contexts.carry(
        link_id=details.carried,
        remote_id=details.remote,
        context=details.context,
        context_there=details.context_there,
        by=by,
        now=now,
    )
    return _carried(details)


def drop(details: TheCarried, *, by: Actor, now: datetime) -> Result:
    """Carry it no more."""
    remote_contexts.drop(remote_id=details.remote, link_id=details.carried, by=by, now=now)
    return {"carried": {"id": str(details.carried)}}


def check(details: TheCarried, *, by: Actor, now: datetime) -> Result:
    """Have it compared."""
    remote_contexts.check(remote_id=details.remote, link_id=details.carried, by=by, now=now)
    return _carried(details)


def resync(details: ResyncContext, *, by: Actor, now: datetime) -> Result:
    """Have it brought into step."""
    remote_contexts.resync(
        remote_id=details.remote,
        link_id=details.carried,
        removes_unknown=details.removes_unknown,
        by=by,
        now=now,
    )
    return _carried(details)


def retry(details: RetryChanges, *, by: Actor, now: datetime) -> Result:
    """Try again."""
    count = remote_contexts.retry(
        remote_id=details.remote, change_id=details.change, by=by, now=now
    )
    return {"remote": {"id": str(details.remote)}, "retried": count}


def _carried(details: CarryContext | TheCarried | ResyncContext) -> Result:
    return {"carried": rows.described(queries.carried(details.remote, details.carried))}


def _carried_place(details: CarryContext) -> Mapping[str, Any]:
    return {"host": host_of(queries.remote(details.remote).url), "changes_place": True}


def _ended(details: TheCarried) -> Mapping[str, Any]:
    return {"old_host": host_of(queries.remote(details.remote).url), "changes_place": True}


_CONTEXTS: Final = "/remotes/{remote}/contexts"
_CARRIED: Final = "/remotes/{remote}/contexts/{carried}"
_EDIT: Final = "remotes:edit"

registry.add(
    Command(
        name="remote.carry",
        action="add",
        resource=_CONTEXTS,
        permission=_EDIT,
        input=CarryContext,
        execute=carry,
        facts=_carried_place,
    ),
    Command(
        name="remote.drop",
        action="delete",
        resource=_CARRIED,
        permission=_EDIT,
        input=TheCarried,
        execute=drop,
        facts=_ended,
    ),
    Command(
        name="remote.check",
        action="add",
        resource=f"{_CARRIED}/checks",
        permission=_EDIT,
        input=TheCarried,
        execute=check,
        facts=same_place,
    ),
    Command(
        name="remote.resync",
        action="add",
        resource=f"{_CARRIED}/resyncs",
        permission=_EDIT,
        input=ResyncContext,
        execute=resync,
        facts=same_place,
    ),
    Command(
        name="remote.retry",
        action="add",
        resource="/remotes/{remote}/retries",
        permission=_EDIT,
        input=RetryChanges,
        execute=retry,
        facts=same_place,
    ),
)
