"""A remote that is down, slow, lying or answering nonsense: nothing is lost and nothing doubled."""

import dataclasses
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Remote
from accounts.services import remote_pace
from accounts.services import remotes as services
from identity.management.carrier import Carrier
from identity.models import AuditEvent
from identity.scoping import current
from tests import remotes
from tests.remote_stand_in import KEY_ID, SECRET, Refuse, StandIn
from tests.remotes import House

pytestmark = pytest.mark.django_db(transaction=True)

QUICK = dataclasses.replace(remotes.HURRIED, seconds=0.4)


@pytest.fixture
def house() -> House:
    return House.build()


def carried(house: House, there: StandIn) -> None:
    there.circle()
    house.link(there.url)
    house.carry()
    remotes.settle()


def until_done(pace: remote_pace.Pace = remotes.HURRIED) -> Callable[[House], None]:
    def wait(house: House) -> None:
        remotes.until(lambda: not remotes.settle(pace=pace) and set(house.states()) == {"done"})

    return wait


def test_a_remote_that_is_down_gets_all_when_it_is_up_again(house: House) -> None:
    with StandIn() as there:
        carried(house, there)
    for number in range(5):
        house.add(f"member {number}")
    house.remove("member 0")
    for _ in range(5):
        remotes.sweep()
    row = house.row()
    assert row.failures > 0
    assert row.failing_since is not None
    assert "connection" in row.last_error
    assert "failed" not in house.states()
    # Its outages are nobody's tries.
    assert {change.attempts for change in house.changes(state="pending")} == {0}
    with StandIn(port=there.port, circles=there.circles) as again:
        until_done()(house)
        assert again.members() == house.here()
    row = house.row()
    assert (row.failures, row.failing_since, row.last_error) == (0, None, "")


def test_one_call_at_a_time_asks_a_remote_that_fails(house: House) -> None:
    pace = dataclasses.replace(remotes.HURRIED, first_rest=0.05, longest_rest=0.05)
    with StandIn() as there:
        carried(house, there)
        for number in range(20):
            house.add(f"member {number}")
        there.status, there.pause = 503, 0.02
        remotes.sweep(pace=pace)
        there.most_at_once = 0
        carriers = [Carrier(pace=pace, tick=0.01) for _ in range(3)]
        for carrier in carriers:
            carrier.start()
        remotes.until(lambda: house.row().failures > 12)
        assert there.most_at_once == 1
        there.status = 200
        remotes.until(lambda: set(house.states()) == {"done"})
        for carrier in carriers:
            carrier.stop()
        assert there.members() == house.here()


def test_a_slow_remote_has_one_member_in_the_end(house: House) -> None:
    with StandIn() as there:
        carried(house, there)
        there.pause = 0.8
        house.add("alice")
        remotes.sweep(pace=QUICK)
        assert "took too long" in house.row().last_error
        # It was done there all the same, as is found out.
        there.pause = 0.0
        until_done(QUICK)(house)
        assert there.members() == house.here()
        assert list(there.members()) == ["alice"]


def garbage(call: dict[str, Any], right: bytes) -> bytes:
    return b"<html>not here</html>"


def another_id(call: dict[str, Any], right: bytes) -> bytes:
    return json.dumps({**json.loads(right), "id": "another"}).encode()


def number_for_id(call: dict[str, Any], right: bytes) -> bytes:
    return json.dumps({**json.loads(right), "id": 0}).encode()


def no_id(call: dict[str, Any], right: bytes) -> bytes:
    reply = json.loads(right)
    del reply["id"]
    return json.dumps(reply).encode()


def both(call: dict[str, Any], right: bytes) -> bytes:
    error = {"code": 9, "message": "User doesn't exist"}
    return json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": "OK", "error": error}).encode()


def neither(call: dict[str, Any], right: bytes) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": call["id"]}).encode()


def twice(call: dict[str, Any], right: bytes) -> bytes:
    return right + b"\n" + right


def a_list(call: dict[str, Any], right: bytes) -> bytes:
    return b"[" + right + b"]"


def huge(call: dict[str, Any], right: bytes) -> bytes:
    return right + b" " * 3_000_000


def nested(call: dict[str, Any], right: bytes) -> bytes:
    return b"[" * 500_000


def other_version(call: dict[str, Any], right: bytes) -> bytes:
    return json.dumps({**json.loads(right), "jsonrpc": "1.0"}).encode()


def other_shape(call: dict[str, Any], right: bytes) -> bytes:
    return json.dumps({**json.loads(right), "result": {"ok": True}}).encode()


def too_many(call: dict[str, Any], right: bytes) -> bytes:
    told = {"code": 429, "headers": {}, "body": "Too many requests"}
    return json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": told}).encode()


def other_member(call: dict[str, Any], right: bytes) -> bytes:
    return right.replace(b'"alice"', b'"mallory"')


def odd_error(call: dict[str, Any], right: bytes) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": call["id"], "error": {"code": "9"}}).encode()


NONSENSE = (
    *(garbage, another_id, number_for_id, no_id, both, neither, twice, a_list, huge, nested),
    *(other_version, other_shape, too_many, other_member, odd_error),
)


