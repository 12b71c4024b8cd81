"""Members stand at a remote as they stand here, whatever happened in between."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from accounts.services import remote_standing, users
from identity.management.carrier import Carrier
from identity.scoping import current
from tests import remotes
from tests.remote_stand_in import Refuse, StandIn
from tests.remotes import House

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def house() -> House:
    return House.build()


def test_carries_who_is_added_replaced_changed_and_removed(house: House) -> None:
    with StandIn() as there:
        there.circle()
        house.link(there.url)
        house.carry()
        house.add("alice")
        house.add("bob")
        remotes.settle()
        assert there.members() == house.here()
        assert set(there.members()) == {"alice", "bob"}
        house.add("alice")
        house.set_acl("bob", "ALLOW READ")
        remotes.settle()
        assert there.members() == house.here()
        house.remove("alice")
        remotes.settle()
    assert there.members() == house.here()
    assert set(there.members()) == {"bob"}
    assert set(house.states()) == {"done"}


def test_carries_those_who_were_members_before(house: House) -> None:
    for number in range(7):
        house.add(f"member {number}")
    with StandIn() as there:
        there.circle()
        house.link(there.url)
        house.carry()
        remotes.settle()
        assert there.members() == house.here()


def test_makes_the_context_there_once(house: House) -> None:
    house.add("alice")
    with StandIn() as there:
        house.link(there.url)
        house.carry("")
        remotes.settle()
        (made,) = there.circles.values()
        assert made.name == "Our circle"
        assert there.members(made.id) == house.here()
    assert house.linked().context_there == made.id


def test_nothing_is_noted_where_nothing_is_carried(house: House) -> None:
    with StandIn() as there:
        house.link(there.url)
        house.add("alice")
        assert not house.changes()
        assert remotes.sweep() == 0
        assert not there.seen


def test_keys_change_hands(house: House) -> None:
    with StandIn() as there:
        there.circle()
        house.link(there.url)
        house.carry()
        first, second = house.add("alice"), house.add("bob")
        remotes.settle()
        house.remove("alice")
        house.remove("bob")
        house.add("alice", second)
        house.add("bob", first)
        remotes.settle()
        assert there.members() == house.here()
    assert set(house.states()) == {"done"}


def test_a_key_of_a_stranger_there_is_shown_and_not_retried(house: House) -> None:
    with StandIn() as there:
        key = remotes.key()
        there.put("stranger", key)
        house.link(there.url)
        house.carry()
        house.add("alice", key)
        remotes.settle()
        (change,) = house.changes(member="alice")
        calls = len(there.seen)
        assert remotes.settle() == 0
        assert len(there.seen) == calls
    assert change.state == "failed"
    assert "stranger" in change.last_error
    assert set(there.members()) == {"stranger"}


def test_a_removal_of_who_is_not_there_is_done(house: House) -> None:
    with StandIn() as there:
        there.circle()
        house.link(there.url)
        house.carry()
        house.add("alice")
        house.remove("alice")
        remotes.settle()
        # Overtaken by the removal: it was never added.
        assert "addUserToContext" not in there.methods()
    assert set(house.states()) == {"done"}


class TestAccounts:
    """Whose account here is shut out is nobody's member there meanwhile."""

    def test_who_is_disabled_goes_and_comes_back(self, house: House) -> None:
        user = house.user("alice")
        with StandIn() as there:
            there.circle()
            house.link(there.url)
            house.carry()
            house.add("alice", user_id=user.id)
            house.add("bob")
            remotes.settle()
            assert set(there.members()) == {"alice", "bob"}
            users.disable(user_id=user.id, by=house.by, now=remotes.now())
            remotes.settle()
            assert set(there.members()) == {"bob"}
            users.enable(user_id=user.id, by=house.by, now=remotes.now())
            remotes.settle()
            assert there.members() == house.here()
        assert [change.why for change in house.changes(member="alice")] == [
            "added",
            "disabled",
            "enabled",
        ]

    def test_who_is_locked_goes(self, house: House) -> None:
        user = house.user("alice")
        with StandIn() as there:
            there.circle()
            house.link(there.url)
            house.carry()
            house.add("alice", user_id=user.id)
            remotes.settle()
            users.edit(user_id=user.id, status="disabled", by=house.by, now=remotes.now())
            remotes.settle()
            assert not there.members()

    def test_who_has_expired_is_wanted_no_more(self, house: House) -> None:
        user = house.user("alice", expires_at=remotes.now() + timedelta(hours=1))
        house.add("alice", user_id=user.id)
        with current.in_scope(house.scope_id):
            wanted = remote_standing.wanted(house.context.id, "alice", now=remotes.now())
            assert wanted is not None
            later = remotes.now() + timedelta(hours=2)
            assert remote_standing.wanted(house.context.id, "alice", now=later) is None

    def test_a_change_that_is_taken_back_is_not_noted(self, house: House) -> None:
        user = house.user("alice")
        with StandIn() as there:
            there.circle()
            house.link(there.url)
            house.carry()
            house.add("alice", user_id=user.id)
            remotes.settle()
            with pytest.raises(ZeroDivisionError), transaction.atomic():
                users.disable(user_id=user.id, by=house.by, now=remotes.now())
                raise ZeroDivisionError
            assert remotes.settle() == 0
            assert set(there.members()) == {"alice"}


