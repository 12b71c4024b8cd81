"""The log of mail: to whom, what for, and whether it left; never what it said."""

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from identity import mail_queries
from identity.api.v1 import route
from identity.api.v1.route import Asked
from identity.api.v1.shapes import Newest, Shown
from identity.paging import After, Window


class Mail(Shown, frozen=True):
    """One mail; `fault` is the kind of its latest failure. Kept for 90 days.

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


class MailFilters(Newest, frozen=True):
    """Which mail."""

    state: Literal["queued", "sent", "failed"] | None = None


@route.listing(
    "/mails",
    "mails:list",
    "mails_list",
    "Mail that the platform sent or is to send",
    of=Mail,
    query=MailFilters,
)
def mails(asked: Asked, after: After) -> Window[Any]:
    """The newest first."""
    del asked
    return mail_queries.mails_window(after)


ROUTES: Final = (mails,)