@pytest.mark.parametrize("answer", NONSENSE, ids=lambda answer: answer.__name__)
def test_an_answer_that_is_none_counts_as_no_answer(
    house: House, answer: Callable[[dict[str, Any], bytes], bytes]
) -> None:
    with StandIn() as there:
        carried(house, there)
        there.answers = answer
        house.add("alice")
        remotes.sweep()
        (change,) = house.changes(member="alice")
        assert change.state == "pending"
        assert house.row().failures == 1
        there.answers = None
        until_done()(house)
        assert there.members() == house.here()


@pytest.mark.parametrize("status", [301, 400, 401, 404, 429, 500, 503])
def test_another_status_is_no_answer_whatever_stands_in_it(house: House, status: int) -> None:
    with StandIn() as there:
        carried(house, there)
        there.status = status
        house.add("alice")
        remotes.sweep()
        assert house.changes(member="alice")[0].state == "pending"
        assert house.row().failures == 1


def test_what_the_remote_refuses_for_good_is_given_up_at_once(house: House) -> None:
    with StandIn() as there:
        carried(house, there)
        there.refuses = {"context/addUserToContext": Refuse(0x6131, "Invalid acl")}
        house.add("alice", acl="ALLOW thread/READ")
        house.add("bob")
        remotes.settle()
        assert {change.state for change in house.changes(member="alice")} == {"failed"}
        assert "access list" in house.changes(member="alice")[0].last_error
        assert house.row().failures == 0
        there.refuses = {}
        # A later change carries what was given up, too.
        house.set_acl("alice", "ALLOW ALL")
        remotes.settle()
        assert {change.state for change in house.changes(member="alice")} == {"done"}


def test_a_key_that_is_refused_pauses_the_remote_soon(house: House) -> None:
    with StandIn() as there:
        carried(house, there)
        there.secret = "0" * 32
        house.add("alice")
        remotes.until(lambda: not remotes.settle() and house.row().status == "paused")
        row = house.row()
        assert (row.reason, row.failures) == ("failing", remotes.HURRIED.most_refusals)
        calls = len(there.seen)
        house.add("bob")
        assert remotes.settle() == 0
        assert len(there.seen) == calls
        with current.in_scope(house.scope_id):
            event = AuditEvent.objects.get(name="remote.paused")
        assert event.facts["alarm"] is True
        there.secret = SECRET
        house.resume()
        until_done()(house)
        assert there.members() == house.here()


def test_outages_pause_it_late(house: House) -> None:
    pace = dataclasses.replace(remotes.HURRIED, most_outages=20, longest_rest=0.002)
    with StandIn() as there:
        carried(house, there)
        there.status = 503
        house.add("alice")
        remotes.until(lambda: not remotes.settle(pace=pace) and house.row().status == "paused")
        assert house.row().failures == 20
        assert house.changes(member="alice")[0].state == "pending"


def test_one_bad_member_holds_up_no_others(house: House) -> None:
    def answers(call: dict[str, Any], right: bytes) -> bytes:
        return b"" if call["params"].get("userId") == "bad" else right

    with StandIn() as there:
        carried(house, there)
        there.answers = answers
        house.add("bad")
        for number in range(5):
            house.add(f"member {number}")
        remotes.until(lambda: bool(remotes.sweep()) and len(there.members()) == 6)
        assert house.row().status == Remote.Status.ACTIVE
        assert {change.member for change in house.changes(state="pending")} == {"bad"}


def test_a_paused_remote_is_asked_nothing(house: House) -> None:
    with StandIn() as there:
        carried(house, there)
        services.pause(remote_id=house.remote_id, by=house.by, now=remotes.now())
        house.add("alice")
        calls = len(there.seen)
        assert remotes.settle() == 0
        assert len(there.seen) == calls
        house.resume()
        until_done()(house)
        assert there.members() == house.here()


def test_a_lease_that_ran_out_is_anothers(house: House) -> None:
    pace = dataclasses.replace(remotes.HURRIED, lease=timedelta(seconds=-1))
    with StandIn() as there:
        carried(house, there)
        house.add("alice")
        dead = Carrier(pace=pace)
        (first,) = dead.taken(8)
        living = Carrier(pace=remotes.HURRIED)
        (second,) = living.taken(8)
        assert first[1].change_id == second[1].change_id
        # Who was thought dead comes back: it may not even ask.
        calls = len(there.seen)
        dead.carry(*first)
        assert len(there.seen) == calls
        living.carry(*second)
        assert there.members() == house.here()
    assert set(house.states()) == {"done"}


def test_secrets_are_in_no_log_no_row_and_no_event(
    house: House, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    def echo(call: dict[str, Any], right: bytes) -> bytes:
        error = {"code": -32603, "message": f"not {SECRET}"}
        return json.dumps({"jsonrpc": "2.0", "id": call["id"], "error": error}).encode()

    with StandIn() as there:
        carried(house, there)
        there.answers = echo
        house.add("alice")
        for _ in range(3):
            remotes.sweep()
        there.answers = None
        until_done()(house)
    with current.in_scope(house.scope_id):
        events = json.dumps([event.facts for event in AuditEvent.objects.all()])
    written = capfd.readouterr()
    shown = (events, caplog.text, written.out, written.err, house.row().last_error)
    assert not any(SECRET in text for text in shown)
    assert not any(SECRET in change.last_error for change in house.changes())
    assert KEY_ID not in events
    assert SECRET.encode() not in bytes(house.row().sealed_secret)
