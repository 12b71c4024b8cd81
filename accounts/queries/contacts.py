"""With whom a member of a context may establish communication.

A page costs the same in a context of a thousand members and in one of a million: it looks at a
stretch of them by index, whoever of these may be shown.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import models
from django.db.models import F, Q, QuerySet

from accounts import context_limits
from accounts.acl.functions import EVERY_KIND, Kind
from accounts.context_errors import ContextDisabled, ContextMissing, MemberMissing
from accounts.models import Context, ContextMember, User
from accounts.queries.privacy import hides
from identity import paging
from identity.actor import Actor
from identity.paging import After, CursorInvalid, Window
from identity.scoping import keyset, prepared
from identity.scoping.prepared import Prepared

STRETCH: Final = 2000
"""How many are looked at for one page, positions or staff: where few may be shown it is shorter."""
_FARTHEST: Final = 2**62
_LIVING: Final = Q(ended_at__isnull=True)
_COLUMNS: Final = (
    *("position", "member_id", "public_key", "is_staff", "proven_at", "created_at"),
    *("user__public_id", "user__profile__name", "user__profile__full_name"),
    "user__profile__privacy",
)


@dataclass(frozen=True, slots=True)
class Contact:
    """A member with whom another may communicate.

    `proven_at` tells when the key was proven to be held; None where whoever added the member
    vouched for it. `user` is the account here that it is, whose names are empty where it hides
    them.
    """

    member: str
    public_key: str
    is_staff: bool
    proven_at: datetime | None
    joined_at: datetime
    user: UUID | None
    name: str
    full_name: str


@dataclass(frozen=True, slots=True)
class Viewer:
    """The member who asks, and the rules of its context."""

    context: UUID
    member_id: str
    position: int
    starts: int
    is_staff: bool
    last_position: int
    status: str
    contacts: str
    account_status: str | None
    account_expires_at: datetime | None

    def may_act(self, now: datetime) -> bool:
        """Whether the account that the member is may act; a member without one does."""
        if self.account_status is None:
            return True
        has_ended = self.account_expires_at is not None and self.account_expires_at <= now
        return self.account_status == User.Status.ACTIVE and not has_ended

    @property
    def sees_staff_only(self) -> bool:
        """Whether nobody but staff is shown to this member."""
        return self.contacts == Context.Contacts.STAFF and not self.is_staff


def _viewer(context: Any) -> "QuerySet[ContextMember]":
    return ContextMember.objects.filter(
        _LIVING, context__in=Context.objects.filter(public_id=context).values("id")
    )


_VIEWER_COLUMNS: Final = (
    *("context_id", "member_id", "position", "starts", "is_staff"),
    *("context__last_position", "context__status", "context__contacts"),
    *("user__status", "user__expires_at"),
)
_BY_USER: Final = prepared.prepare(
    lambda context, user: _viewer(context).filter(user=user).values_list(*_VIEWER_COLUMNS),
    "context",
    "user",
)
_BY_ID: Final = prepared.prepare(
    lambda context, member: _viewer(context).filter(member_id=member).values_list(*_VIEWER_COLUMNS),
    "context",
    "member",
)


def _shown(**slots: Any) -> "QuerySet[ContextMember]":
    can_act = Q(user__isnull=True) | (
        Q(user__status=User.Status.ACTIVE)
        & (Q(user__expires_at__isnull=True) | Q(user__expires_at__gt=slots["now"]))
    )
    return (
        ContextMember.objects.alias(common=F("reach").bitand(slots["mask"]))
        .filter(
            _LIVING,
            can_act,
            context=slots["context"],
            position__gt=slots["after"],
            position__lte=slots["until"],
            common__gt=0,
        )
        .order_by("position")
    )


def _everybody(**slots: Any) -> "QuerySet[Any, Any]":
    return _shown(**slots).values_list(*_COLUMNS)[: paging.MOST_ROWS + 2]


def _staff(**slots: Any) -> "QuerySet[Any, Any]":
    return _shown(**slots).filter(is_staff=True).values_list(*_COLUMNS)[: paging.MOST_ROWS + 2]


_SLOTS: Final = ("context", "after", "until", "now")
_EVERYBODY: Final = prepared.prepare(_everybody, *_SLOTS, mask=models.SmallIntegerField())
_STAFF: Final = prepared.prepare(_staff, *_SLOTS, mask=models.SmallIntegerField())


@functools.cache
def _staff_ahead(number: int) -> Prepared:
    """The position of the staff that stands so many places further on; of staff there is an index.

    `number` is one of few.
    """

    def build(context: Any, after: Any) -> "QuerySet[Any, Any]":
        rows = ContextMember.objects.filter(
            _LIVING, context=context, is_staff=True, position__gt=after
        )
        return rows.order_by("position").values_list("position")[number - 1 : number]

    return prepared.prepare(build, "context", "after")


def viewer(context_id: str, *, by: Actor, member_id: str | None = None) -> Viewer | None:
    """The living member that the actor's account is, or the one that a program names."""
    if member_id is not None:
        row = _BY_ID.one(context=context_id, member=member_id)
    else:
        row = _BY_USER.one(context=context_id, user=by.user_id) if by.user_id else None
    return None if row is None else Viewer(*row)


