"""What readers see of remotes: the links, the contexts that are carried, and what is on its way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Context, Remote, RemoteChange, RemoteContext
from accounts.queries import listing
from identity import errors
from identity.paging import After, Window

STATES: Final = tuple(RemoteChange.State.values)
MOST_COUNTED: Final = 1000
"""Up to so many changes are counted: there may be very many."""


@dataclass(frozen=True, slots=True)
class RemoteRow:
    """A remote. Its secret is never shown. `reason` says why it is paused: by-hand or failing.

    While `failures` (in a row) are above zero it rests until `rests_until`. `waiting` and
    `given_up` are changes, counted up to a thousand.
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


@dataclass(frozen=True, slots=True)
class CarriedRow:
    """A context that is carried. `context_there` is empty until it was made there.

    `drift` is the latest comparison, made at `checked_at`: members `here` and `there`, how many are
    `missing`, `extra`, `unknown`, or have an `other_key` or `other_acl`, and up to a hundred
    `differences`.
    """

    id: UUID
    remote: UUID
    context: str
    name: str
    context_there: str
    members: int
    waiting: int
    given_up: int
    checked_at: datetime | None
    drift: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """Something on its way, or that was carried in the last month. `kind` is what it is about.

    `member` is empty unless it is about one. `attempts` are tries that the change itself used up.
    """

    id: UUID
    remote: UUID
    carried: UUID
    context: str
    kind: str
    member: str
    why: str
    state: str
    attempts: int
    next_attempt_at: datetime
    last_error: str
    created_at: datetime
    ended_at: datetime | None


def all_remotes() -> Sequence[RemoteRow]:
    """The remotes of the scope in force by name: there are few."""
    return [_remote(row) for row in Remote.objects.order_by("name")]


def remote(remote_id: UUID) -> RemoteRow:
    """One remote. Raises Missing."""
    return _remote(_found(remote_id))


def carried_by(remote_id: UUID) -> Sequence[CarriedRow]:
    """The contexts that are carried to a remote, by name. Raises Missing."""
    _found(remote_id)
    rows = RemoteContext.objects.select_related("context").filter(remote_id=remote_id)
    return [_carried(row) for row in rows.order_by("context__name", "id")[:MOST_COUNTED]]


def carried(remote_id: UUID, link_id: UUID) -> CarriedRow:
    """One of them. Raises Missing."""
    return _carried(_found_link(link_id, remote_id=remote_id))


def contexts_to_carry(remote_id: UUID) -> Sequence[tuple[str, str]]:
    """Id and name of contexts that are not carried to this remote, by name, up to a thousand."""
    rows = Context.objects.exclude(remotes__remote_id=remote_id).order_by("name", "id")
    found = rows.values_list("public_id", "name")[:MOST_COUNTED]
    return [
        (public_id, f"{name} ({public_id})" if name else public_id) for public_id, name in found
    ]


def changes_window(remote_id: UUID, after: After) -> Window[ChangeRow]:
    """Changes of a remote behind a cursor; filters `state`, `member`. Raises Missing, Invalid."""
    _found(remote_id)
    return listing.windowed(
        RemoteChange.objects.filter(remote_id=remote_id),
        after,
        filters={"state": listing.by_word("state", STATES), "member": listing.by_text("member")},
        read=_changes,
    )


def change(remote_id: UUID, change_id: UUID) -> ChangeRow:
    """One change of a remote. Raises Missing."""
    rows = list(RemoteChange.objects.filter(id=change_id, remote_id=remote_id))
    if not rows:
        raise errors.Missing("There is no such change.")
    return _changes(rows)[0]


def _remote(row: Remote) -> RemoteRow:
    changes = RemoteChange.objects.filter(remote_id=row.id)
    return RemoteRow(
        id=row.id,
        name=row.name,
        url=row.url,
        api_key_id=row.api_key_id,
        solution_there=row.solution_there,
        status=row.status,
        reason=row.reason,
        version=row.version,
        failures=row.failures,
        failing_since=row.failing_since,
        rests_until=row.rests_until,
        last_error=row.last_error,
        carried_at=row.carried_at,
        contexts=RemoteContext.objects.filter(remote_id=row.id).count(),
        waiting=_counted(changes.filter(state=RemoteChange.State.PENDING)),
        given_up=_counted(changes.filter(state=RemoteChange.State.FAILED)),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _carried(row: RemoteContext) -> CarriedRow:
    changes = RemoteChange.objects.filter(link_id=row.id)
    return CarriedRow(
        id=row.id,
        remote=row.remote_id,
        context=row.context.public_id,
        name=row.context.name,
        context_there=row.context_there,
        members=row.context.member_count,
        waiting=_counted(changes.filter(state=RemoteChange.State.PENDING)),
        given_up=_counted(changes.filter(state=RemoteChange.State.FAILED)),
        checked_at=row.checked_at,
        drift=row.drift,
        created_at=row.created_at,
    )


def _changes(rows: Sequence[RemoteChange]) -> Sequence[ChangeRow]:
    links = RemoteContext.objects.filter(id__in={row.link_id for row in rows})
    named = dict(links.values_list("id", "context__public_id"))
    return [
        ChangeRow(
            id=row.id,
            remote=row.remote_id,
            carried=row.link_id,
            context=named.get(row.link_id, ""),
            kind=row.kind,
            member=row.member,
            why=row.why,
            state=row.state,
            attempts=row.attempts,
            next_attempt_at=row.next_attempt_at,
            last_error=row.last_error,
            created_at=row.created_at,
            ended_at=row.ended_at,
        )
        for row in rows
    ]


def _counted(rows: "QuerySet[RemoteChange]") -> int:
    return rows.order_by()[:MOST_COUNTED].count()


def _found(remote_id: UUID) -> Remote:
    remote = Remote.objects.filter(id=remote_id).first()
    if remote is None:
        raise errors.Missing("There is no such remote.")
    return remote


def _found_link(link_id: UUID, *, remote_id: UUID) -> RemoteContext:
    rows = RemoteContext.objects.select_related("remote", "context")
    link = rows.filter(id=link_id, remote_id=remote_id).first()
    if link is None:
        raise errors.Missing("This context is not carried.")
    return link
