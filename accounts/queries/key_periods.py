"""Which keys members of contexts had when, and which of them was valid at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.context_errors import MemberMissing
from accounts.models import ContextMember, User
from identity import paging
from identity.paging import After, Window
from identity.scoping import keyset


@dataclass(frozen=True, slots=True)
class Period:
    """That a member had a key from `valid_from` on, up to and without `valid_until`."""

    id: UUID
    public_key: str
    valid_from: datetime
    valid_until: datetime | None
    ended_reason: str
    proven_at: datetime | None


def periods(
    context_id: UUID,
    member_id: str,
    after: After,
    *,
    public_key: str | None = None,
    at: datetime | None = None,
) -> Window[Period]:
    """Which keys a user id had in a context, the newest first unless asked otherwise.

    With `at` the one that was valid then, if any was; with `public_key` that key alone. While an
    account is shut out, its pair is not valid from its expiry on, or from the change that shut it
    out or a later one of the account; what was before stays valid. Raises `MemberMissing` for a
    user id that never had any.
    """
    rows = ContextMember.objects.filter(context_id=context_id, member_id=member_id)
    found, more = _of_periods(rows, after, public_key=public_key, at=at)
    # In the order of the index, so that it is one look at it however many there were.
    if not found and not rows.order_by("created_at").values_list("id")[:1]:
        raise MemberMissing
    return Window([_period(row) for row in found], more)


def _of_periods(
    rows: "QuerySet[ContextMember]", after: After, *, public_key: str | None, at: datetime | None
) -> tuple[Sequence[ContextMember], str | None]:
    if at is not None:
        # A user id has one key at a time: it is the newest of those that it had by then, or none.
        newest = rows.filter(created_at__lte=at).order_by("-created_at", "-position")[:1]
        rows = ContextMember.objects.filter(
            Q(ended_at__isnull=True) | Q(ended_at__gt=at),
            _could_act(at),
            id__in=list(newest.values_list("id", flat=True)),
        )
    if public_key is not None:
        if not paging.is_usable(public_key):
            return [], None
        rows = rows.filter(public_key=public_key)
    return keyset.window(rows, after)


def _could_act(at: datetime) -> Q:
    """Rows that are no account's, or one's that is not shut out since before this time."""
    was_in = ~Q(user__status=User.Status.DISABLED) | Q(user__updated_at__gt=at)
    had_time = Q(user__expires_at__isnull=True) | Q(user__expires_at__gt=at)
    return Q(user__isnull=True) | (was_in & had_time)


def _period(row: ContextMember) -> Period:
    return Period(
        id=row.id,
        public_key=row.public_key,
        valid_from=row.created_at,
        valid_until=row.ended_at,
        ended_reason=row.ended_reason,
        proven_at=row.proven_at,
    )
