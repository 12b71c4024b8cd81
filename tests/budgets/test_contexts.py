"""Lists of contexts: what there is for a solution costs the same however many others there are."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Context, ContextShare
from accounts.queries import contexts as queries
from accounts.services import solutions
from identity import limits
from identity.paging import After
from identity.scoping import keyset
from tests import acts, cast
from tests.budgets.test_contacts import anew, told_to_planner
from tests.budgets.test_context_members import MOST_MORE, NEW_ID, SERIES
from tests.budgets.test_lists import _is_by_index, _pages

pytestmark = pytest.mark.django_db(transaction=True)

SIZES: Final = (1000, 60_000)
OWN, BORROWED = 120, 60
MOST_STATEMENTS: Final = 9
"""The solution twice, what it borrows, the place, both counts, places and rows, and borrowers."""
MOST_FOR_A_SOLUTION: Final = 6 * (OWN + BORROWED)
"""Pages, less than the scope's contexts fill: some for each row that is borrowed or shown."""
SPREAD: Final = 51
"""Rows of a page, each of which lies somewhere else in a large table."""
OTHERS: Final = """
INSERT INTO accounts_context (id, scope_id, public_id, solution_id, name, description, visibility,
    policy, contacts, joining, status, member_count, last_position, created_at, updated_at, version)
{series} WHERE n < {size})
SELECT {id}, %s, 'other ' || n, %s, 'Circle', '', 'public', '{{}}', 'everyone', 'closed', 'active',
    0, 0, {at}, %s, 1 FROM series
"""
AT: Final = {
    "postgresql": "%s::timestamptz + n * interval '1 second'",
    "sqlite": "strftime('%%Y-%%m-%%d %%H:%%M:%%f000', %s, '+' || n || ' seconds')",
}


def filled(world: cast.World, size: int) -> None:
    """So many contexts of another solution, and some that `mine` has or borrows of it."""
    begin = acts.now() - timedelta(days=1)
    with cast.in_scope(world), transaction.atomic():
        where: dict[str, Any] = {"by": world.system, "now": begin}
        mine, other = (solutions.create(name=n, public_id=n, **where) for n in ("mine", "other"))
        own = [
            Context(
                scope_id=world.scope.id,
                public_id=f"mine {number}",
                solution=mine,
                created_at=begin + timedelta(seconds=number * (size // OWN)),
                updated_at=begin,
            )
            for number in range(OWN)
        ]
        Context.objects.bulk_create(own)
        vendor = connection.vendor
        sql = OTHERS.format(series=SERIES, size=size, id=NEW_ID[vendor], at=AT[vendor])
        ids = [each.hex if vendor == "sqlite" else each for each in (world.scope.id, other.id)]
        at = connection.ops.adapt_datetimefield_value(begin)
        with connection.cursor() as on:
            on.execute(sql, [*ids, at, at])
        names = [f"other {number * (size // BORROWED) + 1}" for number in range(BORROWED)]
        lent = Context.objects.filter(public_id__in=names)
        ContextShare.objects.bulk_create(
            [
                ContextShare(scope_id=world.scope.id, context=each, solution=mine, shared_at=begin)
                for each in lent
            ]
        )


def place(public_id: str) -> str:
    row = Context.objects.get(public_id=public_id)
    return keyset.cursor_of(row.created_at, row.id)


def asked() -> dict[str, Callable[[], Any]]:
    """What does not ask how many contexts the scope has."""
    middle = f"mine {OWN // 2}"
    after = place(middle)
    narrow = limits.checked(solutions=["mine"])
    page: dict[str, Any] = {"limit": 100, "is_descending": False, "limits": None}
    return {
        "the newest": lambda: queries.contexts_window(After(), limits=None),
        "the oldest": lambda: queries.contexts_window(After(is_descending=False), limits=None),
        "from the middle": lambda: queries.contexts_window(After(after=after), limits=None),
        "for a solution": lambda: queries.contexts_window(
            After(after=after), limits=None, solution_id="mine"
        ),
        "for a limited key": lambda: queries.contexts_window(After(after=after), limits=narrow),
        "solutions": lambda: queries.solutions_window(After(), limits=narrow),
        "for a part of a solution": lambda: queries.contexts_page(**page, solution_id="mine"),
        "for a part of a limited key": lambda: queries.contexts_page(**{**page, "limits": narrow}),
        "for what is behind one of a solution": lambda: queries.contexts_page(
            **page, after=middle, solution_id="mine"
        ),
        "for what is behind half of a solution": lambda: queries.contexts_page(
            **page, skip=90, solution_id="mine"
        ),
    }


def cost(alice: cast.Member, read: Callable[[], Any]) -> int:
    read()
    with CaptureQueriesContext(connection) as caught:
        read()
    told = [each["sql"] for each in caught.captured_queries if each["sql"].startswith("SELECT")]
    assert len(told) <= MOST_STATEMENTS, told
    if connection.vendor == "sqlite":
        assert all(_is_by_index(alice, sql) for sql in told), told
        return 0
    return sum(_pages(alice, sql) for sql in told)


def test_other_contexts_cost_nothing() -> None:
    anew()
    worlds = {size: cast.world() for size in SIZES}
    for size, world in worlds.items():
        filled(world, size)
    people = {size: world.member("alice") for size, world in worlds.items()}
    told_to_planner()
    costs: dict[str, list[int]] = {}
    for size, world in worlds.items():
        with cast.in_scope(world):
            for name, read in asked().items():
                costs.setdefault(name, []).append(cost(people[size], read))
    of_solutions = {name: costs.pop(name) for name in [*costs] if name.startswith("for")}
    assert max(max(pair) for pair in of_solutions.values()) <= MOST_FOR_A_SOLUTION, of_solutions
    most = MOST_MORE + SPREAD
    grown = {name: pair for name, pair in costs.items() if pair[1] > pair[0] + most}
    assert not grown, costs
