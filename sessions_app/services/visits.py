"""Sessions of one browser: where tokens that another fetched are first used, and how they end."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from identity.actor import Actor
from identity.scoping.session_doors import SessionDoor
from identity.services import audit
from sessions_app.models import Session
from sessions_app.services import sessions
from sessions_app.services.sessions import Origin

SIGNED_OUT: Final = "signed-out"
BROWSER: Final = "browser"
"""In a session's data: the digest of the mark of the browser that it lives in."""
Method = Session.Method
_COLUMNS: Final = (
    *("id", "user_id", "audience", "visitor", "provider_name", "provider_id", "wallet_os"),
    *("role", "user_agent", "address", "data", "created_at", "last_seen_at", "expires_at"),
    "ended_at",
)


@dataclass(frozen=True, slots=True)
class Visit:
    """A session as its owner sees it."""

    id: UUID
    user_id: UUID
    audience: str
    visitor: str
    provider_name: str
    provider_id: UUID | None
    wallet_os: str
    role: str
    user_agent: str
    address: str
    data: dict[str, Any]
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None

    @property
    def credential(self) -> str:
        """The role credential that its role comes from, if one does."""
        return str(self.data.get("role_credential", ""))

    def status(self, now: datetime) -> str:
        """Online, offline (signed out) or expired."""
        if self.ended_at is not None:
            return "offline"
        return "online" if self.expires_at > now else "expired"


def begin(door: SessionDoor, *, origin: Origin, browser: str, now: datetime) -> bool:
    """Note, once, the browser that first asks with a session, by its mark.

    Its name and address too, where somebody else fetched the tokens for it. A mark of last use,
    not an event of the record. The scope must be in force.
    """
    if BROWSER in door.data:
        return False
    values: dict[str, Any] = {"data": {**door.data, BROWSER: browser}, "last_seen_at": now}
    if not door.user_agent:
        values |= {"user_agent": origin.user_agent[:512], "address": origin.address}
    untouched = Session.objects.filter(id=door.session_id, status=Session.Status.ACTIVE)
    return bool(untouched.exclude(data__has_key=BROWSER).update(**values))


def in_browser(
    browser: str, *, visitor: str, user_agent: str, audience: str, now: datetime
) -> list[Visit]:
    """The sessions that go on in the browser with this mark, of users who may sign in."""
    going_on = Session.objects.filter(
        visitor=visitor,
        status=Session.Status.ACTIVE,
        expires_at__gt=now,
        user__status="active",
        audience=audience,
        user_agent=user_agent[:512],
    )
    return _read(going_on.filter(data__browser=browser).order_by("-last_seen_at", "-id")[:20])


def of_user(
    user_id: UUID,
    *,
    audience: str,
    is_going_on: bool | None,
    window: int,
    size: int,
    now: datetime,
) -> tuple[list[Visit], int]:
    """A page of one user's sessions of an audience, newest first, and how many there are."""
    rows = Session.objects.filter(user_id=user_id, audience=audience)
    if is_going_on is not None:
        active = Session.Status.ACTIVE
        rows = (
            rows.filter(status=active, expires_at__gt=now)
            if is_going_on
            else rows.exclude(status=active)
        )
    return _read(rows.order_by("-created_at", "-id")[window : window + size]), rows.count()


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


def _read(rows: "QuerySet[Session]") -> list[Visit]:
    return [Visit(*row) for row in rows.values_list(*_COLUMNS)]


def _end(chosen: set[UUID], *, by: Actor, now: datetime) -> int:
    with transaction.atomic(), audit.gathered():
        return sum(
            sessions.end(session_id=each, reason=SIGNED_OUT, by=by, now=now)
            for each in sorted(chosen)
        )
