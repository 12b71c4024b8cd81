"""Pages about users: what each shows, and what each act does through the one door."""

import pytest

from accounts.models import Device, GroupMember, RoleAssignment, User
from identity import ids
from identity.models import AuditEvent
from identity.sdk.keys import DeviceKeys
from invitations.models import Invitation, Proposal
from tests import acts, cast
from tests.unit.accounts.admin.desk import HOSTILE, SOMEWHERE, Desk

LIST = "accounts/user/"
ACTS = {
    "edit": "users:edit",
    "disable": "users:edit",
    "enable": "users:edit",
    "reset-password": "passwords:delete",
    "end": "users:delete",
    "roles": "users:edit",
    "roles/grant": "users:edit",
    "roles/withdraw": "users:edit",
    "groups": "groups:edit",
}


@pytest.fixture
def bob(world: cast.World) -> User:
    return world.member("bob", "member").user


def page(user: User, act: str = "change") -> str:
    return f"{LIST}{user.pk}/{act}/"


def test_shows_a_user_with_roles_groups_devices_and_invitations(
    desk: Desk, world: cast.World
) -> None:
    bob = world.member("bob", "workspace-auditor")
    group = str(ids.new())
    acts.submit(world.member("alice", "super-admin"), "group.create", group=group, name="readers")
    shown = desk.get(page(bob.user))
    for text in ("bob@example.test", "workspace-auditor", "bob&#x27;s device", "Audit trail"):
        assert text in shown
    assert "No invitation is open." in shown
    assert "The user is in no group." in shown
    assert "<form" not in shown.split('id="content-main"')[1]


def test_changes_contact_and_sends_only_what_differs(desk: Desk, bob: User) -> None:
    old = {"email": bob.email, "first_name": bob.first_name}
    assert "Nothing is changed." in desk.refused(page(bob, "edit"), **old)
    assert desk.send(page(bob, "edit"), **old, mobile="+49 30 1") == ["The user is changed."]
    desk.refresh(bob)
    assert bob.mobile == "+49 30 1"


def test_shows_a_refusal_beside_the_form(desk: Desk, bob: User, world: cast.World) -> None:
    world.member("alice")
    shown = desk.refused(page(bob, "edit"), email="alice\u0000@example.test")
    assert "Enter a valid email address." in shown or "Null characters" in shown


def test_disables_and_enables(desk: Desk, bob: User) -> None:
    assert "Disable the user" in desk.get(page(bob, "disable"))
    assert desk.send(page(bob, "disable")) == ["The user is disabled."]
    desk.refresh(bob)
    assert bob.status == "disabled"
    assert "Enable" in desk.get(page(bob))
    assert desk.send(page(bob, "enable")) == ["The user is enabled."]
    desk.refresh(bob)
    assert bob.status == "active"


def test_deletes_with_what_ends_by_it(desk: Desk, bob: User, world: cast.World) -> None:
    shown = desk.get(page(bob, "end"))
    assert "All devices are revoked" in shown
    assert "registered devices: 1, open invitations: 0" in shown
    assert desk.send(page(bob, "end")) == ["The user is deleted."]
    with cast.in_scope(world):
        assert set(Device.objects.filter(user=bob).values_list("status", flat=True)) == {"revoked"}
    assert "bob@example.test" not in desk.get(LIST)
    # History leads to the page, on which nothing can be done any more.
    left = desk.get(page(bob))
    assert "deleted" in left
    assert f"{bob.pk}/edit/" not in left
    assert desk.status(page(bob, "edit")) == 404


def test_resets_a_password(desk: Desk, world: cast.World) -> None:
    other = Desk(world, "dave")
    assert "Nobody is told a new password" in desk.get(page(other.user, "reset-password"))
    assert desk.send(page(other.user, "reset-password")) == ["The account has no password now."]
    desk.refresh(other.user)
    assert other.user.password == ""


