"""Machine sessions: tokens of programs, begun, checked, renewed and ended."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from identity import limits
from identity.errors import Invalid, Unauthenticated
from identity.models import AuditEvent
from identity.scoping import current
from identity.services import api_keys, scopes
from identity.services.api_key_errors import ApiKeyTooWide
from sessions_app.errors import TokenRefused
from sessions_app.models import MachineSession
from sessions_app.services import machine_ends, machine_renewals, machine_sessions
from sessions_app.services.machine_starts import Asked
from sessions_app.services.sessions import Origin
from tests import cast, programs
from tests.programs import AT, Program

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WORDS = ("contexts:list", "solutions:list")

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def robot(world: cast.World) -> Program:
    return programs.make(world.system, *WORDS, now=NOW, solutions=["a", "b"])


def check(token: str, *, now: datetime = NOW, address: str = AT.address, **more: Any) -> Any:
    return machine_sessions.check(token, address=address, now=now, **more)


def refresh(token: str, *, now: datetime = NOW, origin: Origin = AT) -> machine_sessions.Pair:
    return machine_renewals.refresh(token, origin=origin, now=now)


def rows(robot: Program) -> Iterator[MachineSession]:
    with current.in_scope(robot.row.scope_id):
        yield from MachineSession.objects.order_by("created_at", "id")


def test_gives_what_the_key_has(world: cast.World, robot: Program) -> None:
    pair = robot.begin(now=NOW)
    assert pair.access_expires_at == NOW + timedelta(minutes=15)
    assert pair.refresh_expires_at == NOW + timedelta(days=7)
    found = check(pair.access)
    assert found.permissions == pair.permissions == frozenset(WORDS)
    assert found.solutions == pair.solutions == ("a", "b")
    by = found.actor(AT.address)
    assert (by.scope_id, by.api_key_id) == (world.scope.id, robot.row.id)
    assert by.permissions == frozenset(WORDS)
    assert by.limits == limits.checked(solutions=["a", "b"])
    (row,) = rows(robot)
    assert pair.session_id == row.id == by.session_id


def test_gives_less_if_less_is_asked_for(robot: Program) -> None:
    asked = Asked(permissions=frozenset({"contexts:list"}), solutions=("b",), contexts=("c",))
    found = check(robot.begin(asked, now=NOW).access)
    assert found.permissions == {"contexts:list"}
    assert found.limits == limits.checked(solutions=["b"], contexts=["c"])
    renewed = refresh(robot.begin(asked, now=NOW).refresh)
    assert renewed.permissions == {"contexts:list"}
    assert renewed.solutions == ("b",)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (Asked(permissions=frozenset({"contexts:edit"})), {"permissions": ["contexts:edit"]}),
        (Asked(solutions=("c", "a")), {"solutions": ["c"]}),
        (Asked(solutions=("*",)), {"solutions": ["*"]}),
    ],
)
def test_gives_no_more_than_the_key_has(robot: Program, asked: Asked, told: Any) -> None:
    with pytest.raises(ApiKeyTooWide) as refusal:
        robot.begin(asked, now=NOW)
    assert refusal.value.facts == told
    assert list(rows(robot)) == []


def test_an_access_token_is_good_for_its_time(robot: Program) -> None:
    token = robot.begin(now=NOW).access
    check(token, now=NOW + 15 * MINUTE - timedelta(microseconds=1))
    with pytest.raises(TokenRefused):
        check(token, now=NOW + 15 * MINUTE)


def test_the_length_asked_for_stays_when_it_is_renewed(robot: Program) -> None:
    pair = robot.begin(Asked(lasts=timedelta(days=7)), now=NOW)
    assert pair.access_expires_at == NOW + timedelta(days=7)
    short = robot.begin(Asked(lasts=timedelta(seconds=3)), now=NOW)
    later = NOW + timedelta(hours=1)
    assert refresh(short.refresh, now=later).access_expires_at == later + timedelta(seconds=3)
    for wrong in (timedelta(days=7, microseconds=1), timedelta(microseconds=-1)):
        with pytest.raises(Invalid):
            robot.begin(Asked(lasts=wrong), now=NOW)


def test_a_renewal_kills_both_tokens_before_it(robot: Program) -> None:
    first = robot.begin(now=NOW)
    second = refresh(first.refresh, now=NOW + MINUTE)
    with pytest.raises(TokenRefused):
        check(first.access, now=NOW + MINUTE)
    check(second.access, now=NOW + MINUTE)
    assert second.refresh_expires_at == NOW + MINUTE + timedelta(days=7) or (
        second.refresh_expires_at == first.refresh_expires_at
    )


def test_a_lost_answer_is_given_again_to_the_same_holder(robot: Program) -> None:
    first = robot.begin(now=NOW)
    second = refresh(first.refresh)
    assert refresh(first.refresh, now=NOW + timedelta(seconds=10)) == second
    check(second.access)


@pytest.mark.parametrize(
    ("later", "origin"),
    [
        (timedelta(seconds=11), AT),
        (timedelta(), Origin(address="198.51.100.1", user_agent=AT.user_agent)),
    ],
)
def test_a_spent_token_in_other_hands_or_later_ends_the_session(
    robot: Program, later: timedelta, origin: Origin
) -> None:
    first = robot.begin(now=NOW)
    second = refresh(first.refresh)
    for _ in range(2):
        with pytest.raises(TokenRefused):
            refresh(first.refresh, now=NOW + later, origin=origin)
    with pytest.raises(TokenRefused):
        check(second.access)
    with pytest.raises(TokenRefused):
        refresh(second.refresh)
    with current.in_scope(robot.row.scope_id):
        (event,) = AuditEvent.objects.filter(name="machine-session.reused")
    assert event.facts["alarm"] is True


def test_a_predecessor_of_the_predecessor_is_an_alarm_at_once(robot: Program) -> None:
    first = robot.begin(now=NOW)
    second = refresh(first.refresh)
    refresh(second.refresh)
    with pytest.raises(TokenRefused):
        refresh(first.refresh)
    (row,) = rows(robot)
    assert (row.status, row.ended_reason) == ("ended", "reuse")


def test_no_session_is_renewed_for_ever(robot: Program) -> None:
    pair, now = robot.begin(now=NOW), NOW
    while now < NOW + timedelta(days=84):
        now += timedelta(days=6)
        pair = refresh(pair.refresh, now=now)
    assert pair.refresh_expires_at == NOW + timedelta(days=90)
    pair = refresh(pair.refresh, now=NOW + timedelta(days=90, minutes=-1))
    assert pair.access_expires_at == NOW + timedelta(days=90)
    with pytest.raises(TokenRefused):
        refresh(pair.refresh, now=NOW + timedelta(days=90))
    with pytest.raises(TokenRefused):
        check(pair.access, now=NOW + timedelta(days=90))


def test_a_second_session_of_a_name_ends_the_first(robot: Program) -> None:
    first = robot.begin(Asked(name="worker"), now=NOW)
    other = robot.begin(Asked(name="other"), now=NOW)
    second = robot.begin(Asked(name="worker"), now=NOW)
    with pytest.raises(TokenRefused):
        check(first.access)
    check(second.access)
    check(other.access)


def test_the_oldest_falls_out(world: cast.World, robot: Program) -> None:
    pairs = [robot.begin(now=NOW + n * timedelta(seconds=1)) for n in range(18)]
    later = NOW + MINUTE
    for pair in pairs[:2]:
        with pytest.raises(TokenRefused):
            check(pair.access, now=later)
    for pair in pairs[2:]:
        check(pair.access, now=later)
    with current.in_scope(world.scope.id):
        scopes.change_settings(changes={"machine_sessions": 1}, by=world.system, now=later)
    last = robot.begin(now=later)
    check(last.access, now=later)
    with pytest.raises(TokenRefused):
        check(pairs[-1].access, now=later)


def test_sessions_are_counted_for_each_key(world: cast.World, robot: Program) -> None:
    pair = robot.begin(now=NOW)
    other = programs.make(world.system, *WORDS, now=NOW)
    for _ in range(17):
        other.begin(now=NOW)
    check(pair.access)


def test_is_bound_to_an_address_and_to_the_keys_networks(world: cast.World, robot: Program) -> None:
    bound = robot.begin(Asked(address="192.0.2.7"), now=NOW)
    check(bound.access)
    with pytest.raises(TokenRefused):
        check(bound.access, address="192.0.2.8")
    with pytest.raises(TokenRefused):
        refresh(bound.refresh, origin=Origin(address="192.0.2.8", user_agent=AT.user_agent))
    local = programs.make(world.system, *WORDS, now=NOW, networks=["192.0.2.0/29"])
    pair = local.begin(now=NOW)
    check(pair.access)
    with pytest.raises(TokenRefused):
        check(pair.access, address="192.0.2.8")
    with pytest.raises(Unauthenticated):
        local.begin(now=NOW, origin=Origin(address="192.0.2.8"))
    with pytest.raises(ApiKeyTooWide):
        local.begin(Asked(address="192.0.2.8"), now=NOW)


def test_is_bound_to_its_connection(robot: Program) -> None:
    pair = robot.begin(Asked(connection="c1"), now=NOW)
    check(pair.access, connection="c1")
    for wrong in ("", "c2"):
        with pytest.raises(TokenRefused):
            check(pair.access, connection=wrong)
    free = robot.begin(now=NOW)
    check(free.access, connection="c1")
    by = robot.actor
    assert machine_ends.end_of_connection("c1", by=by, now=NOW) == 1
    with pytest.raises(TokenRefused):
        check(pair.access, connection="c1")
    check(free.access)


def test_has_no_more_than_the_key_has_now(world: cast.World, robot: Program) -> None:
    pair = robot.begin(now=NOW)
    change = limits.Change(solutions=["b", "c"], contexts=["k"])
    api_keys.edit(key_id=robot.row.id, words=WORDS[:1], limits=change, by=world.system, now=NOW)
    found = check(pair.access)
    assert found.permissions == {WORDS[0]}
    assert found.limits == limits.checked(solutions=["b"], contexts=["k"])
    api_keys.edit(
        key_id=robot.row.id, limits=limits.Change(solutions=["c"]), by=world.system, now=NOW
    )
    with pytest.raises(TokenRefused):
        check(pair.access)


def test_stays_as_narrow_when_the_key_gets_wider(world: cast.World, robot: Program) -> None:
    pair = robot.begin(now=NOW)
    api_keys.edit(
        key_id=robot.row.id,
        words=[*WORDS, "contexts:edit"],
        limits=limits.Change(solutions=[]),
        by=world.system,
        now=NOW,
    )
    found = check(refresh(pair.refresh).access)
    assert (found.permissions, found.solutions) == (frozenset(WORDS), ("a", "b"))


def test_use_is_noted_once_a_minute(robot: Program) -> None:
    token = robot.begin(Asked(lasts=timedelta(hours=1)), now=NOW).access
    for later, noted in ((30, 0), (59, 0), (60, 60), (90, 60), (121, 121)):
        check(token, now=NOW + timedelta(seconds=later))
        assert robot.door.last_used_at == NOW + timedelta(seconds=noted)


def test_a_key_of_another_purpose_gets_no_tokens(world: cast.World) -> None:
    bob = world.member("bob")
    holder = api_keys.Holder(user_id=bob.user.id, purpose="access")
    access = programs.make(world.system, now=NOW, holder=holder)
    with pytest.raises(Unauthenticated):
        access.begin(now=NOW)
