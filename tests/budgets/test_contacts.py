"""A page of contacts costs the same among a thousand members and a hundred thousand."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Context, ContextMember
from accounts.queries import contacts, key_periods
from identity import actor
from identity.paging import After, cursor
from identity.scoping import current
from tests import acts, cast
from tests.budgets.test_context_members import MOST_MORE, SIZES, filled
from tests.budgets.test_lists import ANEW, _is_by_index, _pages

pytestmark = pytest.mark.django_db(transaction=True)

STRETCH: Final = 100
"""Here, so that both sizes have more than one page looks at."""
MOST_STATEMENTS: Final = 4
"""The context, who asks, how far to look among staff, and the page."""
MOST_PAGES: Final = 4 * STRETCH
"""An entry of the index and a row for each that is looked at, and some for the way down."""
RARE: Final = "CASE WHEN n = n / 1000 * 1000 THEN 31 ELSE 0 END"
CIRCLES: Final[Mapping[str, Mapping[str, str]]] = {
    "everybody": {},
    "lists hide nearly all": {"reach": RARE},
    "lists hide all": {"reach": "0"},
    "staff of many": {"contacts": "staff", "is_staff": "n = n / 10 * 10"},
    "staff alone": {"contacts": "staff", "is_staff": "n > 1"},
    "staff of whom lists hide nearly all": {
        "contacts": "staff",
        "is_staff": "n > 1",
        "reach": RARE,
    },
    "staff of whom lists hide all": {"contacts": "staff", "is_staff": "n > 1", "reach": "0"},
}
COUNTED: Final = (
    "everybody",
    "lists hide nearly all",
    "staff of many",
    "staff of whom lists hide all",
)
PERIODS: Final = (1000, 20_000)


def anew() -> None:
    if connection.vendor == "postgresql":
        with current.as_owner(why="makes files anew"), connection.cursor() as on:
            on.execute(ANEW)


def told_to_planner() -> None:
    if connection.vendor == "postgresql":
        with current.as_owner(why="tells the planner"), connection.cursor() as on:
            on.execute("VACUUM (ANALYZE)")


@pytest.fixture
def world() -> cast.World:
    anew()
    return cast.world()


def page(world: cast.World, context: str, place: int) -> Callable[[], Any]:
    """What the face does for a page of the first member's contacts, from a position on."""
    by, now = actor.system(world.scope.id), acts.now()
    after = After(limit=50, after=cursor(place) if place else "")

    def read() -> Any:
        found = contacts.required_viewer(context, by=by, member_id="member 1")
        return contacts.window(found, None, after, now=now)

    return read


def cost(world: cast.World, alice: cast.Member, read: Callable[[], Any]) -> int:
    """The pages that it touches; on SQLite whether it is read by index."""
    with cast.in_scope(world):
        read()
        with CaptureQueriesContext(connection) as caught:
            read()
    told = [each["sql"] for each in caught.captured_queries if each["sql"].startswith("SELECT")]
    assert len(told) <= MOST_STATEMENTS, told
    if connection.vendor == "sqlite":
        assert all(_is_by_index(alice, sql) for sql in told), told
        return 0
    return sum(_pages(alice, sql) for sql in told)


def test_a_page_costs_the_same_whatever_is_hidden(
    world: cast.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contacts, "STRETCH", STRETCH)
    alice = world.member("alice")
    made = {
        (name, size): filled(world, size, **CIRCLES[name]) for name in COUNTED for size in SIZES
    }
    told_to_planner()
    costs: dict[tuple[str, str], list[int]] = {}
    for (name, size), context in made.items():
        for where, place in (("first", 0), ("middle", size // 4)):
            read = page(world, context, place)
            costs.setdefault((name, where), []).append(cost(world, alice, read))
    grown = {each: pair for each, pair in costs.items() if pair[1] > pair[0] + MOST_MORE}
    assert not grown, costs
    assert max(max(pair) for pair in costs.values()) <= MOST_PAGES, costs


def test_every_contact_is_on_one_page(world: cast.World, monkeypatch: pytest.MonkeyPatch) -> None:
    size = 2500
    monkeypatch.setattr(contacts, "STRETCH", 300)
    for name, given in CIRCLES.items():
        context = filled(world, size, **given)
        with cast.in_scope(world):
            rows = ContextMember.objects.filter(context__public_id=context, reach__gt=0)
            if "staff" in name:
                rows = rows.filter(is_staff=True)
            wanted = list(rows.exclude(position=1).order_by("position").values_list("member_id"))
            found: list[tuple[str]] = []
            after: str | None = ""
            pages = 0
            while after is not None:
                by = actor.system(world.scope.id)
                viewer = contacts.required_viewer(context, by=by, member_id="member 1")
                part = contacts.window(viewer, None, After(limit=200, after=after), now=acts.now())
                found += [(each.member,) for each in part.rows]
                after, pages = part.next, pages + 1
        assert found == wanted, name
        assert pages <= size // 200 + size // 300 + 2, name


def history(world: cast.World, size: int) -> str:
    """A context in which one user id had so many keys, one after the other."""
    context = filled(world, 1)
    with cast.in_scope(world):
        row = Context.objects.get(public_id=context)
        begin = acts.now() - timedelta(days=1)
        ContextMember.objects.bulk_create(
            [
                ContextMember(
                    scope_id=world.scope.id,
                    context=row,
                    member_id="bob",
                    public_key=f"bob's {number}",
                    acl="ALLOW ALL",
                    reach=31,
                    starts=31,
                    position=number + 2,
                    created_at=begin + timedelta(seconds=number),
                    # In between there was a while without any.
                    ended_at=begin + timedelta(seconds=number, milliseconds=500),
                    ended_reason="replaced",
                )
                for number in range(size)
            ],
            batch_size=1000,
        )
    return context


def test_what_was_valid_when_costs_the_same_however_many_keys_there_were(
    world: cast.World,
) -> None:
    alice = world.member("alice")
    made = {size: history(world, size) for size in PERIODS}
    told_to_planner()
    costs: dict[str, list[int]] = {}
    for size, context in made.items():
        with cast.in_scope(world):
            row = Context.objects.get(public_id=context)
            last = ContextMember.objects.get(context=row, public_key=f"bob's {size - 1}")
        for name, given in {
            "the newest": {},
            "then": {"at": last.created_at},
            "that key then": {"at": last.created_at, "public_key": last.public_key},
            "no key then": {"at": last.ended_at},
            "in the middle": {"at": last.created_at - timedelta(seconds=size // 2)},
        }.items():

            def read(row: Context = row, given: Any = given) -> Any:
                return key_periods.periods(row.id, "bob", After(limit=50), **given)

            with cast.in_scope(world):
                found = read().rows
            wanted = {"the newest": 50, "no key then": 0}.get(name, 1)
            assert len(found) == wanted, name
            costs.setdefault(name, []).append(cost(world, alice, read))
    grown = {each: pair for each, pair in costs.items() if pair[1] > pair[0] + MOST_MORE}
    assert not grown, costs