def test_grants_and_withdraws_only_roles_that_exist(desk: Desk, bob: User) -> None:
    chosen = desk.get(page(bob, "roles"))
    assert "?role=workspace-auditor" in chosen
    assert "?role=member" not in chosen
    grant = f"{page(bob, 'roles/grant')}?role=workspace-auditor"
    assert desk.send(grant) == ["The role is granted."]
    with cast.in_scope(desk.world):
        held = RoleAssignment.objects.filter(user=bob).values_list("predefined", flat=True)
        assert set(held) == {"member", "workspace-auditor"}
    withdraw = f"{page(bob, 'roles/withdraw')}?role=workspace-auditor"
    assert desk.send(withdraw) == ["The role is withdrawn."]
    assert "The user does not hold this role." in desk.refused(withdraw)
    for unknown in ("", "emperor", SOMEWHERE):
        assert desk.status(f"{page(bob, 'roles/grant')}?role={unknown}") == 404


def test_warns_of_a_review_and_links_the_proposal(world: cast.World) -> None:
    world.member("alice", "super-admin")
    bob = world.member("bob", "super-admin").user
    desk = Desk(world, "carol", "super-admin")
    assert "This will wait for approval" in desk.get(page(bob, "end"))
    (told,) = desk.send(page(bob, "end"))
    with cast.in_scope(world):
        proposal = Proposal.objects.get()
    assert "This waits for approval" in told
    assert f"/admin/invitations/proposal/{proposal.pk}/change/" in told
    desk.refresh(bob)
    assert bob.deleted_at is None


def test_says_beforehand_what_would_be_refused(world: cast.World, bob: User) -> None:
    desk = Desk(world, "carol", "workspace-maintainer")
    chosen = desk.get(page(bob, "roles"))
    assert "It allows more than your own roles" in chosen
    grant = f"{page(bob, 'roles/grant')}?role=super-admin"
    assert "This would be refused now" in desk.get(grant)
    assert "This would be refused now" not in desk.refused(grant)
    with cast.in_scope(world):
        assert RoleAssignment.objects.filter(user=bob).count() == 1


def test_puts_a_user_into_a_group_from_its_page(desk: Desk, bob: User) -> None:
    desk.send("accounts/group/new/", name="readers", description="")
    desk.send("accounts/group/new/", name="writers", description="")
    found = desk.get(page(bob, "groups"), q="rea")
    assert "readers" in found
    assert "writers" not in found
    address = found.split("/members/")[0].rsplit('href="/admin/', 1)[1]
    told = desk.send(f"{address}/members/{bob.pk}/add/?from=user")
    assert told == ["The user is in the group."]
    with cast.in_scope(desk.world):
        assert GroupMember.objects.get().user_id == bob.pk
    assert "readers" in desk.get(page(bob))


def test_invites_a_further_device_once(desk: Desk, bob: User) -> None:
    address = f"invitations/invitation/further/{bob.pk}/"
    assert "another device" in desk.get(address)
    form = {"hours": "5", "sent": str(ids.new())}
    shown = desk.client.post(f"/admin/{address}", form).content.decode()
    assert "Shown once." in shown
    with cast.in_scope(desk.world):
        assert Invitation.objects.get().user_id == bob.pk
    assert "Open invitations" in desk.get(page(bob))
    assert desk.status(f"invitations/invitation/further/{SOMEWHERE}/") == 404


