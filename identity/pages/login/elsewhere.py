"""Where else somebody is signed in, as the page of who is signed in shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from identity.pages.login.visit import Visit
from identity.paging import After
from identity.scoping.session_doors import SessionDoor
from identity.web import user_agent
from sessions_app import queries
from sessions_app.queries import applications

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
