"""Solutions and contexts: what keeps them, what their policies may say, and what deletes them."""

from datetime import datetime
from typing import Any

import pytest

from accounts.context_errors import (
    ContextMissing,
    FilterTooCostly,
    SolutionHasContexts,
    TooManyContexts,
    TooManySolutions,
)
from accounts.errors import InUse, NameTaken
from accounts.models import Context, ContextMember, ContextTally, Remote, RemoteContext, Solution
from accounts.queries import bounded_reads, list_filters, members
from accounts.services import context_fields, context_members, contexts, solutions
from identity import ids
from identity.actor import Actor
from identity.crypto import user_key
from identity.errors import Invalid
from tests.unit.accounts.people import Events

KEY = user_key.parse_private(bytes(31) + b"\1").public.text


@pytest.fixture
def on_postgresql() -> None:
    """SQLite gives no statement up: tests that ask for this run on the other one alone."""


@pytest.fixture
def circle(system: Actor, now: datetime) -> Context:
    solution = solutions.create(name="Main", by=system, now=now)
    given = contexts.Given(solution.public_id, "Circle", visibility="public")
    return contexts.create(given=given, by=system, now=now)


def test_the_same_id_again_is_the_same_thing(
    circle: Context, system: Actor, now: datetime, events: Events
) -> None:
    before = events()
    made = solutions.create(name="Main", public_id=circle.solution.public_id, by=system, now=now)
    assert made.id == circle.solution_id
    given = contexts.Given(circle.solution.public_id, "Circle", visibility="public")
    again = contexts.create(given=given, public_id=circle.public_id, by=system, now=now)
    assert again.id == circle.id
    assert events() == before
    with pytest.raises(NameTaken):
        solutions.create(name="Other", public_id=circle.solution.public_id, by=system, now=now)
    other = contexts.Given(circle.solution.public_id, "Square")
    with pytest.raises(NameTaken):
        contexts.create(given=other, public_id=circle.public_id, by=system, now=now)


def test_there_is_an_end_to_them(
    circle: Context, system: Actor, now: datetime, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contexts, "MOST", 2)
    monkeypatch.setattr(solutions, "MOST", 2)
    main = circle.solution.public_id
    contexts.create(given=contexts.Given(main, "two"), public_id="2", by=system, now=now)
    solutions.create(name="Two", public_id="two", by=system, now=now)
    before = events()
    with pytest.raises(TooManyContexts):
        contexts.create(given=contexts.Given(main, "three"), public_id="3", by=system, now=now)
    with pytest.raises(TooManySolutions):
        solutions.create(name="Three", by=system, now=now)
    assert (Context.objects.count(), Solution.objects.count()) == (2, 2)
    # The same again is no more than there is.
    contexts.create(given=contexts.Given(main, "two"), public_id="2", by=system, now=now)
    solutions.create(name="Two", public_id="two", by=system, now=now)
    assert events() == before
    contexts.delete(context_id="2", by=system, now=now)
    contexts.create(given=contexts.Given(main, "three"), public_id="3", by=system, now=now)
    assert Context.objects.count() == 2


def test_everything_of_a_context_goes_with_it(
    circle: Context, system: Actor, now: datetime
) -> None:
    other = solutions.create(name="Other", by=system, now=now).public_id
    contexts.share(context_id=circle.public_id, solution_id=other, by=system, now=now)
    context_members.add(
        context_id=circle.public_id, member_id="bob", public_key=KEY, by=system, now=now
    )
    with pytest.raises(SolutionHasContexts):
        solutions.delete(solution_id=other, by=system, now=now)
    contexts.delete(context_id=circle.public_id, by=system, now=now)
    assert not ContextMember.objects.exists()
    assert not ContextTally.objects.exists()
    solutions.delete(solution_id=other, by=system, now=now)
    with pytest.raises(ContextMissing):
        contexts.delete(context_id=circle.public_id, by=system, now=now)


def test_a_context_that_is_carried_elsewhere_stays(
    circle: Context, system: Actor, now: datetime
) -> None:
    remote = Remote.objects.create(
        scope_id=circle.scope_id,
        name="elsewhere",
        url="https://bridge.example/api",
        api_key_id="x",
        sealed_secret=b"",
        solution_there="x",
        created_at=now,
        updated_at=now,
    )
    RemoteContext.objects.create(
        id=ids.new(), scope_id=circle.scope_id, remote=remote, context=circle, created_at=now
    )
    with pytest.raises(InUse):
        contexts.delete(context_id=circle.public_id, by=system, now=now)


@pytest.mark.parametrize("odd", ["nul\0", "half \ud800"])
def test_nothing_has_an_id_that_cannot_be_kept(
    odd: str, circle: Context, system: Actor, now: datetime
) -> None:
    where: dict[str, Any] = {"by": system, "now": now}
    with pytest.raises(ContextMissing):
        contexts.disable(context_id=odd, **where)
    with pytest.raises(ContextMissing):
        members.member(odd, "bob", limits=None)
    with pytest.raises(ContextMissing):
        context_members.remove(context_id=odd, member_id="bob", **where)
    with pytest.raises(Invalid):
        solutions.create(name=odd, **where)
    with pytest.raises(Invalid):
        solutions.create(name="x", public_id=odd, **where)


@pytest.mark.parametrize(
    "policy",
    [
        {},
        {"get": "default", "listMy": "all", "listAll": "none", "create": "user", "update": "owner"},
        {"thread": {"get": "user,manager&owner", "updatePolicy": "owner"}},
        {"inbox": {"create": "all", "creatorHasToBeManager": "yes"}, "stream": {}},
        {"kvdb": {"item": {"delete": "itemOwner&user,manager", "create": "user"}}},
        {"store": {"canOverwriteContextPolicy": "default", "listAll": "none"}},
    ],
    ids=str,
)
def test_keeps_policies(policy: dict[str, Any]) -> None:
    assert context_fields.policy(policy) == policy


def test_a_filter_that_takes_too_long_is_given_up(
    circle: Context, monkeypatch: pytest.MonkeyPatch, on_postgresql: None
) -> None:
    rows = [
        ContextMember(
            scope_id=circle.scope_id,
            context=circle,
            member_id=f"m{number}" + "x" * 100,
            public_key=str(number),
            acl="ALLOW ALL",
            reach=31,
            starts=31,
            position=number,
            created_at=circle.created_at,
        )
        for number in range(1, 20_001)
    ]
    ContextMember.objects.bulk_create(rows, batch_size=2000)
    slow = [{"#userId": {"$contains": f"{number}y"}} for number in range(60)]
    tree = list_filters.parse({"$or": slow}, known=members.FILTERS)
    given: dict[str, Any] = {"limit": 1, "is_descending": False, "limits": None, "filter": tree}
    assert members.members_page(circle.public_id, **given).count == 0
    monkeypatch.setattr(bounded_reads, "LONGEST", 1)
    with pytest.raises(FilterTooCostly):
        members.members_page(circle.public_id, **given)
    monkeypatch.undo()
    assert members.members_page(circle.public_id, **given).count == 0
