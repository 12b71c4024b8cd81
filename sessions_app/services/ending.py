"""How a session ends: with a reason, on record, and what applications got from it with it."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from identity.actor import Actor
from identity.services import audit
from sessions_app.models import Session

BEGUN_FROM: Final = "begun_from"
"""In the data of an application's session: the browser's session that stood behind its code."""

REUSE: Final = "reuse"
"""The reason of a session that an alarm ended: a spent refresh token of it came again."""


def one(session_id: UUID, reason: str, *, by: Actor, now: datetime) -> bool:
    """End a session and what was begun from it; whether it was going on. In a transaction."""
    hold(_family(session_id))
    if not _end_one(session_id, reason, by=by, now=now):
        return False
    _end_begun_from(session_id, reason, by=by, now=now)
    return True


def all_of(going_on: QuerySet[Session], reason: str, *, now: datetime) -> int:
    """End sessions that go on, without a word; how many those were. In a transaction."""
    held = Session.objects.filter(id__in=hold(going_on), status=Session.Status.ACTIVE)
    return _end(held, reason, now=now)


def stolen(session: Session, serial: int, *, by: Actor, now: datetime) -> None:
    """A spent refresh token came again: an alarm, once. In a transaction."""
    hold(_family(session.id))
    if not _end(_going_on(session.id), REUSE, now=now):
        return
    facts = {"alarm": True, "serial": serial, "living": session.refresh_serial}
    record("session.refresh-reused", session.id, by=by, now=now, facts=facts)
    # Whoever had the browser's session may have got codes with it.
    _end_begun_from(session.id, REUSE, by=by, now=now)


def hand_over(before: UUID, after: Session) -> None:
    """What was begun from one session hangs on another one of the same user. In a transaction."""
    hold(_family(before))
    for begun in _begun_from(before).filter(user_id=after.user_id):
        begun.data[BEGUN_FROM] = str(after.id)
        begun.save(update_fields=["data"])


def hold(sessions: QuerySet[Session]) -> list[UUID]:
    """Lock sessions in the order of their ids, as everybody does who changes several; their ids.

    In a transaction. Two that took them in different orders could wait for each other until the
    database gives one of them up.
    """
    held = sessions.select_for_update(no_key=True).order_by("id")
    return list(held.values_list("id", flat=True))


def record(name: str, session_id: UUID, *, by: Actor, now: datetime, facts: dict[str, Any]) -> None:
    """One audit event about a session."""
    audit.record(name, by=by, subject=("session", str(session_id)), now=now, facts=facts)


def _family(session_id: UUID) -> QuerySet[Session]:
    """A session and what was begun from it, as far as they go on."""
    return _going_on(session_id) | _begun_from(session_id)


def _going_on(session_id: UUID) -> QuerySet[Session]:
    return Session.objects.filter(id=session_id, status=Session.Status.ACTIVE)


def _begun_from(session_id: UUID) -> QuerySet[Session]:
    owner = Session.objects.filter(id=session_id).values("user_id")[:1]
    mine = Session.objects.filter(user_id=owner, status=Session.Status.ACTIVE)
    return mine.filter(**{f"data__{BEGUN_FROM}": str(session_id)})


def _end(going_on: QuerySet[Session], reason: str, *, now: datetime) -> int:
    return going_on.update(status=Session.Status.ENDED, ended_at=now, ended_reason=reason[:32])


def _end_one(session_id: UUID, reason: str, *, by: Actor, now: datetime) -> bool:
    if not _end(_going_on(session_id), reason, now=now):
        return False
    record("session.ended", session_id, by=by, now=now, facts={"reason": reason})
    return True


def _end_begun_from(session_id: UUID, reason: str, *, by: Actor, now: datetime) -> None:
    for begun in _begun_from(session_id).order_by("id"):
        _end_one(begun.id, reason, by=by, now=now)
