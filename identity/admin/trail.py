"""The audit trail that stands on the page of each object."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse

from accounts.models import User
from identity import queries
from identity.actor import Actor
from identity.paging import MOST_ROWS, After
from identity.queries import AuditRow

SHOWN: Final = 20
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)[\d:.+Z]*")
_LONG_ID: Final = re.compile(r"[0-9a-f-]{32,}")
_KINDS: Final[Mapping[str, str]] = {
    "device": "with a device",
    "developer": "by a developer's word",
    "registry": "as a registry",
    "invitation": "with an invitation",
    "staff": "in the admin",
    "system": "the platform",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One event as `components/timeline.html` shows it."""

    name: str
    at: datetime
    who: str
    about: str
    url: str
    is_alarm: bool


@dataclass(frozen=True, slots=True)
class Trail:
    """The latest events about an object, the newest first, and where all of them are."""

    events: Sequence[Event]
    url: str
    is_cut: bool


def of(kind: str, subject_id: str, *, by: Actor) -> Trail | None:
    """The trail of one subject; None for who may not read the audit record."""
    if not by.may("audit:list"):
        return None
    about = {"subject_kind": kind, "subject_id": subject_id}
    found = queries.audit_window(After(limit=SHOWN, filters=about))
    return Trail(
        events=events(found.rows),
        url=_all(subject_id),
        is_cut=found.next is not None,
    )


def within(kind: str, subject_id: str, part: Mapping[str, str], *, by: Actor) -> Trail | None:
    """The trail of a part of a subject, which its events name: those among the latest ones.

    None where there is none, and for who may not read the audit record.
    """
    if not by.may("audit:list"):
        return None
    about = {"subject_kind": kind, "subject_id": subject_id}
    found = queries.audit_window(After(limit=MOST_ROWS, filters=about))
    rows = [row for row in found.rows if part.items() <= row.facts.items()][:SHOWN]
    if not rows:
        return None
    return Trail(events=events(rows), url=_all(subject_id), is_cut=False)


def _all(subject_id: str) -> str:
    return f"{reverse('admin:identity_auditevent_changelist')}?{urlencode({'q': subject_id})}"


def events(rows: Sequence[AuditRow]) -> Sequence[Event]:
    """Audit events in few words; one look-up names everybody who acted."""
    names = names_of(row.actor for row in rows)
    return [
        Event(
            name=row.name,
            at=row.at,
            who=who(row.actor, names),
            about=_about(row.facts),
            url="",
            is_alarm=row.facts.get("alarm") is True,
        )
        for row in rows
    ]


def names_of(actors: Iterable[Mapping[str, str]]) -> Mapping[str, str]:
    """The user names of those who acted, by the ids that the audit record knows them by."""
    ids = {actor["user"] for actor in actors if "user" in actor}
    rows = User.objects.filter(public_id__in=ids) if ids else ()
    return {str(row.public_id): row.username for row in rows}


def who(actor: Mapping[str, str], names: Mapping[str, str]) -> str:
    """Who did it, in words: the name where there is one, and how it was proved."""
    kind = _KINDS.get(actor.get("kind", ""), actor.get("kind", "nobody"))
    user = actor.get("user", "")
    return f"{names.get(user, user)}, {kind}" if user else kind


def _about(facts: Mapping[str, Any]) -> str:
    shown = [
        _said(name, value)
        for name, value in facts.items()
        if name != "alarm" and isinstance(value, str | int) and not _is_long(str(value))
    ]
    return ", ".join(shown)[:160]


def _said(name: str, value: str | int) -> str:
    word = name.replace("_", " ")
    if isinstance(value, bool):
        state = word.removeprefix("is ")
        return state if value else f"not {state}"
    return f"{word} {_to_the_minute(str(value))}"


def _to_the_minute(value: str) -> str:
    return _MOMENT.sub(r"\1 \2", value)


def _is_long(value: str) -> bool:
    # Ids and digests say nothing to a reader; the page of the event has them.
    return not value or _LONG_ID.fullmatch(value) is not None
