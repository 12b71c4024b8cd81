"""What faces and the admin read of the log of mail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from identity import errors
from identity.models import SentMail
from identity.paging import After, Window
from identity.scoping import keyset
from identity.scoping.keyset import Key

STATES: Final = frozenset(SentMail.State.values)
_BY_TIME: Final = Key("queued_at")


@dataclass(frozen=True, slots=True)
class MailRow:
    """One mail of the log. `fault` is the kind of the latest failure; `ended_at` when it left.

    `about` is the invitation that it is about, if it is about one.
    """

    id: UUID
    purpose: str
    template: str
    recipient: str
    about: UUID | None
    state: str
    tries: int
    fault: str
    queued_at: datetime
    ended_at: datetime | None


def mails_window(after: After) -> Window[MailRow]:
    """Mail of the scope in force behind a cursor, the newest first; filter `state`.

    Raises Invalid, CursorInvalid.
    """
    rows = SentMail.objects.filter(**_filters(after.filters)).defer("sealed_context")
    found, following = keyset.window(rows, after, _BY_TIME)
    return Window([_row(each) for each in found], following)


def mails_about(subject: UUID) -> Sequence[MailRow]:
    """The mails about one invitation of the scope in force, the newest first."""
    rows = SentMail.objects.filter(about=subject).defer("sealed_context")
    return [_row(each) for each in rows.order_by("-queued_at", "-id")]


def _filters(filters: Mapping[str, Any]) -> dict[str, str]:
    if set(filters) - {"state"} or not set(filters.values()) <= STATES:
        raise errors.Invalid(f"state is one of {', '.join(sorted(STATES))}.", field="state")
    return dict(filters)


def _row(row: SentMail) -> MailRow:
    return MailRow(
        id=row.id,
        purpose=row.purpose,
        template=row.template,
        recipient=row.recipient,
        about=row.about,
        state=row.state,
        tries=row.tries,
        fault=row.fault,
        queued_at=row.queued_at,
        ended_at=row.ended_at,
    )
