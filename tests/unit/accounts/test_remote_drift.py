"""What differs between a context and its remote is found, told truly, and put right when asked."""

import pytest
from django.db import connections

from accounts.services import remote_contexts
from accounts.services.remotes import RemotePaused
from tests import remotes
from tests.remote_stand_in import StandIn
from tests.remotes import House

pytestmark = pytest.mark.django_db(transaction=True)

NOTHING = {"missing": 0, "extra": 0, "unknown": 0, "other_key": 0, "other_acl": 0}


@pytest.fixture
def house() -> House:
    return House.build()


def carried(house: House, there: StandIn, *members: str) -> None:
    there.circle()
    house.link(there.url)
    for member in members:
        there.put(member, house.add(member))
    house.carry()
    remotes.settle()
    assert there.members() == house.here()


def counts(drift: dict[str, object]) -> dict[str, object]:
    return {kind: drift[kind] for kind in NOTHING}


def spoil(house: House, there: StandIn) -> None:
    """One of each kind: the members are called by what is wrong with them."""
    members = there.circle().members
    del members["missing"]
    members["other key"].key = remotes.key()
    members["other acl"].acl = "ALLOW READ"
    there.put("unknown", remotes.key())
    house.remove("extra")
    remotes.settle()
    there.put("extra", remotes.key())


ALL = ("missing", "other key", "other acl", "extra", "right")


def test_nothing_differs_where_all_was_carried(house: House) -> None:
    with StandIn() as there:
        carried(house, there, *(f"member {number}" for number in range(120)))
        drift = house.check()
    assert counts(drift) == NOTHING
    assert (drift["here"], drift["there"], drift["waiting"]) == (120, 120, 0)
    assert drift["differences"] == []
    assert house.linked().checked_at is not None


def test_tells_each_difference(house: House) -> None:
    with StandIn() as there:
        carried(house, there, *ALL)
        spoil(house, there)
        drift = house.check()
        here, now = house.here(), there.members()
    assert counts(drift) == dict.fromkeys(NOTHING, 1)
    told = {one.pop("member"): one for one in drift["differences"]}
    assert told == {
        "missing": {"kind": "missing"},
        "extra": {"kind": "extra"},
        "unknown": {"kind": "unknown"},
        "other key": {
            "kind": "other_key",
            "here": here["other key"][0],
            "there": now["other key"][0],
        },
        "other acl": {"kind": "other_acl", "here": "ALLOW ALL", "there": "ALLOW READ"},
    }


def test_a_check_changes_nothing_there(house: House) -> None:
    with StandIn() as there:
        carried(house, there, *ALL)
        spoil(house, there)
        before = there.members()
        house.check()
        assert there.members() == before


def test_a_resync_puts_all_right_but_who_is_unknown_here(house: House) -> None:
    with StandIn() as there:
        carried(house, there, *ALL)
        spoil(house, there)
        house.resync()
        assert set(there.members()) == {*house.here(), "unknown"}
        house.resync(removes_unknown=True)
        assert there.members() == house.here()
        assert counts(house.check()) == NOTHING
    assert set(house.states()) == {"done"}


def test_who_is_on_the_way_is_no_difference(house: House) -> None:
    with StandIn() as there:
        carried(house, there, "alice")
        there.lies = {"context/addUserToContext"}
        house.add("bob")
        remotes.sweep()
        # Waits for its next try: put off for as long as the check takes.
        house.put_off("bob")
        drift = house.check()
        assert counts(drift) == NOTHING
        assert drift["waiting"] == 1


def test_who_came_while_it_was_compared_is_asked_for_once_more(house: House) -> None:
    with StandIn() as there:
        carried(house, there, "alice")
        late = remotes.key()

        def before(method: str, params: dict[str, object]) -> None:
            # The list was read: now somebody is added on both sides, before this side is read.
            if method == "context/listUsersFromContext" and params["skip"]:
                there.before = None
                house.add("bob", late)
                there.put("bob", late)
                # The remote's thread ends without a word.
                connections.close_all()

        there.before = before
        drift = house.check()
        assert counts(drift) == NOTHING
        remotes.settle()
        assert there.members() == house.here()


def test_who_goes_while_it_is_read_hides_nobody(house: House) -> None:
    members = [f"member {number:03}" for number in range(250)]
    with StandIn() as there:
        carried(house, there, *members)
        there.put("stranger", remotes.key())

        def before(method: str, params: dict[str, object]) -> None:
            if method == "context/listUsersFromContext" and params["skip"] == 100:
                there.before = None
                for member in members[:60]:
                    del there.circle().members[member]

        there.before = before
        drift = house.check()
    # They were there when they were read, and the next check tells otherwise.
    assert counts(drift) == {**NOTHING, "unknown": 1}


def test_names_that_no_database_holds_are_told(house: House) -> None:
    with StandIn() as there:
        carried(house, there, "alice")
        there.put("a\0b", remotes.key())
        there.put("x" * 5000, remotes.key())
        drift = house.check()
        assert drift["unknown"] == 2
        house.resync(removes_unknown=True)
    assert set(house.states()) == {"done"}


def test_a_context_that_is_gone_there_is_told(house: House) -> None:
    with StandIn() as there:
        carried(house, there, "alice")
        there.circles.clear()
        house.check()
        (change,) = house.changes(kind="check")
        assert change.state == "failed"
        assert "no context" in change.last_error


def test_who_asks_twice_gets_one(house: House) -> None:
    with StandIn() as there:
        carried(house, there)
        assert house.link_id
        for _ in range(3):
            remote_contexts.check(
                remote_id=house.remote_id, link_id=house.link_id, by=house.by, now=remotes.now()
            )
        assert len(house.changes(kind="check", state="pending")) == 1


def test_a_paused_remote_is_not_compared(house: House) -> None:
    with StandIn() as there:
        carried(house, there)
        house.pause()
        with pytest.raises(RemotePaused):
            house.check()
