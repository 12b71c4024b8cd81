"""Class 30 of the known attacks: what somebody had open outlives the end of the right to it.

Seen as GHSA-2vg6 (Better Auth) and CVE-2026-8922 (Keycloak). The house has no sessions of devices:
each request is judged by itself. What could outlive an end is listed here: further devices, open
invitations, pending proposals, votes, stored outcomes, the admin's session and a changed password.
"""

import functools
from collections.abc import Callable, Mapping

import pytest
from django.test import Client

from accounts.models import Device, User
from accounts.services import devices, one_time_passwords, operators, passwords, users
from accounts.services import staff as membership
from identity import ids
from identity.sdk import client
from identity.sdk.keys import DeviceKeys
from identity.sdk.results import Done as Answered
from identity.sdk.session import Session
from identity.services import scopes
from invitations.models import Invitation, Proposal
from tests import acts, cast
from tests import staff as staff_at
from tests.attacks import wire

pytestmark = pytest.mark.django_db

RIGHT = "correct horse battery"
End = Callable[[cast.World, cast.Member], object]
ENDS: Mapping[str, End] = {
    "disabled": lambda world, member: users.disable(
        user_id=member.user.id, by=world.system, now=acts.now()
    ),
    "deleted": lambda world, member: users.delete(
        user_id=member.user.id, by=world.system, now=acts.now()
    ),
}
every_end = pytest.mark.parametrize("end", ENDS)


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    return world.member("alice", "super-admin", "workspace-owner")


@pytest.fixture
def bob(world: cast.World, alice: cast.Member) -> cast.Member:
    return world.member("bob", "super-admin", "workspace-owner")


def end_of(world: cast.World, member: cast.Member, end: str) -> None:
    with cast.in_scope(world):
        ENDS[end](world, member)


@every_end
def test_no_device_of_a_user_outlives_it(world: cast.World, bob: cast.Member, end: str) -> None:
    bundle = acts.invitation(world, "bob@example.test")
    second = wire.join(world, wire.offer(world, bundle), DeviceKeys.generate())
    assert isinstance(second, Session)
    clients = [bob.client, client.Client(cast.URL, second, http=world.http())]
    assert all(isinstance(each.request("get", "/me"), Answered) for each in clients)
    end_of(world, bob, end)
    for each in clients:
        assert wire.refusal(functools.partial(each.request, "get", "/me")) == wire.UNAUTHENTIC


@every_end
def test_no_open_invitation_of_a_user_outlives_it(
    world: cast.World, bob: cast.Member, end: str
) -> None:
    bundle = acts.invitation(world, "bob@example.test")
    end_of(world, bob, end)
    held = wire.offer(world, bundle)
    refused = wire.refusal(lambda: wire.join(world, held, DeviceKeys.generate()))
    assert refused in {wire.UNAUTHENTIC, wire.NOT_VALID}
    with cast.in_scope(world):
        assert Invitation.objects.get().state == "revoked"
        assert Device.objects.filter(user_id=bob.user.id).count() == 1


@every_end
def test_the_same_keys_get_no_answer_after_the_end(
    world: cast.World, alice: cast.Member, end: str
) -> None:
    bundle, keys = acts.invitation(world, "new@example.test"), DeviceKeys.generate()
    held = wire.offer(world, bundle)
    session = wire.join(world, held, keys)
    assert isinstance(session, Session)
    with cast.in_scope(world):
        user = User.objects.get(public_id=session.user_id)
        device = Device.objects.get(id=session.device)
    end_of(world, cast.Member(user, device, session, alice.client), end)
    assert wire.refusal(lambda: wire.join(world, held, keys)) in {
        wire.UNAUTHENTIC,
        wire.NOT_VALID,
    }


def test_the_same_keys_get_no_answer_after_the_device_is_revoked(world: cast.World) -> None:
    bundle, keys = acts.invitation(world, "new@example.test"), DeviceKeys.generate()
    held = wire.offer(world, bundle)
    session = wire.join(world, held, keys)
    assert isinstance(session, Session)
    with cast.in_scope(world):
        devices.revoke(device_id=session.device, reason="lost", by=world.system, now=acts.now())
    assert wire.refusal(lambda: wire.join(world, held, keys)) == wire.NOT_VALID


@every_end
def test_no_pending_proposal_takes_effect_for_who_is_gone(
    world: cast.World, alice: cast.Member, bob: cast.Member, end: str
) -> None:
    answer = acts.submit(bob, "group.create", group=str(ids.new()), name="security")
    waiting = acts.proposal(world, answer)
    end_of(world, bob, end)
    assert acts.approve(alice, waiting.id).state == "stale"
    with cast.in_scope(world):
        assert Proposal.objects.get(id=waiting.id).reason == "proposer lost"


