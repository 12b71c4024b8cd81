"""Reads about members of contexts: one by its id or key, lists of any size, and keys of the past.

The first are hot: prepared statements, two tables at most, one round trip. The cost of a part of a
list does not grow with the number of members, wherever it stands: see `member_places`.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import F, Q, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Concat

from accounts.context_errors import MemberMissing
from accounts.models import Context, ContextMember, User
from accounts.queries import bounded_reads, list_filters, member_places
from accounts.queries.context_rows import MEMBER_COLUMNS as _COLUMNS
from accounts.queries.context_rows import MemberRow, Part
from accounts.queries.list_filters import Column, Filter
from identity.crypto import user_key
from identity.crypto.remembered import Remembered
from identity.errors import Invalid
from identity.limits import Limits
from identity.paging import After, Window, cursor, position
from identity.scoping import doors, keyset, prepared
from identity.scoping.prepared import Prepared

FILTERS: Final = ("id", "userId", "userPubKey", "pubKey", "contextId", "created", "acl")
"""What filters of members may name."""
WINDOW_FILTERS: Final = frozenset({"member", "public_key"})
MOST_PERIODS: Final = 200
# Statements for parts of these sizes are kept; others are cut from the next larger one.
_SIZES: Final = (10, 25, 51, 100, 201)
_WINDOW_COLUMNS: Final = {"member": "member_id", "public_key": "public_key"}


@dataclass(frozen=True, slots=True)
class KeyPeriod:
    """That a user id had a key in a context from `since` to before `until`, if it has ended."""

    member: str
    public_key: str
    since: datetime
    until: datetime | None
    ended_reason: str
    proven_at: datetime | None

    def holds(self, at: datetime) -> bool:
        """Whether the pair was valid at a time."""
        return self.since <= at and (self.until is None or at < self.until)


def _in_context(context: Any) -> "QuerySet[ContextMember]":
    return ContextMember.objects.filter(
        context=Subquery(Context.objects.filter(public_id=context).values("id"))
    )


def _living(context: Any) -> "QuerySet[ContextMember]":
    return _in_context(context).filter(ended_at__isnull=True)


_BY_ID: Final = prepared.prepare(
    lambda context, member: _living(context).filter(member_id=member).values_list(*_COLUMNS),
    "context",
    "member",
)
_BY_KEY: Final = prepared.prepare(
    lambda context, key: _living(context).filter(public_key=key).values_list(*_COLUMNS),
    "context",
    "key",
)


def member(context_id: str, member_id: str, *, limits: Limits | None) -> MemberRow:
    """A living member by its id. Raises `ContextMissing`, `OutsideLimits`, `MemberMissing`."""
    return _one(_BY_ID, context_id, limits, member=member_id)


def member_by_key(context_id: str, public_key: str, *, limits: Limits | None) -> MemberRow:
    """A living member by its key. Raises as `member`, and KeyInvalid."""
    key = user_key.parse_public(public_key).text
    return _one(_BY_KEY, context_id, limits, key=key)


def members_page(
    context_id: str,
    *,
    limit: int,
    is_descending: bool,
    limits: Limits | None,
    skip: int = 0,
    after: str | None = None,
    filter: Filter | None = None,  # noqa: A002 the word for it
) -> Part[MemberRow]:
    """A part of the living members in the order of their joining, at most 200.

    `after` is `<context id>-<member id>` or the member id, behind whom the list goes on; then
    nothing is skipped, and those up to there are not counted. Raises `ContextMissing`,
    `OutsideLimits`, `NoMatchForLastId`, `FilterTooCostly`.
    """
    if filter is not None:
        return _filtered(context_id, limit, is_descending, skip, after, filter, limits=limits)
    page = _page(_rounded(limit), is_descending=is_descending)
    if after is not None:
        facts, bound = member_places.behind(context_id, after, limits=limits)
        above: list[int] = []
        member_places.ask_above(facts, bound, above)
        rows = page.rows(context=context_id, bound=bound)
        count = facts.members - above[0] - 1 if is_descending else above[0]
        return Part(_rows(context_id, rows[:limit]), max(0, count))
    if skip:
        facts = member_places.facts_of(context_id, limits=limits)
        bound = member_places.passing(facts, skip, is_descending=is_descending)
        rows = page.rows(context=context_id, bound=bound)
    else:
        facts = member_places.ask(context_id, limits=limits)
        rows = page.rows(context=context_id, bound=_beginning(is_descending=is_descending))
    return Part(_rows(context_id, rows[:limit]), facts.members)


def members_window(context_id: str, after: After, *, limits: Limits | None) -> Window[MemberRow]:
    """The living members behind a cursor; filters `member` and `public_key`, each a whole one.

    Raises `ContextMissing`, `OutsideLimits`, `Invalid`, `CursorInvalid`.
    """
    keyset.require_bounds(after)
    if set(after.filters) - WINDOW_FILTERS:
        raise Invalid(f"Filters are {', '.join(sorted(WINDOW_FILTERS))}.")
    if not all(doors.is_storable(value) for value in after.filters.values()):
        raise Invalid("A filter holds a character that no row has.")
    facts = member_places.ask(context_id, limits=limits)
    bound = _beginning(is_descending=after.is_descending)
    if after.after:
        (bound,) = position(after.after, tuple[int])
    if after.filters:
        direction = "-position" if after.is_descending else "position"
        behind = _beyond(_living(context_id), bound, is_descending=after.is_descending)
        found = behind.filter(**_named(after.filters)).order_by(direction)
        rows = list(found.values_list(*_COLUMNS)[: after.limit + 1])
    else:
        page = _page(_rounded(after.limit + 1), is_descending=after.is_descending)
        rows = page.rows(context=context_id, bound=bound)
    facts.require()
    shown = _rows(context_id, rows[: after.limit])
    is_end = len(rows) <= after.limit
    return Window(shown, None if is_end else cursor(shown[-1].position))


def key_history(context_id: str, member_id: str, *, limits: Limits | None) -> Sequence[KeyPeriod]:
    """The keys that a user id had in a context, the newest first, at most 200.

    Raises `ContextMissing`, `OutsideLimits`.
    """
    return _periods(context_id, limits, member_id=member_id)


def was_valid(
    context_id: str, member_id: str, public_key: str, at: datetime, *, limits: Limits | None
) -> KeyPeriod | None:
    """The time around `at` in which this user id had this key in a context; None if it had not.

    Raises `ContextMissing`, `OutsideLimits`, KeyInvalid.
    """
    key = user_key.parse_public(public_key).text
    living_then = Q(ended_at__isnull=True) | Q(ended_at__gt=at)
    found = _periods(
        context_id, limits, living_then, member_id=member_id, public_key=key, created_at__lte=at
    )
    return found[0] if found else None


def _one(query: Prepared, context_id: str, limits: Limits | None, **wanted: str) -> MemberRow:
    """One statement where nothing limits the caller, else two in one round trip."""
    if not doors.is_storable(context_id + "".join(wanted.values())):
        member_places.facts_of(context_id, limits=limits)
        raise MemberMissing
    facts = None if limits is None else member_places.ask(context_id, limits=limits)
    found = query.one(context=context_id, **wanted)
    if facts is not None:
        facts.require()
    if found is None:
        member_places.facts_of(context_id, limits=limits)
        raise MemberMissing
    return _row(context_id, found)


def _filtered(
    context_id: str,
    limit: int,
    is_descending: bool,  # noqa: FBT001
    skip: int,
    after: str | None,
    tree: Filter,
    *,
    limits: Limits | None,
) -> Part[MemberRow]:
    facts = member_places.facts_of(context_id, limits=limits)
    rows = ContextMember.objects.filter(context_id=facts.row_id, ended_at__isnull=True)
    rows = rows.filter(list_filters.condition(tree, _filter_columns(context_id)))
    if after is not None:
        _, bound = member_places.behind(context_id, after, limits=limits)
        rows, skip = _beyond(rows, bound, is_descending=is_descending), 0
    ordered = rows.order_by("-position" if is_descending else "position")
    with bounded_reads.of():
        found = list(ordered.values_list(*_COLUMNS)[skip : skip + limit])
        return Part(_rows(context_id, found), rows.count())


def _filter_columns(context_id: str) -> Mapping[str, Column]:
    whole = Concat(Value(f"{context_id}-"), F("member_id"))
    key = Column(F("public_key"))
    return {
        "id": Column(whole),
        "userId": Column(F("member_id")),
        "userPubKey": key,
        "pubKey": key,
        "contextId": Column(Value(context_id, TextField())),
        "created": Column(F("created_at"), is_time=True),
        "acl": Column(F("acl")),
    }


def _periods(
    context_id: str, limits: Limits | None, *conditions: Q, **wanted: Any
) -> list[KeyPeriod]:
    facts = member_places.facts_of(context_id, limits=limits)
    if not doors.is_storable(wanted["member_id"]):
        return []
    rows = ContextMember.objects.filter(*conditions, context_id=facts.row_id, **wanted)
    found = rows.order_by("-created_at", "-position").values_list(
        "member_id", "public_key", "created_at", "ended_at", "ended_reason", "proven_at"
    )
    return [KeyPeriod(*row) for row in found[:MOST_PERIODS]]


def _beyond(
    rows: "QuerySet[ContextMember]", bound: Any, *, is_descending: bool
) -> "QuerySet[ContextMember]":
    return rows.filter(position__lt=bound) if is_descending else rows.filter(position__gt=bound)


def _beginning(*, is_descending: bool) -> int:
    return member_places.HIGHEST if is_descending else 0


def _named(filters: Mapping[str, Any]) -> dict[str, Any]:
    return {_WINDOW_COLUMNS[name]: value for name, value in filters.items()}


@functools.cache
def _page(size: int, *, is_descending: bool) -> Prepared:
    def build(context: Any, bound: Any) -> "QuerySet[Any, Any]":
        rows = _beyond(_living(context), bound, is_descending=is_descending)
        ordered = rows.order_by("-position" if is_descending else "position")
        return ordered.values_list(*_COLUMNS)[:size]

    return prepared.prepare(build, "context", "bound")


def _rounded(limit: int) -> int:
    return next(size for size in _SIZES if limit <= size)


def _rows(context_id: str, found: Sequence[tuple[Any, ...]]) -> list[MemberRow]:
    return [_row(context_id, row) for row in found]


def _row(context_id: str, found: tuple[Any, ...]) -> MemberRow:
    user_id = found[-1]
    if user_id is None:
        return MemberRow(context_id, *found)
    return MemberRow(*(context_id, *found[:-1], _account(user_id)))


def _account(user_id: UUID) -> UUID:
    """The client-visible id of an account, which never changes."""
    known = _PUBLIC_IDS.get(user_id)
    if known is None:
        known = User.objects.values_list("public_id", flat=True).get(id=user_id)
        _PUBLIC_IDS.keep(user_id, known)
    return known


_PUBLIC_IDS: Final = Remembered[UUID, UUID](10_000)
