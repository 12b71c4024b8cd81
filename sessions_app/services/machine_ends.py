"""How machine sessions end: by staff, with a connection, with a key, or with its old secret."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from identity.actor import Actor
from identity.scoping import current
from identity.services import audit
from sessions_app.models import MachineSession


def end(*, session_id: UUID, reason: str, by: Actor, now: datetime) -> bool:
    """End one session of the actor's scope; whether it was still going on."""
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        chosen = MachineSession.objects.filter(id=session_id)
        if not all_of(chosen, reason, now=now):
            return False
        subject = ("machine-session", str(session_id))
        _record(subject, by=by, now=now, facts={"reason": reason})
    return True


def end_all_of(api_key_id: UUID, *, reason: str, by: Actor, now: datetime) -> int:
    """End every session of a key; how many were going on."""
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        ended = all_of(MachineSession.objects.filter(api_key_id=api_key_id), reason, now=now)
        if ended:
            facts = {"reason": reason, "count": ended}
            _record(("api-key", str(api_key_id)), by=by, now=now, facts=facts)
    return ended


def end_of_connection(connection: str, *, by: Actor, now: datetime) -> int:
    """End the sessions that were bound to a connection which is closed; how many went on."""
    if not connection:
        raise ValueError("a connection has an id")
    with current.in_scope(by.scope_id), transaction.atomic(), audit.gathered():
        rows = MachineSession.objects.filter(connection=connection)
        ended = all_of(rows, "connection-closed", now=now)
        if ended:
            facts = {"reason": "connection-closed", "count": ended}
            _record(("connection", connection), by=by, now=now, facts=facts)
    return ended


def all_of(chosen: QuerySet[MachineSession], reason: str, *, now: datetime) -> int:
    """End those of these that go on, without a word; how many those were."""
    going_on = chosen.filter(status=MachineSession.Status.ACTIVE)
    return going_on.update(
        status=MachineSession.Status.ENDED, ended_at=now, ended_reason=reason[:32]
    )


def _record(subject: tuple[str, str], *, by: Actor, now: datetime, facts: dict[str, Any]) -> None:
    audit.record("machine-session.ended", by=by, subject=subject, now=now, facts=facts)
