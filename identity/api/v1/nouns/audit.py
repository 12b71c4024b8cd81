"""The audit record: events in a hash chain that the scope signs."""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from identity import queries as ground
from identity.api.v1 import route, shapes
from identity.api.v1.route import Asked, Reply
from identity.api.v1.shapes import Newest, Shown
from identity.paging import After, Window
from identity.services import audit_inclusion, audit_trail


class AuditEvent(Shown, frozen=True):
    """One event; `digest` is its link in the chain."""

    sequence: int
    at: datetime
    name: str
    actor: Mapping[str, Any]
    subject_kind: str
    subject_id: str
    facts: Mapping[str, Any]
    digest: str


class Head(Shown, frozen=True):
    """The end of the chain, and up to where a signature covers it."""

    scope_id: UUID
    sequence: int
    digest: str
    signed_sequence: int
    signed_at: datetime | None


class Link(Shown, frozen=True):
    """One event as it was hashed; `at` in microseconds since the epoch."""

    seq: int
    at: int
    name: str
    actor: Mapping[str, Any]
    subject_kind: str
    subject_id: str
    facts: Mapping[str, Any]
    previous: str


class Inclusion(Shown, frozen=True):
    """The event, all later ones up to a signed head, and that head: a COSE_Sign1 in base64."""

    scope: UUID
    events: Sequence[Link]
    head: str


_PLAIN: Final = [name for name in Link.__struct_fields__ if name != "previous"]


class AuditFilters(Newest, frozen=True):
    """Which events; `begin` and `end` (excluded) are times, with a zone."""

    name: str | None = None
    name_begins: str | None = None
    subject_kind: str | None = None
    subject_id: str | None = None
    user: UUID | None = None
    begin: datetime | None = None
    end: datetime | None = None
    alarm: bool | None = None


@route.listing("/audit", "audit:list", "audit_list", "Events", of=AuditEvent, query=AuditFilters)
def events(asked: Asked, after: After) -> Window[Any]:
    """Events in the order of the chain, or of times where a time is asked for."""
    del asked
    words = {"begin": "from", "end": "to"}
    filters = {
        words.get(name, name): str(value) if isinstance(value, UUID) else value
        for name, value in after.filters.items()
    }
    return ground.audit_window(After(after.limit, after.after, after.is_descending, filters))


@route.read("/audit/{event}", "audit:get", "audit_get", "An event", shows=AuditEvent)
def event(asked: Asked) -> AuditEvent:
    """One event by its place in the chain."""
    shown: AuditEvent = shapes.of_row(AuditEvent, ground.audit_event(asked.ids["event"]))
    return shown


@route.read("/audit/head", "audit:get", "audit_head", "The end of the chain", shows=Head)
def head(asked: Asked) -> Head:
    """Note it down elsewhere, and compare later."""
    del asked
    shown: Head = shapes.of_row(Head, audit_trail.end())
    return shown


@route.act(
    "GET",
    "/audit/export",
    "audit:list",
    "audit_export",
    "The whole record for an auditor",
    is_streamed=True,
    media_type="application/jsonl",
)
def export(asked: Asked) -> Reply:
    """Lines that `audit_chain.py` verifies without this server; the end is signed first.

    The record tells who took it, in the export's own last lines.
    """
    audit_trail.record_export(by=asked.caller.actor, now=asked.now)
    lines = audit_trail.export_parts(scope_id=asked.caller.actor.scope_id, now=asked.now)
    headers = {
        "Content-Type": "application/jsonl",
        "Content-Disposition": 'attachment; filename="audit.jsonl"',
    }
    return Reply(lines, headers=headers)


@route.act(
    "GET",
    "/audit/{event}/inclusion",
    "audit:get",
    "audit_inclusion",
    "The proof that an event is in the chain",
    shows=Inclusion,
)
def inclusion(asked: Asked) -> Inclusion:
    """What `identity.crypto.audit_inclusion` verifies without this server."""
    proof = audit_inclusion.prove(sequence=asked.ids["event"], now=asked.now)
    links = [
        Link(**{name: getattr(each, name) for name in _PLAIN}, previous=each.previous.hex())
        for each in proof.events
    ]
    return Inclusion(scope=proof.scope, events=links, head=base64.b64encode(proof.head).decode())


ROUTES: Final = (events, head, export, event, inclusion)
