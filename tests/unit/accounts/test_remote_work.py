"""Members stand at a remote as they stand here, whatever happened in between."""

import pytest

from tests import remotes
from tests.remote_stand_in import StandIn
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
            assert change.attempts == 1
            there.lies = set()
            remotes.until(lambda: bool(remotes.settle()) or not house.states().get("pending"))
            assert there.members() == house.here()
        assert set(house.states()) == {"done"}