class TestOrder:
    def test_the_first_change_of_a_member_alone_can_be_taken(self, house: House) -> None:
        with StandIn() as there:
            there.circle()
            house.link(there.url)
            house.carry()
            remotes.settle()
            for _ in range(3):
                house.add("alice")
            house.add("bob")
            carrier = Carrier(pace=remotes.HURRIED)
            taken = carrier.taken(8)
            assert len(taken) == 2
            assert carrier.taken(8) == []
            for one in taken:
                carrier.carry(*one)
            # All three were carried together.
            assert set(house.states()) == {"done"}
            assert there.methods().count("addUserToContext") == 2

    def test_nothing_goes_before_its_context_is_there(self, house: House) -> None:
        house.add("alice")
        with StandIn() as there:
            there.refuses = {"context/createContext": Refuse(-32603, "Internal error")}
            house.link(there.url)
            house.carry("")
            house.add("bob")
            for _ in range(3):
                remotes.sweep()
            assert set(there.methods()) == {"listContextsOfSolution", "createContext"}
            there.refuses = {}
            house.resume()
            remotes.until(lambda: not remotes.settle() and set(house.states()) == {"done"})
            (made,) = there.circles
            assert there.members(made) == house.here()

    def test_parallel_workers_never_have_the_same_member(self, house: House) -> None:
        under_way: set[str] = set()
        together: list[str] = []
        lock = threading.Lock()

        def before(method: str, params: dict[str, Any]) -> None:
            member = params.get("userId")
            if member is None:
                return
            with lock:
                if member in under_way:
                    together.append(member)
                under_way.add(member)
            time.sleep(0.005)
            with lock:
                under_way.discard(member)

        with StandIn() as there:
            there.circle()
            house.link(there.url)
            house.carry()
            there.before = before
            carriers = [Carrier(pace=remotes.HURRIED, tick=0.01) for _ in range(3)]
            for carrier in carriers:
                carrier.start()
            for turn in range(6):
                for member in ("alice", "bob", "charlie"):
                    if turn == 4:
                        house.remove(member)
                    else:
                        house.add(member)
            remotes.until(lambda: set(house.states()) == {"done"})
            for carrier in carriers:
                carrier.stop()
            assert there.members() == house.here()
        assert len(house.here()) == 3
        assert not together


class TestLies:
    def test_ok_is_not_believed(self, house: House) -> None:
        with StandIn() as there:
            there.circle()
            house.link(there.url)
            house.carry()
            there.lies = {"context/addUserToContext"}
            house.add("alice")
            remotes.settle()
            (change,) = house.changes(member="alice")
            assert change.state == "pending"
            assert change.attempts >= 1
            assert "is not" in change.last_error
            there.lies = set()
            remotes.until(lambda: not remotes.settle() and set(house.states()) == {"done"})
            assert there.members() == house.here()

    def test_a_removal_is_not_believed_either_and_given_up_in_the_end(self, house: House) -> None:
        with StandIn() as there:
            there.circle()
            house.link(there.url)
            house.carry()
            house.add("alice")
            remotes.settle()
            there.lies = {"context/removeUserFromContext"}
            house.remove("alice")
            remotes.until(lambda: not remotes.settle() and bool(house.states().get("failed")))
            (change,) = house.changes(state="failed")
            assert change.attempts == remotes.HURRIED.most_attempts
            there.lies = set()
            assert house.retry() == 1
            remotes.settle()
            assert not there.members()
        assert set(house.states()) == {"done"}
