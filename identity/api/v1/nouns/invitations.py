"""Invitations: offers to join with a one-time key, issued, looked at, revoked."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec

from identity.api.v1 import route, shapes
from identity.api.v1.route import Asked, Change
from identity.api.v1.shapes import Body, Newest, Shown
from identity.paging import After, Window
from invitations import queries as invitations


class Invitation(Shown, frozen=True):
    """An invitation without its secrets."""

    id: UUID
    user: UUID
    username: str
    state: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    device: UUID | None
    proposal: UUID | None
    is_alarmed: bool
    invited_by: str
    ended_at: datetime | None
    mail: Literal["", "queued", "sent", "failed"]


class Issued(Shown, frozen=True):
    """A new invitation with what its holder needs: shown this once and never again."""

    id: UUID
    user: UUID
    expires_at: datetime
    invite_string: str
    one_time_private_key: str
    temporary_device: UUID
    server_encryption_key: str
    server_signature_key: str


class Ended(Shown, frozen=True):
    """An invitation that was revoked."""

    id: UUID
    state: str


States = Literal["open", "pending", "used", "refused", "revoked", "locked", "expired"]


class InvitationFilters(Newest, frozen=True):
    """Which invitations."""

    state: States | None = None
    user: UUID | None = None


Minutes = Annotated[int, msgspec.Meta(ge=1, le=43_200)]


class NewInvitation(Body, frozen=True):
    """A new person; `user` is the id of the account to be, which the client may choose."""

    email: str
    user: UUID | None = None
    first_name: str = ""
    last_name: str = ""
    mobile: str = ""
    customer_id: str = ""
    life_minutes: Minutes | None = None
    mails_link: bool = False


class AnotherInvitation(Body, frozen=True):
    """A further invitation for the same person; older open ones end unless they are kept."""

    life_minutes: Minutes | None = None
    keeps_older: bool = False
    mails_link: bool = False


@route.listing(
    "/invitations",
    "invitations:list",
    "invitations_list",
    "Invitations",
    of=Invitation,
    query=InvitationFilters,
)
def offers(asked: Asked, after: After) -> Window[Any]:
    """Invitations by time of making."""
    return invitations.invitations_window(after, now=asked.now)


@route.read(
    "/invitations/{invitation}",
    "invitations:get",
    "invitations_get",
    "An invitation",
    shows=Invitation,
)
def offer(asked: Asked) -> Invitation:
    """One invitation."""
    row = invitations.invitation(asked.ids["invitation"], now=asked.now)
    shown: Invitation = shapes.of_row(Invitation, row)
    return shown


def _issued(result: Any) -> Issued:
    issued: Issued = shapes.of_result(Issued, {**result, "id": result["invitation"]})
    return issued


def _ended(result: Any) -> Ended:
    return Ended(id=UUID(result["invitation"]), state=result["state"])


ROUTES: Final = (
    offers,
    offer,
    route.change(
        "POST",
        "/invitations",
        "users:invite",
        "invitations_issue",
        "Invite a person",
        Change("user.invite", _issued, made="user", id_field="user", at="/invitations"),
        body=NewInvitation,
        shows=Issued,
    ),
    route.change(
        "POST",
        "/users/{user}/invitations",
        "devices:invite",
        "user_invitations_issue",
        "Invite a user once more, or for a further device",
        Change("device.invite", _issued, at="/invitations"),
        body=AnotherInvitation,
        shows=Issued,
    ),
    route.change(
        "DELETE",
        "/invitations/{invitation}",
        "invitations:delete",
        "invitations_revoke",
        "Revoke an invitation",
        Change("invitation.revoke", _ended),
        shows=Ended,
    ),
)
