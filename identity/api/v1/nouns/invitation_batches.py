"""Invitations of many people at once: a dry run, then each line, then their links once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec

from identity.api.v1 import route, shapes
from identity.api.v1.nouns.invitations import Issued
from identity.api.v1.route import Asked
from identity.api.v1.shapes import Body, Shown
from invitations import batch_queries, bulk_lines
from invitations.services import bulk

Words = Annotated[Sequence[str], msgspec.Meta(max_length=20)]
Short = Annotated[str, msgspec.Meta(max_length=254)]


class Person(Body, frozen=True):
    """Whom a line invites; `roles` and `groups` are names and ids, `hours` 1 to 720."""

    email: Short
    first_name: Short = ""
    last_name: Short = ""
    mobile: Short = ""
    customer_id: Short = ""
    roles: Words = ()
    groups: Words = ()
    hours: Annotated[int, msgspec.Meta(ge=1, le=bulk_lines.MOST_HOURS)] | None = None


class NewBatch(Body, frozen=True):
    """A list of people, in the order of its lines. Nothing is done before it is confirmed."""

    lines: Annotated[Sequence[Person], msgspec.Meta(min_length=1, max_length=bulk_lines.MOST_LINES)]
    name: Annotated[str, msgspec.Meta(max_length=128)] = ""
    mails_links: bool = False


class Line(Shown, frozen=True):
    """One line: what the dry run foretold (`fate`, `reason`) and what became of it (`state`)."""

    number: int
    email: str
    state: str
    fate: str
    reason: str
    invitation: UUID | None
    proposal: UUID | None


class Batch(Shown, frozen=True):
    """A list with its lines. `is_checked`: the dry run has ended, so it may be confirmed."""

    id: UUID
    name: str
    state: str
    is_checked: bool
    created_at: datetime
    confirmed_at: datetime | None
    ended_at: datetime | None
    states: Mapping[str, int]
    fates: Mapping[str, int]
    to_take: int
    lines: Sequence[Line]


class Taken(Shown, frozen=True):
    """The invitations of a batch, secrets included: shown this once and never again."""

    invitations: Sequence[Issued]


@route.act(
    "POST",
    "/invitations/batches",
    "users:invite",
    "invitation_batches_check",
    "Keep a list of people and say what would become of each line",
    body=NewBatch,
    shows=Batch,
    status=201,
)
def check(asked: Asked) -> Batch:
    """A draft; its dry run is work for a task, so read it again until `is_checked`."""
    made = bulk.upload(
        lines=bulk_lines.entries(msgspec.to_builtins(asked.body.lines)),
        name=asked.body.name,
        mails_links=asked.body.mails_links,
        by=asked.caller.actor,
        now=asked.now,
    )
    return _shown(asked, made.id)


@route.read(
    "/invitations/batches/{batch}",
    "users:invite",
    "invitation_batches_get",
    "A list of people and what became of each line, for who sent it",
    shows=Batch,
)
def batch(asked: Asked) -> Batch:
    """One batch of the caller's own."""
    return _shown(asked, asked.ids["batch"])


@route.act(
    "POST",
    "/invitations/batches/{batch}/confirm",
    "users:invite",
    "invitation_batches_confirm",
    "Issue the invitations that the dry run showed",
    shows=Batch,
    is_dangerous=True,
)
def confirm(asked: Asked) -> Batch:
    """Once. A task does the lines, each in a transaction of its own."""
    bulk.confirm(batch_id=asked.ids["batch"], by=asked.caller.actor, now=asked.now)
    return _shown(asked, asked.ids["batch"])


@route.act(
    "POST",
    "/invitations/batches/{batch}/links",
    "users:invite",
    "invitation_batches_take",
    "Take the invitations of a batch, each of them once",
    shows=Taken,
    is_dangerous=True,
)
def take(asked: Asked) -> Taken:
    """What was not taken yet."""
    taken = bulk.take(batch_id=asked.ids["batch"], by=asked.caller.actor, now=asked.now)
    return Taken([_issued(item.result) for item in taken])


def _issued(result: Mapping[str, Any]) -> Issued:
    issued: Issued = shapes.of_result(Issued, {**result, "id": result["invitation"]})
    return issued


def _shown(asked: Asked, batch_id: UUID) -> Batch:
    by = asked.caller.actor
    row = batch_queries.batch(batch_id, by=by)
    lines = [
        Line(
            number=line.number,
            email=line.entry.email,
            state=line.state,
            fate=line.fate,
            reason=line.reason,
            invitation=line.invitation,
            proposal=line.proposal,
        )
        for line in batch_queries.lines(batch_id, by=by)
    ]
    return Batch(
        id=row.id,
        name=row.name,
        state=row.state,
        is_checked=row.is_checked,
        created_at=row.created_at.replace(microsecond=0),
        confirmed_at=row.confirmed_at and row.confirmed_at.replace(microsecond=0),
        ended_at=row.ended_at and row.ended_at.replace(microsecond=0),
        states=dict(row.states),
        fates={fate: count for fate, count in row.fates.items() if fate},
        to_take=row.to_take,
        lines=lines,
    )


ROUTES: Final = (check, batch, confirm, take)
