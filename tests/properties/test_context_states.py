"""Members of a context under any order of acts, beside a plain model of what there should be."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run

from accounts.queries import members as queries
from accounts.services import context_members, contexts, solutions
from identity.crypto import user_key
from identity.errors import DomainError
from tests import acts, cast

pytestmark = pytest.mark.django_db
KEYS = [user_key.parse_private(bytes([number]) * 32).public.text for number in range(1, 7)]
MEMBERS = ["alice", "bob", "c\n/é", "d-alice"]
ACLS = ["ALLOW ALL", "DENY ALL", "ALLOW thread/READ\nDENY thread/threadGet threadId=1"]
PLACES = st.integers(0, 9)


class Life(RuleBasedStateMachine):
    """One context; `model` has the living members in order as (id, key, list, is staff)."""

    @initialize()
    def begin(self) -> None:
        self.world = cast.world()
        self.now: datetime = acts.now()
        self.model: list[tuple[str, str, str, bool]] = []
        self.history: list[tuple[str, str, datetime, datetime | None]] = []
        with cast.in_scope(self.world):
            solution = solutions.create(name="Main", by=self.world.system, now=self.now)
            given = contexts.Given(solution.public_id, "Circle")
            made = contexts.create(given=given, by=self.world.system, now=self.now)
        self.circle = made.public_id

    def ask(self, act: Any, **given: Any) -> Any:
        """What an act answers, or the code of its refusal."""
        try:
            with cast.in_scope(self.world):
                return act(context_id=self.circle, by=self.world.system, now=self.now, **given)
        except DomainError as refused:
            return refused.code

    def find(self, member: str) -> int | None:
        return next((at for at, row in enumerate(self.model) if row[0] == member), None)

    def close(self, member: str) -> None:
        for at, (name, key, since, until) in enumerate(self.history):
            if name == member and until is None:
                self.history[at] = (name, key, since, self.now)

    @rule(minutes=st.integers(1, 90))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(
        member=st.sampled_from(MEMBERS),
        key=st.sampled_from(KEYS),
        acl=st.none() | st.sampled_from(ACLS),
        is_staff=st.none() | st.booleans(),
    )
    def add(self, member: str, key: str, acl: str | None, *, is_staff: bool | None) -> None:
        given = {"member_id": member, "public_key": key, "acl": acl, "is_staff": is_staff}
        answer = self.ask(context_members.add, **given)
        at = self.find(member)
        if any(row[1] == key and row[0] != member for row in self.model):
            assert answer == "member.key-taken"
            return
        old = None if at is None else self.model[at]
        was_staff = bool(old and old[3] and old[1] == key)
        staff = was_staff if is_staff is None else is_staff
        if old is not None and at is not None and old[1] == key:
            new = (member, key, acl or old[2], staff)
            self.model[at] = new
            assert answer.changed == ("nothing" if new == old else "edited")
            return
        if at is not None:
            del self.model[at]
            self.close(member)
        self.model.append((member, key, acl or ACLS[0], staff))
        self.history.append((member, key, self.now, None))
        assert answer.changed == ("added" if old is None else "replaced")

    @rule(member=st.sampled_from(MEMBERS))
    def remove(self, member: str) -> None:
        answer = self.ask(context_members.remove, member_id=member)
        at = self.find(member)
        assert answer == ("member.missing" if at is None else None)
        if at is not None:
            del self.model[at]
            self.close(member)

    @rule(key=st.sampled_from(KEYS))
    def remove_key(self, key: str) -> None:
        answer = self.ask(context_members.remove_by_key, public_key=key)
        found = [row for row in self.model if row[1] == key]
        assert answer == (found[0][0] if found else "member.missing")
        for row in found:
            self.model.remove(row)
            self.close(row[0])

    @rule(member=st.sampled_from(MEMBERS), acl=st.sampled_from(ACLS))
    def set_acl(self, member: str, acl: str) -> None:
        answer = self.ask(context_members.set_acl, member_id=member, acl=acl)
        at = self.find(member)
        if at is None:
            assert answer == "member.missing"
            return
        name, key, old, staff = self.model[at]
        self.model[at] = (name, key, acl, staff)
        assert answer == ("nothing" if acl == old else "edited")

    @rule(skip=PLACES, limit=st.integers(1, 5), is_descending=st.booleans())
    def list_part(self, skip: int, limit: int, *, is_descending: bool) -> None:
        order = self.model[::-1] if is_descending else self.model
        given: dict[str, Any] = {"limit": limit, "is_descending": is_descending, "limits": None}
        with cast.in_scope(self.world):
            part = queries.members_page(self.circle, skip=skip, **given)
            assert [row.member for row in part.rows] == [
                row[0] for row in order[skip : skip + limit]
            ]
            assert part.count == len(order)
            if not order:
                return
            at = skip % len(order)
            last = f"{self.circle}-{order[at][0]}"
            part = queries.members_page(self.circle, after=last, **given)
        assert [row.member for row in part.rows] == [row[0] for row in order[at + 1 :][:limit]]
        assert part.count == len(order) - at - 1

    @rule(minutes=st.integers(0, 300), member=st.sampled_from(MEMBERS), key=st.sampled_from(KEYS))
    def look_back(self, minutes: int, member: str, key: str) -> None:
        at = self.now - timedelta(minutes=minutes)
        expected = any(
            name == member and held == key and since <= at and (until is None or at < until)
            for name, held, since, until in self.history
        )
        with cast.in_scope(self.world):
            found = queries.was_valid(self.circle, member, key, at, limits=None)
        assert (found is not None) == expected

    @invariant()
    def everybody_is_there(self) -> None:
        if not hasattr(self, "circle"):
            return
        with cast.in_scope(self.world):
            part = queries.members_page(self.circle, limit=100, is_descending=False, limits=None)
            rows = [(row.member, row.public_key, row.acl, row.is_staff) for row in part.rows]
            for row in part.rows:
                assert queries.member(self.circle, row.member, limits=None) == row
                assert queries.member_by_key(self.circle, row.public_key, limits=None) == row
        assert rows == self.model


def test_whatever_is_done_the_members_are_those_of_the_model() -> None:
    run(Life, settings=settings(max_examples=15, stateful_step_count=25, deadline=None))
