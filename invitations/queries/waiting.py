"""Which proposals wait for somebody: pending, not voted on yet, and this person may decide them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts import electors
from identity import queries as ground
from identity.actor import Actor
from identity.paging import MOST_ROWS, After
from identity.scoping import keyset
from identity.services import scopes
from invitations.models import Proposal, Vote
from invitations.services import standing

MOST_EXAMINED: Final = 500
"""Pending proposals that one question looks at, the newest ones."""
FRESH: Final = timedelta(minutes=1)
MOST_REMEMBERED: Final = 10_000
_counts: Final[dict[tuple[UUID, UUID], tuple[int, datetime, int]]] = {}
_OF_A_QUESTION: Final = ("id", "actor", "proposer_id", "created_at", "strict_standing")


def in_state(state: str, now: datetime) -> Q:
    """The condition for the state that a reader sees: expiry is judged when read."""
    if state == Proposal.State.EXPIRED:
        return Q(state=state) | Q(state=Proposal.State.PENDING, expires_at__lte=now)
    if state == Proposal.State.PENDING:
        return Q(state=state, expires_at__gt=now)
    return Q(state=state)


def for_actor(by: Actor, rows: "QuerySet[Proposal]", *, now: datetime) -> list[UUID]:
    """The ids of those of these proposals that wait for the actor, the newest first."""
    newest = _open(rows, by, now).only(*_OF_A_QUESTION).order_by("-created_at", "-id")
    return [row.id for row in _decidable(list(newest[:MOST_EXAMINED]), by, now=now)]


def count(*, by: Actor, now: datetime) -> int:
    """How many proposals wait for the actor, of the newest 500 that are pending.

    For a badge on every page: counted anew when something happened in the scope, or after a
    minute, since proposals also end by the clock.
    """
    if by.user_id is None or by.is_operator or not by.may("proposals:approve"):
        return 0
    last = ground.audit_sequence()
    sequence, counted_at, known = _counts.get((by.scope_id, by.user_id), (-1, now, 0))
    if sequence == last and counted_at <= now < counted_at + FRESH:
        return known
    found = len(for_actor(by, Proposal.objects.all(), now=now))
    if len(_counts) >= MOST_REMEMBERED:
        _counts.clear()
    _counts[by.scope_id, by.user_id] = (last, now, found)
    return found


def window(
    rows: "QuerySet[Proposal]", after: After, *, by: Actor, now: datetime
) -> tuple[list[Proposal], str | None]:
    """The waiting ones behind a cursor; the cursor of the next ones stands behind what was seen."""
    keyset.require_bounds(after)
    examined, following = keyset.window(
        _open(rows, by, now), After(MOST_ROWS, after.after, after.is_descending)
    )
    shown = list(_decidable(examined, by, now=now))
    if len(shown) <= after.limit:
        return shown, following
    last = shown[after.limit - 1]
    return shown[: after.limit], keyset.cursor_of(last.created_at, last.id)


def _open(rows: "QuerySet[Proposal]", by: Actor, now: datetime) -> "QuerySet[Proposal]":
    if by.user_id is None or not by.may("proposals:approve"):
        return rows.none()
    mine = Vote.objects.filter(
        proposal_id=OuterRef("id"), user_id=by.user_id, retracted_at__isnull=True
    )
    return rows.filter(~Exists(mine), in_state(Proposal.State.PENDING, now))


def _decidable(rows: list[Proposal], by: Actor, *, now: datetime) -> Iterator[Proposal]:
    if not rows or by.user_id is None:
        return
    proposers = {row.proposer_id for row in rows if row.proposer_id is not None}
    electorate = electors.alone(by.user_id, beside=proposers, now=now)
    asked = scopes.settings().device_age_rule
    for row in rows:
        question = standing.question_of(row, is_device_age_asked=asked, now=now)
        found = standing.of_everybody(question, electorate)
        if found and not found[0].obstacle:
            yield row
