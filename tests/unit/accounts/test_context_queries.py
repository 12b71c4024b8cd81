"""Reads of contexts and members: single ones, parts of lists behind any place, keys of the past."""

import itertools
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.context_errors import (
    ContextMissing,
    FilterInvalid,
    MemberMissing,
    NoMatchForLastId,
    SolutionMissing,
)
from accounts.models import Context, ContextMember
from accounts.queries import contexts as queries
from accounts.queries import list_filters, members
from accounts.services import context_members, context_tallies, contexts, solutions
from identity import ids, limits
from identity.actor import Actor
from identity.crypto import user_key
from identity.paging import After
from identity.scoping import current

COUNT = 700
"""More than two of the smaller stretches that are counted together."""


def seeded(circle: Context, now: datetime, *, count: int, gone: Callable[[int], bool]) -> list[str]:
    """Members at positions 1 to `count`, four at each time; the ids of those who still live."""
    rows = [
        ContextMember(
            id=ids.new(),
            scope_id=circle.scope_id,
            context=circle,
            member_id=f"m{number:05}",
            public_key=f"key {number}",
            acl="ALLOW ALL",
            reach=31,
            starts=31,
            position=number,
            created_at=now + timedelta(seconds=number // 4),
            ended_at=now + timedelta(days=1) if gone(number) else None,
            ended_reason="removed" if gone(number) else "",
        )
        for number in range(1, count + 1)
    ]
    ContextMember.objects.bulk_create(rows, batch_size=500)
    Context.objects.filter(id=circle.id).update(
        last_position=count, last_joined_at=now + timedelta(seconds=count)
    )
    context_tallies.rebuild(circle.id)
    return [row.member_id for row in rows if row.ended_at is None]


@pytest.fixture
def circle(system: Actor, now: datetime) -> Context:
    solution = solutions.create(name="Main", by=system, now=now)
    given = contexts.Given(solution.public_id, "Circle")
    return contexts.create(given=given, by=system, now=now)


@pytest.fixture
def names(circle: Context, now: datetime) -> Sequence[str]:
    chance = random.Random(7)
    gone = {number for number in range(1, COUNT + 1) if chance.random() < 0.3}
    gone |= set(range(256, 512))
    return seeded(circle, now, count=COUNT, gone=gone.__contains__)


def page(circle: Context, **more: Any) -> tuple[list[str], int]:
    given = {"limit": 100, "is_descending": False, "limits": None, **more}
    part = members.members_page(circle.public_id, **given)
    return [row.member for row in part.rows], part.count


def test_a_part_is_what_a_list_would_give(circle: Context, names: Sequence[str]) -> None:
    for is_descending in (False, True):
        whole = list(reversed(names)) if is_descending else list(names)
        for skip in (0, 1, 100, 177, 178, 179, 180, 181, 250, len(names) - 1, len(names), 9999):
            for limit in (1, 7, 100):
                found = page(circle, skip=skip, limit=limit, is_descending=is_descending)
                assert found == (whole[skip : skip + limit], len(whole)), (skip, limit)


def test_a_list_goes_on_behind_a_member(circle: Context, names: Sequence[str]) -> None:
    for is_descending in (False, True):
        whole = list(reversed(names)) if is_descending else list(names)
        for index in (0, 1, 98, 177, 178, 250, len(whole) - 2, len(whole) - 1):
            for last in (whole[index], f"{circle.public_id}-{whole[index]}"):
                found = page(circle, after=last, is_descending=is_descending, skip=5)
                rest = whole[index + 1 :]
                assert found == (rest[:100], len(rest)), (index, last)


def test_walks_through_all_although_times_are_equal(circle: Context, names: Sequence[str]) -> None:
    walked: list[str] = []
    last = None
    while True:
        found, _ = page(circle, limit=33, after=last)
        if not found:
            break
        walked += found
        last = f"{circle.public_id}-{found[-1]}"
    assert walked == list(names)


def test_a_place_that_is_none(circle: Context, names: Sequence[str]) -> None:
    assert "m00256" not in names
    for last in ("nobody", "m00256", f"{circle.public_id}-nobody", ""):
        with pytest.raises(NoMatchForLastId):
            page(circle, after=last)


def test_a_member_whose_id_looks_like_a_place(
    circle: Context, system: Actor, now: datetime
) -> None:
    where = {"context_id": circle.public_id, "by": system, "now": now}
    tricky = f"{circle.public_id}-bob"
    for number, name in enumerate((tricky, "carol"), start=1):
        context_members.add(member_id=name, public_key=_key(number), **where)  # type: ignore[arg-type]
    assert page(circle, after=tricky) == (["carol"], 1)


def _key(number: int) -> str:
    return user_key.parse_private(number.to_bytes(32, "big")).public.text


def test_windows_go_on_behind_a_cursor(circle: Context, names: Sequence[str]) -> None:
    for is_descending in (False, True):
        walked: list[str] = []
        after = ""
        while True:
            window = members.members_window(
                circle.public_id, After(50, after, is_descending), limits=None
            )
            walked += [row.member for row in window.rows]
            if window.next is None:
                break
            after = window.next
        assert walked == (list(reversed(names)) if is_descending else list(names))
    wanted = After(filters={"member": names[3]})
    only = members.members_window(circle.public_id, wanted, limits=None)
    assert [row.member for row in only.rows] == [names[3]]


def test_finds_one(circle: Context, system: Actor, now: datetime) -> None:
    where = {"context_id": circle.public_id, "by": system, "now": now}
    context_members.add(member_id="alice", public_key=_key(1), acl="DENY ALL", **where)  # type: ignore[arg-type]
    found = members.member(circle.public_id, "alice", limits=None)
    assert (found.context, found.member, found.public_key) == (circle.public_id, "alice", _key(1))
    assert (found.acl, found.reach, found.user, found.proven_at) == ("DENY ALL", 0, None, None)
    assert found.created_at == now
    assert members.member_by_key(circle.public_id, _key(1), limits=None) == found
    with pytest.raises(MemberMissing):
        members.member(circle.public_id, "bob", limits=None)
    with pytest.raises(MemberMissing):
        members.member_by_key(circle.public_id, _key(2), limits=None)
    for read in (members.member, members.member_by_key):
        with pytest.raises(ContextMissing):
            read("none", _key(1), limits=None)
    with pytest.raises(ContextMissing):
        members.members_page("none", limit=1, is_descending=False, limits=None)


def test_remembers_which_key_was_whose_when(circle: Context, system: Actor, now: datetime) -> None:
    hour = timedelta(hours=1)

    def add(member: str, number: int, at: datetime) -> None:
        context_members.add(
            context_id=circle.public_id,
            member_id=member,
            public_key=_key(number),
            by=system,
            now=at,
        )

    add("alice", 1, now)
    add("alice", 2, now + hour)
    add("alice", 1, now + 2 * hour)
    context_members.remove(
        context_id=circle.public_id, member_id="alice", by=system, now=now + 3 * hour
    )
    history = members.key_history(circle.public_id, "alice", limits=None)
    assert [(each.public_key, each.ended_reason) for each in history] == [
        (_key(1), "removed"),
        (_key(2), "replaced"),
        (_key(1), "replaced"),
    ]

    def valid(number: int, at: datetime, member: str = "alice") -> bool:
        found = members.was_valid(circle.public_id, member, _key(number), at, limits=None)
        assert found is None or found.holds(at)
        return found is not None

    moment = timedelta(microseconds=1)
    assert not valid(1, now - moment)
    assert valid(1, now)
    assert valid(1, now + hour - moment)
    assert not valid(1, now + hour)
    assert valid(2, now + hour)
    assert not valid(2, now + 2 * hour)
    assert valid(1, now + 2 * hour)
    assert not valid(1, now + 3 * hour)
    assert not valid(1, now, member="bob")


FILTERS: list[tuple[dict[str, Any], Callable[[int], bool]]] = [
    ({"#userId": "m00001"}, lambda number: number == 1),
    ({"#userId": {"$in": ["m00001", "m00003", 7, "\0"]}}, lambda number: number in {1, 3}),
    ({"#userId": {"$nin": ["m00001"]}}, lambda number: number != 1),
    ({"#userId": {"$ne": "m00002"}}, lambda number: number != 2),
    ({"#userId": {"$gt": "m00010", "$lte": "m00012"}}, lambda number: number in {11, 12}),
    ({"#userId": {"$gte": "m00015"}}, lambda number: number >= 15),
    ({"#userId": {"$lt": "m00003"}}, lambda number: number < 3),
    ({"#userId": {"$startsWith": "m0001"}}, lambda number: number >= 10),
    ({"#userId": {"$startsWith": "M"}}, lambda number: False),
    ({"#userId": {"$endsWith": "5"}}, lambda number: number % 10 == 5),
    ({"#userId": {"$contains": "01"}}, lambda number: number == 1 or number >= 10),
    ({"#userId": {"$contains": "%"}}, lambda number: False),
    ({"#userId": {"$contains": ""}}, lambda number: True),
    ({"#userId": {"$exists": True}}, lambda number: True),
    ({"#userId": {"$exists": False}}, lambda number: False),
    ({"color": {"$exists": False}}, lambda number: True),
    ({"color": "red"}, lambda number: False),
    ({"color": {"$ne": "red"}}, lambda number: True),
    ({"#userId": 5}, lambda number: False),
    ({"#userId": None}, lambda number: False),
    ({"#userPubKey": "key 4"}, lambda number: number == 4),
    ({"$or": [{"#userId": "m00001"}, {"#pubKey": "key 4"}]}, lambda number: number in {1, 4}),
    ({"$nor": [{"#userId": "m00001"}, {"#pubKey": "key 4"}]}, lambda n: n not in {1, 4}),
    ({"$and": [{"#userId": {"$gt": "m00001"}}, {"#userId": {"$lt": "m00003"}}]}, lambda n: n == 2),
    ({"$and": []}, lambda number: True),
    ({"$or": []}, lambda number: False),
    ({}, lambda number: True),
    ({"#created": {"$gte": 3000}}, lambda number: number >= 12),
    ({"#created": {"$gt": 3000}}, lambda number: number >= 16),
    ({"#created": {"$lt": 3000.5}}, lambda number: number < 16),
    ({"#created": 2000}, lambda number: 8 <= number < 12),
    ({"#created": {"$in": [0, 2000]}}, lambda number: number < 4 or 8 <= number < 12),
    ({"#created": {"$lt": 1e300}}, lambda number: True),
    ({"#created": {"$gt": -1e300}}, lambda number: True),
    ({"#created": "today"}, lambda number: False),
    ({"#contextId": "none"}, lambda number: False),
    ({"#acl": {"$startsWith": "ALLOW"}}, lambda number: True),
]
MOST = 19


@pytest.fixture
def few(circle: Context) -> None:
    seeded(circle, datetime(1970, 1, 1, tzinfo=UTC), count=MOST, gone=lambda _: False)


def test_filters_members(circle: Context, few: None) -> None:
    for given, is_met in FILTERS:
        tree = list_filters.parse(given, known=members.FILTERS)
        expected = [f"m{number:05}" for number in range(1, MOST + 1) if is_met(number)]
        assert page(circle, filter=tree) == (expected, len(expected)), given
        part = page(circle, filter=tree, skip=1, limit=2, is_descending=True)
        assert part == (expected[::-1][1:3], len(expected)), given


def test_a_filter_and_a_place(circle: Context, few: None) -> None:
    tree = list_filters.parse({"#userId": {"$gt": "m00003"}}, known=members.FILTERS)
    assert page(circle, filter=tree, after="m00010", limit=2) == (["m00011", "m00012"], 9)
    inner = {"#id": {"$in": [f"{circle.public_id}-m00004", "m00005"]}}
    tree = list_filters.parse(inner, known=members.FILTERS)
    assert page(circle, filter=tree) == (["m00004"], 1)


@pytest.mark.parametrize(
    "given",
    [
        None,
        [],
        "all",
        {"#password": "x"},
        {"#userId": {"$regex": "x"}},
        {"$where": "x"},
        {"": "x"},
        {"#userId": {"$in": "x"}},
        {"#userId": {"$in": ["x"] * 129}},
        {"#userId": {"$contains": 5}},
        {"#userId": {"$exists": 1}},
        {"#userId": "x" * 1025},
        {"#userId": ["x"]},
        {"#userId": {"$eq": {"$eq": "x"}}},
        {"$or": {"#userId": "x"}},
        {"$or": [], "#userId": "x"},
        {"$or": ["x"]},
        {"$and": [{"$and": [{"$and": [{"$and": [{"$and": [{"$and": [{"$and": []}]}]}]}]}]}]},
        {"$and": [{"#userId": "x"}] * 65},
        {"$or": [{"$or": []}] * 65},
    ],
    ids=lambda given: str(given)[:50],
)
def test_refuses_filters(given: Any) -> None:
    with pytest.raises(FilterInvalid):
        list_filters.parse(given, known=members.FILTERS)


def test_lists_contexts(system: Actor, now: datetime) -> None:
    mine = solutions.create(name="Mine", by=system, now=now).public_id
    other = solutions.create(name="Other", by=system, now=now).public_id
    made = []
    for number in range(7):
        given = contexts.Given(mine, f"c{number}", visibility="public")
        made.append(contexts.create(given=given, by=system, now=now).public_id)
    contexts.share(context_id=made[2], solution_id=other, by=system, now=now)
    everything = {"limit": 3, "is_descending": False, "limits": None}

    def found(**more: Any) -> tuple[list[str], int]:
        part = queries.contexts_page(**{**everything, **more})
        return [row.id for row in part.rows], part.count

    whole = sorted(made, key=made.index)
    assert found() == (whole[:3], 7)
    assert found(skip=5) == (whole[5:], 7)
    assert found(is_descending=True, skip=1) == (whole[::-1][1:4], 7)
    assert found(after=whole[1], skip=9) == (whole[2:5], 5)
    assert found(after=whole[1], is_descending=True) == ([whole[0]], 1)
    assert found(solution_id=other) == ([made[2]], 1)
    assert found(solution_id=mine) == (whole[:3], 7)
    tree = list_filters.parse({"#name": {"$gt": "c4"}}, known=queries.FILTERS)
    assert found(filter=tree) == (whole[5:], 2)
    with pytest.raises(NoMatchForLastId):
        found(after="none")
    with pytest.raises(SolutionMissing):
        found(solution_id="none")
    assert queries.context(made[2], limits=None).shares == (other,)
    listed = queries.contexts_window(After(3), limits=None)
    assert [row.id for row in listed.rows] == whole[::-1][:3]
    assert listed.next is not None


def walked(limit: int, is_descending: bool, ask: dict[str, Any]) -> list[str]:
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        window = queries.contexts_window(After(limit, after, is_descending), **ask)
        found += [row.id for row in window.rows]
        after = window.next
    return found


@pytest.mark.parametrize("bound", [None, {"solutions": ["mine"]}, {"contexts": ["c2", "c9", "c7"]}])
@pytest.mark.parametrize("most_known", [0, 1000])
def test_what_a_solution_has_and_borrows_is_one_list(
    system: Actor,
    now: datetime,
    bound: dict[str, list[str]] | None,
    most_known: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queries, "_MOST_KNOWN", most_known)
    for name in ("mine", "other"):
        solutions.create(name=name, public_id=name, by=system, now=now)
    wanted = []
    for number in range(24):
        owner = "mine" if number % 3 == 0 else "other"
        name = f"c{number}"
        # Four at each time.
        at = now + timedelta(seconds=number // 4)
        given = contexts.Given(owner, name, visibility="public")
        row = contexts.create(given=given, public_id=name, by=system, now=at)
        is_lent = number % 3 == 1
        if is_lent:
            contexts.share(context_id=name, solution_id="mine", by=system, now=now)
        if (owner == "mine" or is_lent) and name in (bound or {}).get("contexts", [name]):
            wanted.append((at, row.id, name))
    names = [name for _, _, name in sorted(wanted)]
    narrow = None if bound is None else limits.checked(**bound)
    asks: list[dict[str, Any]] = [{"limits": narrow, "solution_id": "mine"}]
    if bound and "solutions" in bound:
        asks.append({"limits": narrow})
    for ask, is_descending in itertools.product(asks, (True, False)):
        expected = names[::-1] if is_descending else names
        for limit in (1, 2, 5, 16, 100):
            assert walked(limit, is_descending, ask) == expected
            for skip in range(0, len(expected) + 2, 3):
                part = queries.contexts_page(
                    limit=limit, skip=skip, is_descending=is_descending, **ask
                )
                assert [row.id for row in part.rows] == expected[skip : skip + limit]
                assert part.count == len(expected)
            for number, last in enumerate(expected, start=1):
                part = queries.contexts_page(
                    limit=limit, after=last, is_descending=is_descending, **ask
                )
                assert [row.id for row in part.rows] == expected[number : number + limit]
                assert part.count == len(expected) - number


def test_another_scope_has_none_of_them(
    circle: Context, names: Sequence[str], other: Any, now: datetime
) -> None:
    with current.in_scope(other.id):
        with pytest.raises(ContextMissing):
            members.member(circle.public_id, names[0], limits=None)
        with pytest.raises(ContextMissing):
            page(circle)
        with pytest.raises(ContextMissing):
            queries.context(circle.public_id, limits=None)
        with pytest.raises(SolutionMissing):
            queries.solution(circle.solution.public_id, limits=None)
        assert queries.solutions(limits=None) == []
