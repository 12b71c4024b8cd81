"""Pages about devices: keys and where they came from, suspended, resumed, renamed, revoked."""

import pytest

from accounts.models import Device
from identity import ids
from identity.crypto import check_code
from identity.sdk.results import Done
from invitations.models import Proposal
from tests import cast
from tests.unit.accounts.admin.desk import HOSTILE, SOMEWHERE, Desk

LIST = "accounts/device/"
ACTS = ("revoke", "suspend", "resume", "rename")


@pytest.fixture
def bob(world: cast.World) -> cast.Member:
    return world.member("bob")


def page(device: Device, act: str = "change") -> str:
    return f"{LIST}{device.pk}/{act}/"


def test_shows_keys_and_how_they_came(desk: Desk, bob: cast.Member) -> None:
    device = bob.device
    shown = desk.get(page(device))
    for text in (
        check_code.of_key(device.signature_key),
        device.signature_key,
        "BEGIN PUBLIC KEY",
        "made together with its program",
        "Key history",
        "bob@example.test",
        "device.registered",
    ):
        assert text in shown
    assert "Signed requests that brought the keys" not in shown


def test_shows_the_last_change_that_it_signed(world: cast.World, desk: Desk) -> None:
    alice = world.member("alice", "super-admin")
    world.member("bob", "super-admin")
    alice.client.request("add", "/groups", {"gid": str(ids.new()), "name": "readers"})
    with cast.in_scope(world):
        proposal = Proposal.objects.get()
    assert f"/admin/invitations/proposal/{proposal.pk}/change/" in desk.get(page(alice.device))


def test_suspends_and_resumes(desk: Desk, bob: cast.Member) -> None:
    assert isinstance(bob.client.request("get", "/me"), Done)
    assert "This field is required." in desk.refused(page(bob.device, "suspend"), reason="")
    told = desk.send(page(bob.device, "suspend"), reason="Left in a train.")
    assert told == ["The device is suspended."]
    desk.refresh(bob.device)
    assert bob.device.status == "suspended"
    shown = desk.get(page(bob.device))
    assert "Resume" in shown
    assert "/suspend/" not in shown
    assert desk.send(page(bob.device, "resume")) == ["The device is accepted again."]
    assert isinstance(bob.client.request("get", "/me"), Done)


def test_renames(desk: Desk, bob: cast.Member) -> None:
    path = page(bob.device, "rename")
    assert "Nothing is changed." in desk.refused(path, name="bob's device")
    assert desk.send(path, name="bob's laptop") == ["The device is renamed."]
    desk.refresh(bob.device)
    assert bob.device.name == "bob's laptop"


def test_revokes_with_a_reason(desk: Desk, bob: cast.Member) -> None:
    assert "This can&#x27;t be taken back" in desk.get(page(bob.device, "revoke"))
    told = desk.send(page(bob.device, "revoke"), reason="Left in a train.")
    assert told == ["The device is revoked."]
    shown = desk.get(page(bob.device))
    assert "Left in a train." in shown
    assert not any(f"/{act}/" in shown for act in ACTS)


def test_proposes_a_revocation_where_policy_asks_for_it(world: cast.World) -> None:
    world.member("alice", "super-admin")
    bob = world.member("bob", "super-admin")
    desk = Desk(world, "carol", "super-admin")
    assert "This will wait for approval" in desk.get(page(bob.device, "revoke"))
    (told,) = desk.send(page(bob.device, "revoke"), reason="Left in a train.")
    with cast.in_scope(world):
        assert f"/proposal/{Proposal.objects.get().pk}/change/" in told
    desk.refresh(bob.device)
    assert bob.device.status == "active"


@pytest.mark.parametrize("act", ACTS)
def test_lets_only_who_has_the_right_act(world: cast.World, bob: cast.Member, act: str) -> None:
    auditor = Desk(world, "dave", "workspace-auditor")
    assert auditor.status(page(bob.device)) == 200
    before = auditor.traces()
    assert auditor.status(page(bob.device, act)) == 403
    answer = auditor.client.post(f"/admin/{page(bob.device, act)}", {"reason": "x", "name": "x"})
    assert answer.status_code == 403
    assert auditor.traces() == before
    assert f"/{act}/" not in auditor.get(page(bob.device))


def test_lets_a_security_officer_revoke_and_not_rename(world: cast.World, bob: cast.Member) -> None:
    officer = Desk(world, "dave", "security-officer")
    assert officer.status(page(bob.device, "revoke")) == 200
    assert officer.status(page(bob.device, "rename")) == 403


@pytest.mark.parametrize("act", ACTS)
def test_knows_no_device_of_another_scope(desk: Desk, act: str) -> None:
    foreign = cast.world().member("charlie").device
    assert desk.status(page(foreign, act)) == 404
    assert desk.status(f"{LIST}{SOMEWHERE}/{act}/") == 404
    answer = desk.client.post(f"/admin/{page(foreign, act)}", {"reason": "x", "name": "x"})
    assert answer.status_code == 404


def test_changes_nothing_by_looking(desk: Desk, bob: cast.Member) -> None:
    before = desk.traces()
    for act in ("change", *ACTS):
        desk.get(page(bob.device, act))
    assert desk.traces() == before


def test_escapes_names_that_others_chose(desk: Desk, bob: cast.Member) -> None:
    desk.send(page(bob.device, "rename"), name=HOSTILE)
    for address in (LIST, *(page(bob.device, act) for act in ("change", *ACTS))):
        assert HOSTILE not in desk.get(address)
    assert HOSTILE not in desk.get(f"accounts/user/{bob.user.pk}/change/")
