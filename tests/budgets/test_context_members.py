"""What is asked of a context's members costs the same among a thousand and a hundred thousand."""

from collections.abc import Callable
from typing import Any, Final

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Context
from accounts.queries import members
from accounts.services import context_members, context_tallies, contexts, solutions
from identity.crypto import user_key
from identity.scoping import current
from tests import acts, cast
from tests.budgets.test_lists import ANEW, _is_by_index, _pages

pytestmark = pytest.mark.django_db(transaction=True)

SIZES: Final = (1_000, 100_000)
MOST_MORE: Final = 12
"""Pages: another level of each index that is walked, and some rows of tallies."""
MOST_STATEMENTS: Final = {
    "one by id": 1,
    "one by key": 1,
    "the first hundred": 2,
    "the last hundred": 2,
    "behind one in the middle": 4,
    "before one in the middle": 4,
    "behind half of all": 5,
    "before half of all": 5,
}
SERIES: Final = "WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series"
MEMBERS: Final = """
INSERT INTO accounts_contextmember (id, scope_id, context_id, member_id, public_key, acl, reach,
    starts, is_staff, position, created_at, ended_reason)
{series} WHERE n < {size})
SELECT {id}, %s, %s, 'member ' || n, 'key ' || n, 'ALLOW ALL', {reach}, 31, {is_staff}, n,
    %s, '' FROM series
"""
NEW_ID: Final = {"postgresql": "gen_random_uuid()", "sqlite": "lower(hex(randomblob(16)))"}


def key(number: int) -> str:
    return user_key.parse_private(number.to_bytes(32, "big")).public.text


def filled(
    world: cast.World, size: int, *, reach: str = "31", is_staff: str = "n = 0", **more: Any
) -> str:
    """The id of a context with so many members; `reach` and `is_staff` are SQL of the number n."""
    now = acts.now()
    with cast.in_scope(world):
        solution = solutions.create(name="Main", by=world.system, now=now).public_id
        given = contexts.Given(solution, "Circle", **more)
        row = contexts.create(given=given, by=world.system, now=now)
        is_sqlite = connection.vendor == "sqlite"
        series = MEMBERS.format(
            series=SERIES,
            size=size,
            id=NEW_ID[connection.vendor],
            reach=reach,
            is_staff=is_staff,
        )
        ids = [each.hex if is_sqlite else each for each in (world.scope.id, row.id)]
        at = connection.ops.adapt_datetimefield_value(now)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(series, [*ids, at])
            Context.objects.filter(id=row.id).update(last_position=size, last_joined_at=now)
            assert context_tallies.rebuild(row.id) == size
    return row.public_id


def asked(context: str, size: int) -> dict[str, Callable[[], Any]]:
    middle = f"{context}-member {size // 2}"
    page: dict[str, Any] = {"limit": 100, "limits": None}

    def part(**more: Any) -> Callable[[], Any]:
        return lambda: members.members_page(context, **page, **more)

    return {
        "one by id": lambda: members.member(context, f"member {size // 3}", limits=None),
        "one by key": lambda: members.member_by_key(context, key(1), limits=None),
        "the first hundred": part(is_descending=False),
        "the last hundred": part(is_descending=True),
        "behind one in the middle": part(is_descending=False, after=middle),
        "before one in the middle": part(is_descending=True, after=middle),
        "behind half of all": part(is_descending=False, skip=size // 2),
        "before half of all": part(is_descending=True, skip=size // 2),
    }


def added(world: cast.World, context: str) -> None:
    context_members.add(
        context_id=context,
        member_id="new",
        public_key=key(1),
        by=world.system,
        now=acts.now(),
    )


@pytest.fixture
def circles() -> tuple[cast.World, dict[int, str]]:
    if connection.vendor == "postgresql":
        with current.as_owner(why="makes files anew"), connection.cursor() as cursor:
            cursor.execute(ANEW)
    world = cast.world()
    circles = {size: filled(world, size) for size in SIZES}
    if connection.vendor == "postgresql":
        with current.as_owner(why="tells the planner"), connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE)")
    return world, circles


def test_neither_statements_nor_pages_grow(circles: tuple[cast.World, dict[int, str]]) -> None:
    world, contexts_of = circles
    alice = world.member("alice")
    costs: dict[str, list[int]] = {}
    for size, context in contexts_of.items():
        with cast.in_scope(world):
            with CaptureQueriesContext(connection) as caught:
                added(world, context)
            costs.setdefault("statements of adding", []).append(len(caught.captured_queries))
            for name, read in asked(context, size).items():
                read()
                with CaptureQueriesContext(connection) as caught:
                    read()
                told = [each["sql"] for each in caught.captured_queries]
                assert len(told) <= MOST_STATEMENTS[name], (name, told)
                if connection.vendor == "sqlite":
                    assert all(_is_by_index(alice, sql) for sql in told), name
                else:
                    costs.setdefault(name, []).append(sum(_pages(alice, sql) for sql in told))
    assert len(set(costs.pop("statements of adding"))) == 1
    grown = {name: cost for name, cost in costs.items() if cost[1] > cost[0] + MOST_MORE}
    assert not grown, costs