def test_makes_a_program_with_its_public_keys(desk: Desk) -> None:
    keys = DeviceKeys.generate()
    form = {
        "email": "robot@example.test",
        "first_name": "robot",
        "signature_key": keys.signature_pubkey,
        "encryption_key": keys.encryption_pubkey,
        "networks": "192.0.2.0/24\n2001:db8::/32",
        "expires_at": "2099-01-01T00:00",
        "roles": ["workspace-auditor"],
    }
    told = desk.send(f"{LIST}programs/new/", **form)
    assert told == ["The program is made. Its device is unverified until its first request."]
    with cast.in_scope(desk.world):
        robot = User.objects.get(username="robot@example.test")
        device = Device.objects.get(user=robot)
        made = AuditEvent.objects.get(name="user.created", subject_id=str(robot.pk))
    assert (robot.kind, robot.networks) == ("program", ["192.0.2.0/24", "2001:db8::/32"])
    assert made.facts["roles"] == ["workspace-auditor"]
    shown = desk.get(page(robot))
    for text in ("192.0.2.0/24, 2001:db8::/32", "2099-01-01", "carol", "workspace-auditor"):
        assert text in shown
    assert "attested by the server" in desk.get(f"accounts/device/{device.pk}/change/")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("signature_key", "02abcd", "key"),
        ("networks", "192.0.2.1/24", "Write networks as 192.0.2.0/24"),
        ("expires_at", "2001-01-01T00:00", "expire before it begins"),
    ],
)
def test_says_what_is_wrong_with_a_program(desk: Desk, field: str, value: str, words: str) -> None:
    keys = DeviceKeys.generate()
    form = {
        "email": "robot@example.test",
        "signature_key": keys.signature_pubkey,
        "encryption_key": keys.encryption_pubkey,
        field: value,
    }
    assert words in desk.refused(f"{LIST}programs/new/", **form)
    with cast.in_scope(desk.world):
        assert not User.objects.filter(kind="program").exists()


@pytest.mark.parametrize("act", ACTS)
def test_lets_only_who_has_the_right_act(world: cast.World, bob: User, act: str) -> None:
    auditor = Desk(world, "dave", "workspace-auditor")
    assert auditor.status(page(bob)) == 200
    assert auditor.status(f"{page(bob, act)}?role=member") == 403
    before = auditor.traces()
    answer = auditor.client.post(f"/admin/{page(bob, act)}?role=member", {"mobile": "1"})
    assert answer.status_code == 403
    assert auditor.traces() == before
    assert f"{bob.pk}/{act}/" not in auditor.get(page(bob))


@pytest.mark.parametrize("act", ACTS)
def test_knows_nobody_of_another_scope(desk: Desk, act: str) -> None:
    charlie = cast.world().member("charlie").user
    assert desk.status(f"{page(charlie, act)}?role=member") == 404
    answer = desk.client.post(f"/admin/{page(charlie, act)}?role=member", {"mobile": "1"})
    assert answer.status_code == 404
    assert desk.client.get(f"/admin/{page(charlie)}").status_code != 200


def test_changes_nothing_by_looking(desk: Desk, bob: User) -> None:
    desk.get(LIST)
    before = desk.traces()
    for act in ("change", *ACTS):
        desk.get(f"{page(bob, act)}?role=workspace-auditor")
    desk.get(f"{LIST}programs/new/")
    assert desk.traces() == before


def test_asks_who_it_is_before_an_act(desk: Desk, bob: User) -> None:
    session = desk.client.session
    session["staff_proved_at"] = 0
    session.save()
    answer = desk.client.post(f"/admin/{page(bob, 'end')}")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/reauthenticate/?next=")
    desk.refresh(bob)
    assert bob.deleted_at is None


def test_escapes_names_that_others_chose(desk: Desk, bob: User) -> None:
    desk.send(page(bob, "edit"), email=bob.email, first_name=HOSTILE, last_name=HOSTILE)
    for address in (LIST, page(bob), page(bob, "edit"), page(bob, "end")):
        assert HOSTILE not in desk.get(address)


def test_filters_the_list_by_kind_and_status(desk: Desk, bob: User) -> None:
    desk.send(page(bob, "disable"))
    assert "bob@" in desk.get(LIST, status__exact="disabled")
    assert "bob@" not in desk.get(LIST, status__exact="active")
    assert "bob@" not in desk.get(LIST, kind__exact="program")
