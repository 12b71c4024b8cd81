"""Contexts that are carried to remotes: begun, compared, brought into step, retried, ended."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import Remote, RemoteChange, RemoteContext
from accounts.services import contexts, member_changes, remotes, writing
from accounts.services.remote_records import record
from identity import errors
from identity.actor import Actor

MOST_RETRIED: Final = 10_000
_LONGEST_ID: Final = 128
ChangeKind = RemoteChange.Kind
State = RemoteChange.State


def carry(
    *,
    link_id: UUID,
    remote_id: UUID,
    context: str,
    context_there: str = "",
    by: Actor,
    now: datetime,
) -> RemoteContext:
    """Carry a context with all its members from now on; the same call again gives the same link.

    Without an id of a context there, one is made there by whoever carries. Raises Missing,
    OutsideLimits, Invalid, Conflict where this context, or that one there, is carried already.
    """
    there = _there(context_there)
    remotes.require_whole(by)
    with writing.of(by):
        remote = remotes.locked(remote_id)
        row = contexts.locked(context, by=by)
        earlier = RemoteContext.objects.filter(id=link_id).first()
        if earlier is not None:
            is_same = earlier.remote_id == remote_id and earlier.context_id == row.id
            if is_same and there in {"", earlier.context_there}:
                return earlier
            raise errors.Conflict("Another link has this id.")
        link = RemoteContext(
            id=link_id,
            scope_id=by.scope_id,
            remote=remote,
            context=row,
            context_there=there,
            created_at=now,
            created_by=by.user_id,
        )
        _insert(link)
        if not there:
            member_changes.queue(link.id, "make it there", kind=ChangeKind.CONTEXT, now=now)
        member_changes.queue(link.id, "begin", kind=ChangeKind.RESYNC, now=now)
        _record("remote.context-carried", link, by=by, now=now)
    return link


def drop(*, remote_id: UUID, link_id: UUID, by: Actor, now: datetime) -> None:
    """Carry this context no more, also not what waits. What is there stays. Raises Missing."""
    remotes.require_whole(by)
    with writing.of(by):
        link = _locked(link_id, remote_id)
        waiting = RemoteChange.objects.filter(link_id=link_id, state=State.PENDING)
        dropped, _ = waiting.delete()
        RemoteChange.objects.filter(link_id=link_id).delete()
        _record("remote.context-dropped", link, by=by, now=now, dropped_changes=dropped)
        link.delete()


def check(*, remote_id: UUID, link_id: UUID, by: Actor, now: datetime) -> RemoteContext:
    """Have both sides compared. Raises Missing, RemotePaused."""
    return _asked(remote_id, link_id, ChangeKind.CHECK, by=by, now=now)


def resync(
    *,
    remote_id: UUID,
    link_id: UUID,
    removes_unknown: bool = False,
    by: Actor,
    now: datetime,
) -> RemoteContext:
    """Have both sides compared, and the remote brought into step with this one.

    Members there who never were members here stay, unless `removes_unknown`. Raises Missing,
    RemotePaused.
    """
    kind = ChangeKind.RESYNC_EXTRA if removes_unknown else ChangeKind.RESYNC
    return _asked(remote_id, link_id, kind, by=by, now=now)


def retry(*, remote_id: UUID, change_id: UUID | None = None, by: Actor, now: datetime) -> int:
    """Try again what was given up: one change, or all of a remote's; how many those are.

    At most ten thousand at once. Raises Missing.
    """
    remotes.require_whole(by)
    with writing.of(by):
        remote = remotes.locked(remote_id)
        rows = RemoteChange.objects.filter(remote_id=remote_id, state=State.FAILED)
        if change_id is not None:
            rows = rows.filter(id=change_id)
        chosen = list(rows.order_by("created_at", "id").values_list("id", flat=True)[:MOST_RETRIED])
        if change_id is not None and not chosen:
            raise errors.Missing("There is no such change that was given up.")
        count = 0
        for start in range(0, len(chosen), 500):
            batch = RemoteChange.objects.filter(id__in=chosen[start : start + 500])
            count += batch.update(
                state=State.PENDING, attempts=0, next_attempt_at=now, ended_at=None
            )
        record("remote.retried", remote, by=by, now=now, facts={"changes": count})
    return count


def _asked(remote_id: UUID, link_id: UUID, kind: str, *, by: Actor, now: datetime) -> RemoteContext:
    remotes.require_whole(by)
    with writing.of(by):
        link = _locked(link_id, remote_id)
        if link.remote.status != Remote.Status.ACTIVE:
            raise remotes.RemotePaused
        waiting = RemoteChange.objects.filter(link_id=link_id, kind=kind, state=State.PENDING)
        # Who asks twice gets one.
        if not waiting.exists():
            member_changes.queue(link_id, "asked for", kind=kind, now=now)
            name = "check-asked" if kind == ChangeKind.CHECK else "resync-asked"
            _record(f"remote.{name}", link, by=by, now=now, kind=str(kind))
    return link


def _locked(link_id: UUID, remote_id: UUID) -> RemoteContext:
    rows = RemoteContext.objects.select_for_update(of=("self",))
    found = rows.select_related("remote", "context").filter(id=link_id, remote_id=remote_id)
    link = found.first()
    if link is None:
        raise errors.Missing("This context is not carried.")
    return link


def _there(text: str) -> str:
    there = text.strip()
    if len(there) > _LONGEST_ID or not (there == "" or there.isprintable()):
        raise errors.Invalid(
            f"context_there is one line of at most {_LONGEST_ID} characters.",
            field="context_there",
        )
    return there


def _insert(link: RemoteContext) -> None:
    try:
        with transaction.atomic():
            link.save(force_insert=True)
    except IntegrityError:
        raise errors.Conflict("This context is carried there already.") from None


def _record(name: str, link: RemoteContext, *, by: Actor, now: datetime, **facts: Any) -> None:
    told = {"context": link.context.public_id, "context_there": link.context_there, **facts}
    record(name, link.remote, by=by, now=now, facts=told)
