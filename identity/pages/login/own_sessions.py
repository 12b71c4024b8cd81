"""Where somebody is signed in: shown, ended one by one or all at once, and the account locked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.http import HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect

from identity.errors import DomainError, Missing
from identity.pages.login import account, visit
from identity.pages.login.visit import Visit
from identity.paging import After
from identity.scoping.session_doors import SessionDoor
from identity.web import user_agent
from sessions_app import queries
from sessions_app.queries import applications
from sessions_app.services import locking, sessions

SHOWN: Final = 10
"""Sessions on one page."""
AFTER: Final = "sessions"
"""The parameter that asks for those behind one."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A session other than the one that looks at the page; `application` is empty for none."""

    id: UUID
    browser: str
    application: str
    address: str
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """A part of the own sessions; `next` is the cursor of the part behind."""

    others: Sequence[Elsewhere]
    next: str
    is_first: bool


def of(seen: Visit, door: SessionDoor) -> Shown:
    """The sessions of whoever looks that go on, but for this browser's own, the newest first.

    Raises CursorInvalid.
    """
    after = seen.http.GET.get(AFTER, "")
    own = {"user": door.user_public_id, "status": "active"}
    # One more, since this browser's own may be among them.
    found = queries.sessions_window(After(SHOWN + 1, after, filters=own), current=door.session_id)
    names = applications.names()
    others = [
        Elsewhere(
            row.id,
            user_agent.named(row.user_agent),
            names.get(row.audience, ""),
            row.address,
            row.last_seen_at,
        )
        for row in found.rows
        if not row.is_current and row.expires_at > seen.now
    ]
    return Shown(others, found.next or "", not after)


@visit.page
def end(seen: Visit) -> HttpResponse:
    """End one of the own sessions."""
    if seen.http.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    session = account.signed_in(seen)
    asked = account.id_in(seen.http.POST.get("session", ""))
    if not queries.is_session_of(asked, session.door.user_id):
        return account.shown(seen, refusal=Missing("There is no such session."))
    by = session.actor(seen.origin.address)
    sessions.end(session_id=asked, reason="signed-out", by=by, now=seen.now)
    return HttpResponseRedirect(f"{seen.issuer}/login#sessions")


@visit.page
def end_others(seen: Visit) -> HttpResponse:
    """End all of the own sessions but this browser's."""
    if seen.http.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    session = account.signed_in(seen)
    sessions.end_all_of(
        session.door.user_id,
        by=session.actor(seen.origin.address),
        now=seen.now,
        reason="ended-others",
        but=session.door.session_id,
    )
    return HttpResponseRedirect(f"{seen.issuer}/login#sessions")


@visit.page
def lock(seen: Visit) -> HttpResponse:
    """Lock the own account: at once and without a further proof, since time may matter."""
    if seen.http.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    session = account.signed_in(seen)
    by = session.actor(seen.origin.address)
    try:
        locking.lock(user_id=session.door.user_id, by=by, now=seen.now)
    except DomainError as refusal:
        return account.shown(seen, refusal=refusal)
    seen.live, seen.is_over = None, True
    return seen.shown("locked")
