"""Windows of users, devices, groups, roles and rules: what lists at any size are read by."""

import functools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import (
    BooleanField,
    CharField,
    F,
    Func,
    IntegerField,
    OuterRef,
    QuerySet,
    Subquery,
    TextField,
    Value,
)
from django.db.models.functions import Cast
from django.db.models.sql.compiler import SQLCompiler

from accounts.models import Device, Group, GroupMember, Role, RoleAssignment, Rule
from accounts.queries import catalogue, listing, people, user_columns
from accounts.queries.rows import DeviceRow, GroupRow, RoleRow, RuleRow, UserRow
from identity import errors
from identity.paging import MOST_ROWS, After, Window
from identity.scoping import keyset, prepared
from identity.scoping.prepared import Prepared

MOST_COUNTED: Final = 1000
"""Members of a group that a list counts."""
_USUAL: Final = 50
_BY_REGISTRATION: Final = keyset.Key("registered_at")
_BY_NAME: Final = keyset.Key("username_folded", is_text=True)
_BY_ADDRESS: Final = keyset.Key("email", is_text=True)
_SEARCHED: Final[Mapping[str, keyset.Key]] = {"search": _BY_NAME, "email_begins": _BY_ADDRESS}
_ROLE, _GROUP = "role", "group"


def users_window(after: After) -> Window[UserRow]:
    """Users who are not deleted, in two statements.

    Filters as of `users`, and one of `search` (how the user name begins, however it is written;
    the list is in the order of names) and `email_begins` (in the order of addresses).
    Raises `Invalid`, `CursorInvalid`.
    """
    keyset.require_bounds(after)
    key = _key(after.filters)
    place, row_id = keyset.place_of(after, key)
    if after.filters:
        rows = listing.narrowed(people.living(), after.filters, known=_USER_FILTERS)
        found = list(_columns(keyset.behind(rows, after, key), key))
    else:
        statement = _users(_rounded(after.limit), is_descending=after.is_descending)
        found = statement.rows(place=place, row=row_id)
    shown = found[: after.limit]
    held = _held_by([row[0] for row in shown])
    rows_shown = [user_columns.row(row[2:], *held[row[0]]) for row in shown]
    is_end = len(found) <= after.limit
    return Window(rows_shown, None if is_end else keyset.cursor_of(shown[-1][1], shown[-1][0]))


def devices_window(after: After) -> Window[DeviceRow]:
    """Devices of all users by time of registration; filters `status` and `user`."""
    return listing.windowed(
        Device.objects.select_related("user"),
        after,
        filters=people.DEVICE_FILTERS,
        read=lambda found: [people.device_row(row) for row in found],
        key=_BY_REGISTRATION,
    )


def groups_window(after: After) -> Window[GroupRow]:
    """Groups without their members; filters `name` and `user`."""
    return listing.windowed(
        Group.objects.annotate(counted=_counted_members()),
        after,
        filters=catalogue.GROUP_FILTERS,
        read=lambda found: [catalogue.group_row(row, [], vars(row)["counted"]) for row in found],
    )


def rules_window(after: After) -> Window[RuleRow]:
    """Rules; filters `resource` and `action`."""
    return listing.windowed(
        Rule.objects.all(),
        after,
        filters=catalogue.RULE_FILTERS,
        read=lambda found: [catalogue.rule_row(row) for row in found],
    )


def roles_window(after: After) -> Window[RoleRow]:
    """Predefined roles first, then custom ones; filters `status` and `name`."""
    keyset.require_bounds(after)
    place, row_id = keyset.place_of(after)
    predefined = catalogue.predefined_roles(after.filters)
    is_among_custom = bool(after.after) and row_id != keyset.NO_ID
    # A place among the predefined ones is how many of them were shown.
    shown = (place - keyset.EPOCH) // keyset.MICROSECOND if after.after else 0
    head = [] if is_among_custom else predefined[shown : shown + after.limit]
    room = after.limit - len(head)
    if not room:
        passed = keyset.EPOCH + keyset.MICROSECOND * (shown + len(head))
        return Window(head, keyset.cursor_of(passed, keyset.NO_ID))
    custom = listing.windowed(
        Role.objects.all(),
        After(room, after.after if is_among_custom else "", after.is_descending, after.filters),
        filters=catalogue.ROLE_FILTERS,
        read=catalogue.role_rows,
    )
    return Window([*head, *custom.rows], custom.next)


