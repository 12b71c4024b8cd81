"""How members of a context stand here, and so how they should stand at a remote."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import ContextMember, RemoteChange, User
from accounts.services.remote_asking import Seen

BATCH: Final = 500
_WAITING: Final = Q(state=RemoteChange.State.PENDING, kind=RemoteChange.Kind.MEMBER)


def wanted(context_id: UUID, member: str, *, now: datetime) -> Seen | None:
    """How a member should stand there; None for one who should not be there.

    Whose account here is disabled, deleted or expired is nobody's member there meanwhile.
    """
    return wanted_of(context_id, [member], now=now).get(member)


def wanted_of(context_id: UUID, members: Sequence[str], *, now: datetime) -> Mapping[str, Seen]:
    """Those of these names who should be there."""
    rows = _living(context_id, now).filter(member_id__in=members)
    return {seen.member: seen for seen in _seen(rows)}


def wanted_holder(context_id: UUID, public_key: str, *, now: datetime) -> Seen | None:
    """Who should have this key there."""
    return next(iter(_seen(_living(context_id, now).filter(public_key=public_key))), None)


def everybody(context_id: UUID, *, now: datetime) -> Iterator[Sequence[Seen]]:
    """All who should be there, some hundreds at a time, in the order in which they came."""
    position = 0
    while True:
        rows = _living(context_id, now).filter(position__gt=position).order_by("position")
        found = list(rows.values_list("position", "member_id", "public_key", "acl")[:BATCH])
        if not found:
            return
        position = found[-1][0]
        yield [Seen(*row[1:]) for row in found]


def known_of(context_id: UUID, members: Sequence[str]) -> frozenset[str]:
    """Those of these names who are or ever were members here: this side speaks for them."""
    rows = ContextMember.objects.filter(context_id=context_id, member_id__in=members)
    return frozenset(rows.values_list("member_id", flat=True))


def waiting_of(link_id: UUID, members: Sequence[str]) -> frozenset[str]:
    """Those of these names of whom something is still on its way."""
    rows = RemoteChange.objects.filter(_WAITING, link_id=link_id, member__in=members)
    return frozenset(rows.values_list("member", flat=True))


def _living(context_id: UUID, now: datetime) -> "QuerySet[ContextMember]":
    has_ended = Q(user__expires_at__isnull=False, user__expires_at__lte=now)
    is_out = Q(user__status=User.Status.DISABLED) | has_ended
    living = ContextMember.objects.filter(context_id=context_id, ended_at__isnull=True)
    return living.filter(Q(user__isnull=True) | ~is_out)


def _seen(rows: "QuerySet[ContextMember]") -> list[Seen]:
    return [Seen(*row) for row in rows.values_list("member_id", "public_key", "acl")]
