"""Programs at the same time: renewals, a key's last place, its new secret, and its end."""

from datetime import timedelta

import pytest

from identity.errors import Unauthenticated
from identity.models import ApiKey
from identity.scoping import current
from identity.services import api_key_secrets, api_keys, scopes
from sessions_app.errors import TokenRefused
from sessions_app.models import MachineSession
from sessions_app.services import machine_keys, machine_renewals
from sessions_app.services.machine_sessions import Pair
from sessions_app.services.machine_starts import Asked
from sessions_app.services.sessions import Origin
from tests import acts, cast, programs
from tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)


def living(world: cast.World) -> int:
    with current.in_scope(world.scope.id):
        return MachineSession.objects.filter(status="active").count()


def test_fifty_renewals_leave_one_living_pair() -> None:
    world = cast.world()
    pair = programs.make(world.system).begin()

    def renew(_: int) -> str:
        return machine_renewals.refresh(pair.refresh, origin=programs.AT, now=acts.now()).access

    answers = together.run(renew, count=50)
    assert len(set(answers)) == 1, answers
    with current.in_scope(world.scope.id):
        session = MachineSession.objects.get()
    assert (session.serial, session.status) == (2, "active")
    with pytest.raises(TokenRefused):
        programs.asking(pair)


def test_a_thief_among_fifty_ends_the_session() -> None:
    world = cast.world()
    pair = programs.make(world.system).begin()
    thief = Origin(address="203.0.113.1", user_agent="thief")

    def renew(number: int) -> None:
        origin = thief if number == 25 else programs.AT
        machine_renewals.refresh(pair.refresh, origin=origin, now=acts.now())

    ends = together.run(renew, count=50)
    assert any(isinstance(end, TokenRefused) for end in ends)
    assert living(world) == 0


def test_fifty_beginnings_leave_as_many_as_allowed() -> None:
    world = cast.world()
    robot = programs.make(world.system)
    answers = together.run(lambda _: robot.begin(), count=50)
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    assert living(world) == 16
    good = 0
    for answer in answers:
        try:
            programs.asking(answer)
        except TokenRefused:
            continue
        good += 1
    assert good == 16


def test_of_fifty_with_one_name_one_goes_on() -> None:
    world = cast.world()
    robot = programs.make(world.system)
    answers = together.run(lambda _: robot.begin(Asked(name="worker")), count=50)
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    assert living(world) == 1


def test_nothing_begins_behind_the_switch() -> None:
    """Whatever began before ends, and whatever comes after is refused."""
    world = cast.world()
    robot = programs.make(world.system)
    with current.in_scope(world.scope.id):
        scopes.change_settings(changes={"machine_sessions": 256}, by=world.system, now=acts.now())
    door = robot.door

    def act(number: int) -> object:
        if number == 10:
            return machine_keys.disable(key_id=door.id, by=world.system, now=acts.now())
        return robot.begin()

    ends = together.run(act, count=30)
    assert {type(end) for end in ends} <= {ApiKey, Pair, Unauthenticated}
    assert living(world) == 0


def test_of_twenty_rotations_the_last_secrets_count() -> None:
    world = cast.world()
    robot = programs.make(world.system)

    def rotate(_: int) -> str:
        return api_keys.rotate(
            key_id=robot.row.id, overlap=timedelta(hours=1), by=world.system, now=acts.now()
        )

    made = together.run(rotate, count=20)
    door, now = robot.door, acts.now()
    unsealed = {each.decode() for each in api_key_secrets.unseal_secrets(door, now=now)}
    assert len(unsealed) == 2
    assert unsealed <= {*made, robot.secret}
    digests = {door.secret_digest, door.previous_digest}
    assert {api_key_secrets.digest(each) for each in unsealed} == digests


def test_two_keys_that_change_each_other_do_not_wait_for_ever() -> None:
    world = cast.world()
    first = programs.make(world.system, "api-keys:edit", name="first")
    second = programs.make(world.system, "api-keys:edit", name="second")
    actors = (first.actor, second.actor)

    def edit(number: int) -> None:
        other = (second, first)[number % 2]
        api_keys.edit(key_id=other.row.id, name=f"n{number}", by=actors[number % 2], now=acts.now())

    assert together.run(edit, count=30) == [None] * 30
