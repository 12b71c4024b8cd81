"""The first page: what each role is shown, and what is said where nothing is."""

from datetime import UTC, datetime, timedelta

import pytest
from django_tasks_db.models import DBTaskResult

from identity.actor import Actor, ActorKind
from identity.admin import dashboard
from identity.models import ServerKey
from identity.permissions import OPERATOR
from identity.services import server_keys
from tests import acts, cast


@pytest.fixture
def world(db: None) -> cast.World:
    return cast.world()


def board(world: cast.World, by: Actor, waiting: int = 0) -> dashboard.Board:
    with cast.in_scope(world):
        return dashboard.of(by=by, waiting=waiting, now=datetime.now(UTC))


def tiles(shown: dashboard.Board) -> dict[str, str]:
    return {tile.name: tile.value for tile in shown.tiles}


def operator(world: cast.World) -> Actor:
    return Actor(
        kind=ActorKind.STAFF, scope_id=world.scope.id, permissions=OPERATOR, is_operator=True
    )


def test_counts_what_the_scope_has(world: cast.World) -> None:
    alice = world.member("alice", "super-admin")
    acts.invitation(world, "newcomer@example.test")
    shown = board(world, acts.as_actor(alice), waiting=2)
    assert tiles(shown) == {
        "Waiting for me": "2",
        "Active devices": "1",
        "Open invitations": "1",
        "Alarms": "0",
        "Keys to rotate": "0",
    }
    assert {chart.name for chart in shown.charts} == {"invitations", "devices"}


def test_shows_a_reader_only_what_the_role_reads(world: cast.World) -> None:
    bob = world.member("bob", "support")
    shown = board(world, acts.as_actor(bob))
    assert set(tiles(shown)) == {"Active devices", "Open invitations"}
    dave = world.member("dave", "member")
    shown = board(world, acts.as_actor(dave))
    assert not shown.tiles
    assert not shown.charts


def test_shows_failing_tasks_to_operators_alone(world: cast.World) -> None:
    alice = world.member("alice", "super-admin")
    DBTaskResult.objects.create(
        status="FAILED",
        args_kwargs={"args": [], "kwargs": {}},
        task_path="identity.tasks.purge",
        backend_name="default",
        exception_class_path="",
        traceback="",
        run_after=datetime.now(UTC),
    )
    assert tiles(board(world, operator(world)))["Failed tasks"] == "1"
    assert "Failed tasks" not in tiles(board(world, acts.as_actor(alice)))


def test_says_which_keys_are_old(world: cast.World) -> None:
    with cast.in_scope(world):
        past = datetime.now(UTC) - server_keys.ROTATE_AFTER - timedelta(days=1)
        count = ServerKey.objects.filter(status="active").update(activated_at=past)
    assert tiles(board(world, operator(world)))["Keys to rotate"] == str(count)


def test_says_what_to_do_first(world: cast.World) -> None:
    (step,) = board(world, operator(world)).steps
    assert step.name == "Invite the first person"
    assert step.url == "/admin/invitations/invitation/issue/"


def test_leads_an_approver_without_a_device_to_one(world: cast.World) -> None:
    alice = world.member("alice", "super-admin")
    by = acts.as_actor(alice)
    assert "Register your device" not in [step.name for step in board(world, by).steps]
    with cast.in_scope(world):
        alice.device.status = "suspended"
        alice.device.save()
    names = [step.name for step in board(world, by).steps]
    assert "Register your device" in names


def test_counts_nothing_waiting_for_operators(world: cast.World) -> None:
    with cast.in_scope(world):
        assert dashboard.waiting_count(by=operator(world), now=datetime.now(UTC)) == 0
