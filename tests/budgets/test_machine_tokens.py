"""What tokens of programs may cost at most, in statements and commits."""

from datetime import timedelta

import pytest

from identity.services import active_keys
from identity.services.api_keys import Holder
from sessions_app.errors import TokenRefused
from sessions_app.services import machine_renewals, machine_sessions, machine_starts
from sessions_app.services.machine_starts import EVERYTHING
from tests import acts, cast, programs
from tests.budgets.test_requests import cost_of
from tests.faces.v1.client import Bearer
from tests.programs import AT

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def signing_keys_are_known(monkeypatch) -> None:
    """Once a second the active key is asked for; a slow machine must not count that."""
    monkeypatch.setattr(active_keys, "REMEMBERED", timedelta(hours=1))


@pytest.fixture
def world() -> cast.World:
    return cast.world()


def test_checking_a_token(world: cast.World) -> None:
    pair = programs.make(world.system, "users:list").begin()
    programs.asking(pair)
    cost = cost_of(lambda: programs.asking(pair))
    assert cost.statements == 1, cost.sql
    assert cost.commits == 0
    assert cost.private_keys == 0


def test_checking_a_token_of_a_key_that_acts_for_a_user(world: cast.World) -> None:
    owner = world.member("owner", "super-admin")
    holder = Holder(user_id=owner.user.id)
    pair = programs.make(world.system, "users:list", holder=holder).begin()
    programs.asking(pair)
    cost = cost_of(lambda: programs.asking(pair))
    assert cost.statements <= 2, cost.sql  # And what the user may do now.
    assert cost.commits == 0


def test_asking_at_v1_with_a_token(world: cast.World) -> None:
    pair = programs.make(world.system, "groups:list").begin()
    client = Bearer.of(pair.access, world.scope.slug)
    assert client.get("/groups").status_code == 200
    cost = cost_of(lambda: client.get("/groups"))
    assert cost.statements <= 3, cost.sql
    assert cost.commits == 0


def test_renewing_a_pair(world: cast.World) -> None:
    pair = programs.make(world.system).begin()
    pair = machine_renewals.refresh(pair.refresh, origin=AT, now=acts.now())
    cost = cost_of(lambda: machine_renewals.refresh(pair.refresh, origin=AT, now=acts.now()))
    assert cost.statements <= 2, cost.sql  # The door, and the one that renews.
    assert cost.private_keys == 0


def test_beginning_a_session(world: cast.World) -> None:
    robot = programs.make(world.system)
    door = robot.door
    machine_starts.begin(door, EVERYTHING, origin=AT, now=acts.now())
    cost = cost_of(lambda: machine_starts.begin(door, EVERYTHING, origin=AT, now=acts.now()))
    assert cost.statements <= 8, cost.sql
    assert cost.private_keys == 0


def test_a_refused_token_costs_no_more(world: cast.World) -> None:
    pair = programs.make(world.system).begin()
    programs.asking(pair)
    for token in ("x", pair.refresh, f"{pair.access[:-4]}AAAA"):

        def ask(token: str = token) -> None:
            with pytest.raises(TokenRefused):
                machine_sessions.check(token, address=AT.address, now=acts.now())

        assert cost_of(ask).statements <= 1