def test_a_revoked_device_leaves_the_others_and_itself_for_ever(
    world: cast.World, bob: cast.Member
) -> None:
    bundle = acts.invitation(world, "bob@example.test")
    second = wire.join(world, wire.offer(world, bundle), DeviceKeys.generate())
    assert isinstance(second, Session)
    with cast.in_scope(world):
        devices.revoke(device_id=bob.device.id, reason="lost", by=world.system, now=acts.now())
        users.disable(user_id=bob.user.id, by=world.system, now=acts.now())
        users.enable(user_id=bob.user.id, by=world.system, now=acts.now())
    # To let the person in again does not let the lost device in again.
    assert wire.refusal(lambda: bob.client.request("get", "/me")) == wire.UNAUTHENTIC
    other = client.Client(cast.URL, second, http=world.http())
    assert isinstance(other.request("get", "/me"), Answered)


@pytest.mark.parametrize("end", ["disabled", "deleted", "password changed", "no longer staff"])
def test_the_admins_session_does_not_outlive_its_user(world: cast.World, end: str) -> None:
    with cast.in_scope(world):
        staff = operators.add_staff(
            username="dora",
            password=RIGHT,
            email="dora@example.test",
            first_name="Dora",
            last_name="",
            roles=["workspace-auditor"],
            by=world.system,
            now=acts.now(),
        )
    browser = Client()
    with cast.in_scope(world):
        browser.force_login(staff, backend="accounts.backends.StaffBackend")
    assert browser.get("/admin/").status_code == 200
    with cast.in_scope(world):
        if end == "disabled":
            users.disable(user_id=staff.id, by=world.system, now=acts.now())
        elif end == "deleted":
            users.delete(user_id=staff.id, by=world.system, now=acts.now())
        elif end == "no longer staff":
            User.objects.filter(id=staff.id).update(is_staff=False)
        else:
            verifier = passwords.make_verifier("another password")
            passwords.store(user_id=staff.id, verifier=verifier, by=world.system, now=acts.now())
    answer = browser.get("/admin/")
    assert answer.status_code == 302
    assert "/admin/login/" in answer["Location"]


@pytest.mark.parametrize(
    "end",
    [
        "dismissed",
        "user disabled",
        "user deleted",
        "login disabled",
        "login deleted",
        "login dismissed",
        "login's scope suspended",
        "scope suspended",
    ],
)
def test_work_in_another_scope_ends_with_the_next_request(world: cast.World, end: str) -> None:
    home = cast.world()
    world.member("owner", "super-admin")
    home.member("owner", "super-admin")
    login = staff_at.add(home, "charlie", "super-admin")
    with cast.in_scope(world):
        user = membership.admit_login(
            public_id=ids.new(),
            name=f"{home.scope.slug}/charlie",
            roles=["super-admin"],
            by=world.system,
            now=acts.now(),
        )
    browser = Client()
    staff_at.sign_in(browser, "charlie", home.scope.slug)
    browser.post("/admin/scope/", {"scope": world.scope.slug})
    assert browser.get("/admin/").context["scope_name"] == world.scope.slug
    ends: Mapping[str, tuple[cast.World, Callable[..., object], Mapping[str, object]]] = {
        "dismissed": (world, membership.dismiss, {"user_id": user.id}),
        "user disabled": (world, users.disable, {"user_id": user.id}),
        "user deleted": (world, users.delete, {"user_id": user.id}),
        "login disabled": (home, users.disable, {"user_id": login.id}),
        "login deleted": (home, users.delete, {"user_id": login.id}),
        "login dismissed": (home, membership.dismiss, {"user_id": login.id}),
        "login's scope suspended": (home, scopes.suspend, {}),
        "scope suspended": (world, scopes.suspend, {}),
    }
    where, act, given = ends[end]
    with cast.in_scope(where):
        act(**given, by=where.system, now=acts.now())
    answer = browser.get("/admin/accounts/user/")
    assert answer.status_code == 302
    assert browser.get(f"/s/{world.scope.slug}/v1/groups/{ids.new()}").status_code == 401
    refused = browser.post("/admin/scope/", {"scope": world.scope.slug})
    assert refused.status_code == 302 or "Choose one of these" in refused.content.decode()
    assert browser.get("/admin/accounts/user/").status_code == 302


@pytest.mark.parametrize("end", ["reset", "another one", "first one"])
def test_a_session_ends_with_its_generator(world: cast.World, end: str) -> None:
    dora = staff_at.add(world, "dora", "workspace-auditor")
    browser = Client()
    if end == "first one":
        staff_at.sign_in(browser, "dora", world.scope.slug)
    else:
        generator, _ = staff_at.enrol(dora)
        staff_at.sign_in(browser, "dora", world.scope.slug)
        staff_at.give_code(browser, generator.code())
    assert staff_at.is_in(browser)
    if end == "reset":
        with cast.in_scope(world):
            one_time_passwords.reset(user_id=dora.id, by=world.system, now=acts.now())
    else:
        staff_at.enrol(dora)
    assert not staff_at.is_in(browser)
