"""Server keys, the scope itself and names of devices change through the one door."""

import importlib
from typing import Any

import pytest
from django.apps import apps

from accounts.models import Device
from identity import errors, queries
from identity.paging import After
from identity.scoping import current
from identity.services import scope_settings, scopes
from identity.services.scope_settings import ScopeSettings, SettingsInvalid
from invitations.models import Policy
from invitations.services import usual_policies
from invitations.services.governance import Done, Pending
from tests import acts, cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    return world.member("alice", "super-admin")


@pytest.fixture
def bob(world: cast.World) -> cast.Member:
    return world.member("bob", "super-admin")


def kids(world: cast.World) -> dict[str, str]:
    with cast.in_scope(world):
        return {key.purpose: key.kid for key in queries.active_server_keys()}


@pytest.mark.parametrize("purpose", ["encryption", "signature"])
def test_rotates_a_key_at_once_where_nobody_else_is(
    world: cast.World, alice: cast.Member, purpose: str
) -> None:
    before = kids(world)
    answer = acts.submit(alice, "server-key.rotate", purpose=purpose)
    assert isinstance(answer, Done)
    assert answer.result["server_key"]["kid"] == kids(world)[purpose] != before[purpose]


def test_rotation_waits_for_a_second_person(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    before = kids(world)
    waiting = acts.proposal(world, acts.submit(alice, "server-key.rotate", purpose="signature"))
    assert kids(world) == before
    assert acts.approve(bob, waiting.id).state == "executed"
    assert kids(world)["signature"] != before["signature"]


def test_a_rotation_in_between_makes_the_proposal_stale(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    asked = [acts.submit(alice, "server-key.rotate", purpose="signature") for _ in range(2)]
    first, second = (acts.proposal(world, answer) for answer in asked)
    assert acts.approve(bob, first.id).state == "executed"
    assert acts.approve(bob, second.id).state == "stale"


def test_knows_two_purposes_only(alice: cast.Member) -> None:
    with pytest.raises(errors.Invalid):
        acts.submit(alice, "server-key.rotate", purpose="everything")


def edit(member: cast.Member, **changes: Any) -> Done | Pending:
    return acts.submit(member, "scope.edit", scope=str(member.user.scope_id), **changes)


def test_changes_name_and_settings_together(world: cast.World, alice: cast.Member) -> None:
    answer = edit(alice, name=" Acme ", settings={"max_devices": 5})
    assert isinstance(answer, Done)
    assert answer.result["scope"]["name"] == "Acme"
    with cast.in_scope(world):
        assert queries.scope().name == "Acme"
        assert scopes.settings().max_devices == 5
        events = [row.name for row in queries.audit_window(After(limit=2)).rows]
    assert events == ["scope.settings-changed", "scope.renamed"]


def test_a_weaker_setting_waits_for_a_second_person(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    waiting = acts.proposal(world, edit(alice, settings={"accept_attested_votes": True}))
    with cast.in_scope(world):
        assert not scopes.settings().accept_attested_votes
    assert acts.approve(bob, waiting.id).state == "executed"
    with cast.in_scope(world):
        assert scopes.settings().accept_attested_votes


def test_a_change_in_between_makes_the_proposal_stale(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    first = acts.proposal(world, edit(alice, name="One"))
    second = acts.proposal(world, edit(alice, name="Two"))
    assert acts.approve(bob, first.id).state == "executed"
    assert acts.approve(bob, second.id).state == "stale"


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "x" * 201},
        {"name": "a\nb"},
        {"settings": {"max_devices": 0}},
        {"settings": {"unknown": True}},
        {"settings": {"governance": False}},
        {"settings": {"strict_standing": None}},
        {"slug": "other"},
    ],
)
def test_refuses_other_names_and_settings(alice: cast.Member, changes: dict[str, Any]) -> None:
    with pytest.raises((errors.Invalid, SettingsInvalid)):
        edit(alice, **changes)


def test_changes_the_own_scope_only(alice: cast.Member) -> None:
    other = cast.world()
    with pytest.raises(errors.Missing):
        acts.submit(alice, "scope.edit", scope=str(other.scope.id), name="mine")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"accept_attested_votes": True}, ["accept_attested_votes"]),
        ({"accept_attested_votes": True}, {}, []),
        ({"strict_standing": True}, {}, ["strict_standing"]),
        ({}, {"strict_standing": True}, []),
        ({"vote_minutes": 5}, {}, ["vote_minutes"]),
        ({}, {"vote_minutes": 5}, []),
        ({"vote_minutes": 5}, {"vote_minutes": 6}, ["vote_minutes"]),
        ({"rsa_bits": 3072}, {}, ["rsa_bits"]),
        ({}, {"rsa_bits": 3072, "max_devices": 5}, []),
        ({"max_devices": 5}, {"max_devices": 6}, ["max_devices"]),
    ],
)
def test_knows_which_settings_protect_less(
    before: dict[str, Any], after: dict[str, Any], expected: list[str]
) -> None:
    assert scope_settings.weakened(ScopeSettings(**before), ScopeSettings(**after)) == expected


def change(member: cast.Member, other: cast.Member, **changes: Any) -> Done | Pending:
    return acts.submit(
        member, "device.edit", user=other.uid, device=str(other.device.id), **changes
    )


def test_everybody_names_the_own_device(world: cast.World, bob: cast.Member) -> None:
    carol = world.member("carol", "member")
    assert isinstance(change(carol, carol, name="phone"), Done)
    with cast.in_scope(world):
        assert Device.objects.get(id=carol.device.id).name == "phone"


