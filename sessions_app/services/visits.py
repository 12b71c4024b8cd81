"""Sessions of one browser: where tokens that another fetched are first used, and how they end."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from identity.actor import Actor
from identity.scoping.session_doors import SessionDoor
from identity.services import audit
from sessions_app.models import Session
from sessions_app.services import sessions
from sessions_app.services.sessions import Origin

SIGNED_OUT: Final = "signed-out"
Method = Session.Method


def begin(door: SessionDoor, *, origin: Origin, now: datetime) -> bool:
    """Note the browser that first uses a session begun by somebody else for it; once.

    A mark of last use, not an event of the record. The scope must be in force.
    """
    untouched = Session.objects.filter(id=door.session_id, user_agent="")
    return bool(
        untouched.update(
            user_agent=origin.user_agent[:512], address=origin.address, last_seen_at=now
        )
    )


def end(door: SessionDoor, *, visitor: str, by: Actor, now: datetime) -> int:
    """End a session and those that the same browser, by its label, has with the same audience.

    How many were going on. `visitor` is "" for the session alone.
    """
    chosen = {door.session_id}
    if visitor and visitor == door.visitor:
        mine = Session.objects.filter(user_id=door.user_id, status=Session.Status.ACTIVE)
        mine = mine.filter(visitor=visitor, audience=door.audience)
        chosen |= set(mine.values_list("id", flat=True))
    return _end(chosen, by=by, now=now)


def end_others(user_id: UUID, *, but: UUID, audience: str, by: Actor, now: datetime) -> int:
    """End the other sessions of a user, of one audience or, for "", of all; how many."""
    others = Session.objects.filter(user_id=user_id, status=Session.Status.ACTIVE).exclude(id=but)
    if audience:
        others = others.filter(audience=audience)
    return _end(set(others.values_list("id", flat=True)), by=by, now=now)


def _end(chosen: set[UUID], *, by: Actor, now: datetime) -> int:
    with transaction.atomic(), audit.gathered():
        return sum(
            sessions.end(session_id=each, reason=SIGNED_OUT, by=by, now=now)
            for each in sorted(chosen)
        )