def required_viewer(context_id: str, *, by: Actor, member_id: str | None) -> Viewer:
    """As `viewer`. Raises `ContextMissing`, `OutsideLimits`, `MemberMissing`."""
    require_context(context_id, by=by)
    if member_id is not None and not paging.is_usable(member_id):
        raise MemberMissing
    found = viewer(context_id, by=by, member_id=member_id)
    if found is None:
        raise MemberMissing
    return found


def require_context(context_id: str, *, by: Actor) -> Context:
    """The context, within the limits of the actor. Raises `ContextMissing`, `OutsideLimits`."""
    rows = Context.objects.select_related("solution")
    context = rows.filter(public_id=context_id).first()
    if context is None:
        raise ContextMissing
    context_limits.require_context(context_id, lambda: context_limits.solutions_of(context), by=by)
    return context


def window(seen_by: Viewer, kind: Kind | None, after: After, *, now: datetime) -> Window[Contact]:
    """With whom this member may begin a container of this kind, or of any; oldest members first.

    Those are the others who may take part in it, as both access lists say, whom the context lets
    this member see, and whose accounts may act: nobody for one whose own may not. A page may be
    shorter than asked for while there are more. Raises `ContextDisabled`, `CursorInvalid`.
    """
    if seen_by.status != Context.Status.ACTIVE:
        raise ContextDisabled
    keyset.require_bounds(after)
    begin = _place(after)
    mask = seen_by.starts & (EVERY_KIND if kind is None else kind)
    if not mask or not seen_by.may_act(now):
        return Window([], None)
    end = _end(seen_by, begin)
    query = _STAFF if seen_by.sees_staff_only else _EVERYBODY
    rows = query.rows(context=seen_by.context, after=begin, until=end, now=now, mask=int(mask))
    others = [row for row in rows if row[0] != seen_by.position]
    if len(others) > after.limit:
        others = others[: after.limit]
        return Window([_contact(row) for row in others], paging.cursor(others[-1][0]))
    more = paging.cursor(end) if end < seen_by.last_position else None
    return Window([_contact(row) for row in others], more)


def was_ever_staff(context_id: UUID, member_id: str) -> bool:
    """Whether a user id is staff of a context, or was when it had an earlier key."""
    rows = ContextMember.objects.filter(context_id=context_id, member_id=member_id)
    return rows.filter(is_staff=True).exists()


def _place(after: After) -> int:
    if not after.after:
        return 0
    (place,) = paging.position(after.after, tuple[int])
    if not 0 <= place < _FARTHEST:
        raise CursorInvalid
    return place


def _end(seen_by: Viewer, begin: int) -> int:
    """The position up to which this page looks."""
    if not seen_by.sees_staff_only:
        return min(begin + STRETCH, seen_by.last_position)
    found = _staff_ahead(STRETCH).one(context=seen_by.context, after=begin)
    return seen_by.last_position if found is None else int(found[0])


def _contact(row: Sequence[Any]) -> Contact:
    _, member, key, is_staff, proven_at, created_at, user, name, full_name, privacy = row
    settings: Mapping[str, Any] = privacy or {}
    return Contact(
        member=member,
        public_key=key,
        is_staff=is_staff,
        proven_at=proven_at,
        joined_at=created_at,
        user=user,
        name="" if hides(settings, "name", follows=False) else name or "",
        full_name="" if hides(settings, "fullName", follows=False) else full_name or "",
    )