def test_nobody_lets_the_own_device_in_again(world: cast.World, alice: cast.Member) -> None:
    carol = world.member("carol", "member")
    with pytest.raises(errors.Forbidden):
        change(carol, carol, status="active")


def test_other_peoples_devices_change_with_a_second_person(
    world: cast.World, alice: cast.Member, bob: cast.Member
) -> None:
    carol = world.member("carol", "member")
    waiting = acts.proposal(world, change(alice, carol, status="suspended", reason="lost"))
    assert acts.approve(bob, waiting.id).state == "executed"
    with cast.in_scope(world):
        assert Device.objects.get(id=carol.device.id).status == "suspended"
    back = acts.proposal(world, change(alice, carol, status="active"))
    assert acts.approve(bob, back.id).state == "executed"
    with cast.in_scope(world):
        assert Device.objects.get(id=carol.device.id).status == "active"


@pytest.mark.parametrize("changes", [{"name": ""}, {"name": "a\0"}, {"status": "revoked"}])
def test_refuses_other_changes_of_a_device(
    alice: cast.Member, bob: cast.Member, changes: dict[str, Any]
) -> None:
    with pytest.raises(errors.Invalid):
        change(alice, bob, **changes)


def test_the_locked_floor_covers_the_scope_itself(world: cast.World) -> None:
    with cast.in_scope(world):
        floor = Policy.objects.get(is_locked=True, name="Governance")
        assert {"/scopes/*", "/staff", "/staff/*", "/server-keys/*"} <= set(floor.resource.split())
        assert Policy.objects.get(name="Webhooks").resource == "/webhooks /webhooks/*"
    assert all(
        len(each["resource"]) <= 128 for each in (*usual_policies.LOCKED, *usual_policies.DEFAULTS)
    )


def test_scopes_that_exist_get_the_wider_floor(world: cast.World) -> None:
    ungoverned = cast.world(governance=False)
    change = importlib.import_module("invitations.migrations.0007_governance_covers_the_scope")
    with current.as_owner(why="migrates"):
        Policy.objects.filter(name="Webhooks").delete()
        Policy.objects.filter(name="Governance").update(resource=change.BEFORE)
        change.widen(apps, None)
    for each, has_webhooks in ((world, True), (ungoverned, False)):
        with cast.in_scope(each):
            floor = Policy.objects.get(name="Governance")
            assert (floor.resource, floor.version) == (usual_policies.LOCKED[0]["resource"], 2)
            assert floor.description == usual_policies.LOCKED[0]["description"]
            found = Policy.objects.filter(name="Webhooks").values("resource", "description")
            expected = next(row for row in usual_policies.DEFAULTS if row["name"] == "Webhooks")
            assert (
                list(found)
                == [{"resource": expected["resource"], "description": expected["description"]}]
                * has_webhooks
            )
    with current.as_owner(why="migrates back"):
        change.narrow(apps, None)
        assert set(Policy.objects.filter(name="Governance").values_list("resource", "version")) == {
            (change.BEFORE, 3)
        }


def test_scopes_that_exist_get_the_usual_policies_that_came_later(world: cast.World) -> None:
    ungoverned = cast.world(governance=False)
    change = importlib.import_module("invitations.migrations.0011_later_defaults")
    names = {each["name"] for each in change.POLICIES}
    assert names == {"Registries and auditors", "Remotes", "Developer keys"}
    usual = {each["name"]: dict(each) for each in usual_policies.DEFAULTS}
    with current.as_owner(why="migrates"):
        made = dict(Policy.objects.filter(name__in=names).values_list("name", "id"))
        before = {row["name"]: row for row in Policy.objects.filter(id__in=made.values()).values()}
        Policy.objects.filter(name__in=names - {"Developer keys"}).delete()
        # One that the scope has, in its own words, is left as it is.
        Policy.objects.filter(name="Developer keys").update(name="Ours", priority=7)
        change.add(apps, None)
        change.add(apps, None)
    with cast.in_scope(ungoverned):
        assert not Policy.objects.filter(is_locked=False).exists()
    unlike = {"id", "public_id", "created_at", "updated_at"}
    with cast.in_scope(world):
        assert not Policy.objects.filter(name="Developer keys").exists()
        assert Policy.objects.get(name="Ours").priority == 7
        for name in names - {"Developer keys"}:
            row: dict[str, Any] = dict(Policy.objects.filter(name=name).values().get())
            assert {key: row[key] for key in usual[name]} == usual[name]
            for key, value in before[name].items():
                assert key in unlike or row[key] == value, key


def test_scopes_that_exist_get_the_policy_about_profiles(world: cast.World) -> None:
    ungoverned = cast.world(governance=False)
    change = importlib.import_module("invitations.migrations.0012_profile_policy")
    usual = next(each for each in usual_policies.DEFAULTS if each["resource"] == change.RESOURCE)
    with current.as_owner(why="migrates"):
        rows = Policy.objects.filter(resource=change.RESOURCE)
        (before,) = rows.values()
        rows.delete()
        change.add(apps, None)
        change.add(apps, None)
    with cast.in_scope(ungoverned):
        assert not Policy.objects.filter(is_locked=False).exists()
    with cast.in_scope(world):
        row: dict[str, Any] = dict(Policy.objects.filter(resource=change.RESOURCE).values().get())
    assert {key: row[key] for key in usual} == usual
    unlike = {"id", "public_id", "created_at", "updated_at"}
    assert {k: v for k, v in row.items() if k not in unlike} == {
        k: v for k, v in before.items() if k not in unlike
    }