_USER_FILTERS: Final[Mapping[str, listing.Filter]] = {
    **people.USER_FILTERS,
    "search": lambda rows, value: keyset.beginning_with(
        rows, "username_folded", people.folded(value)
    ),
    "email_begins": listing.beginning("email"),
}


def _key(filters: Mapping[str, Any]) -> keyset.Key:
    keys = [_SEARCHED[name] for name in filters if name in _SEARCHED]
    if len(keys) > 1:
        raise errors.Invalid("Search by name or by address, not by both.")
    return keys[0] if keys else keyset.BY_TIME


def _columns(rows: "QuerySet[Any, Any]", key: keyset.Key) -> "QuerySet[Any, Any]":
    """The row's id, its place in the list, and the columns of `UserRow`."""
    return rows.values_list("id", key.column, *user_columns.columns())


@functools.cache
def _users(count: int, *, is_descending: bool) -> Prepared:
    def build(place: Any, row: Any) -> "QuerySet[Any, Any]":
        ordered = keyset.beyond(
            people.living(), place, row, key=keyset.BY_TIME, is_descending=is_descending
        )
        return _columns(ordered, keyset.BY_TIME)[: count + 1]

    return prepared.prepare(build, place=keyset.DATE, row=keyset.ID)


class _OneOf(Func):
    """`column IN (slot, …)`: Django's own look-up on a foreign key takes no expressions."""

    output_field = BooleanField()
    conditional = True

    def as_sql(  # type: ignore[override]
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, Any]:
        """Django's hook."""
        del connection, context
        column, *slots = [compiler.compile(one) for one in self.get_source_expressions()]
        places = ", ".join(sql for sql, _ in slots)
        parameters = (*column[1], *(parameter for _, given in slots for parameter in given))
        return f"{column[0]} IN ({places})", parameters


@functools.cache
def _held(count: int) -> Prepared:
    def build(**slots: Any) -> "QuerySet[Any, Any]":
        held = _OneOf(F("user_id"), *slots.values())
        roles = RoleAssignment.objects.filter(held).values_list(
            "user_id", Value(_ROLE, CharField()), "predefined", "role__name"
        )
        groups = GroupMember.objects.filter(held).values_list(
            "user_id",
            Value(_GROUP, CharField()),
            Cast("group__public_id", TextField()),
            Value("", CharField()),
        )
        return roles.union(groups, all=True)

    return prepared.prepare(build, **{f"user{number}": keyset.ID for number in range(count)})


def _held_by(user_ids: Sequence[UUID]) -> Mapping[UUID, tuple[Sequence[str], Sequence[UUID]]]:
    """The names of roles and the ids of groups of each user, in one statement."""
    roles: dict[UUID, list[str]] = defaultdict(list)
    groups: dict[UUID, list[UUID]] = defaultdict(list)
    if user_ids:
        count = _rounded(len(user_ids))
        # A prepared statement has a fixed number of slots: those left over repeat an id.
        padded = [*user_ids, *[user_ids[0]] * (count - len(user_ids))]
        values = {f"user{number}": user_id for number, user_id in enumerate(padded)}
        for user_id, kind, name, custom in _held(count).rows(**values):
            if kind == _ROLE:
                roles[user_id].append(name or custom)
            else:
                groups[user_id].append(UUID(name))
    return {user_id: (sorted(roles[user_id]), sorted(groups[user_id])) for user_id in user_ids}


def _rounded(limit: int) -> int:
    return _USUAL if limit <= _USUAL else MOST_ROWS


class _CountOf(Subquery):
    """How many rows a bounded subquery finds."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


def _counted_members() -> _CountOf:
    members = GroupMember.objects.filter(group_id=OuterRef("id")).order_by()
    return _CountOf(members.values("id")[:MOST_COUNTED])
