"""Reads about invitations."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery

from accounts.models import User
from identity import errors
from identity.models import SentMail
from identity.paging import After, Listed, Page, Window
from identity.scoping import keyset
from invitations.models import Invitation
from invitations.rows import InvitationRow

EXPIRED = "expired"


def invitation(invitation_id: UUID, *, now: datetime) -> InvitationRow:
    """One invitation. Raises `Missing`."""
    row = told().filter(id=invitation_id).first()
    if row is None:
        raise errors.Missing("There is no such invitation.")
    return _invitation(row, now)


def invitations(page: Page, *, now: datetime) -> Listed[InvitationRow]:
    """Invitations by time of making; filters `state` and `user`."""
    rows = told()
    if "user" in page.filters:
        rows = rows.filter(user__public_id=page.filters["user"])
    if "state" in page.filters:
        rows = rows.filter(_in_state(page.filters["state"], now))
    direction = "-" if page.is_descending else ""
    ordered = rows.order_by(f"{direction}created_at", f"{direction}id")
    shown = ordered[page.offset : page.offset + page.limit]
    return Listed([_invitation(row, now) for row in shown], rows.count())


def invitations_window(after: After, *, now: datetime) -> Window[InvitationRow]:
    """Invitations by time of making; filters `state` and `user`. Raises `Invalid`."""
    rows = told()
    for name, value in after.filters.items():
        rows = _narrowed(rows, name, value, now=now)
    shown, following = keyset.window(rows, after)
    return Window([_invitation(row, now) for row in shown], following)


def _narrowed(rows: "QuerySet[Any]", name: str, value: Any, *, now: datetime) -> "QuerySet[Any]":
    if name == "state" and value in {EXPIRED, *Invitation.State.values}:
        return rows.filter(_in_state(value, now))
    if name == "user":
        return rows.filter(user__public_id=_identifier(value))
    raise errors.Invalid(f"There is no filter {name!r} here, or not with this value.")


def _identifier(value: Any) -> UUID:
    try:
        return value if isinstance(value, UUID) else UUID(value)
    except (ValueError, AttributeError, TypeError):
        raise errors.Invalid("This filter is an id.") from None


def told() -> "QuerySet[Any]":
    """Invitations with their users, as `maker` the name of who issued them, `mail` its state."""
    makers = User.objects.filter(id=OuterRef("invited_by")).values("username")
    mails = SentMail.objects.filter(about=OuterRef("id"))
    newest = mails.order_by("-queued_at", "-id").values("state")[:1]
    return Invitation.objects.select_related("user").annotate(
        maker=Subquery(makers[:1]), mail=Subquery(newest)
    )


def _invitation(row: Any, now: datetime) -> InvitationRow:
    return InvitationRow(
        id=row.id,
        user=row.user.public_id,
        username=row.user.username,
        state=row.state_at(now),
        created_at=row.created_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
        device=row.device_id,
        proposal=row.proposal_id,
        is_alarmed=row.alarmed_at is not None,
        invited_by=row.maker or ("operator" if row.invited_by else "system"),
        ended_at=row.ended_at,
        mail=row.mail or "",
    )


def _in_state(state: str, now: datetime) -> Q:
    if state == EXPIRED:
        return Q(state=Invitation.State.OPEN, expires_at__lte=now)
    if state == Invitation.State.OPEN:
        return Q(state=state, expires_at__gt=now)
    return Q(state=state)
