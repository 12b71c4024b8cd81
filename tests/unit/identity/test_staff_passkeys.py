"""Staff and their passkeys: signing in, the second step, showing it again, one's own."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Passkey, User
from identity.models import AuditEvent
from identity.pages import staff_session
from identity.scoping import current
from identity.services import scopes
from sessions_app.models import SignIn
from sessions_app.services import passkey_challenges
from tests import acts, cast, passkey_holders, staff
from tests.authenticator import PRESENT, VERIFIED, Authenticator

pytestmark = pytest.mark.django_db(transaction=True)

LOGIN = "/admin/login/passkey/"
SECOND = "/admin/one-time-password/passkey/"
PROOF = "/admin/reauthenticate/passkey/"
OWN = "/admin/sign-in/passkeys/"


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def alice(world: cast.World) -> User:
    return staff.add(world, "alice", "super-admin")


@pytest.fixture
def device(world: cast.World, alice: User) -> Authenticator:
    return held(alice)


def held(user: User) -> Authenticator:
    device = Authenticator()
    with current.in_scope(user.scope_id):
        passkey_holders.passkey(user, by=staff.as_actor(user), device=device)
    return device


def unverified(world: cast.World, device: Authenticator) -> None:
    with cast.in_scope(world):
        changes = {"passkey_user_verification": "preferred"}
        scopes.change_settings(changes=changes, by=world.system, now=acts.now())
    device.flags = PRESENT


def begun(client: Client, address: str, **form: str) -> Any:
    client.get("/admin/login/")
    answer = client.post(f"{address}options/", form)
    assert answer.status_code == 200, answer.content
    return json.loads(answer.content)


def filled(found: Any, credential: Any) -> dict[str, str]:
    return {"challenge_id": found["challenge_id"], "credential": json.dumps(credential)}


def use(client: Client, device: Authenticator, address: str, **form: str) -> Any:
    found = begun(client, address, **form)
    return client.post(address, filled(found, device.get(found["public_key"])) | form)


def sign_in(client: Client, device: Authenticator, world: cast.World, **form: str) -> Any:
    return use(client, device, LOGIN, scope=world.scope.slug, **form)


@pytest.mark.parametrize("name", ["", "alice"])
def test_signs_in_with_a_name_and_without(client: Client, world, alice, device, name: str) -> None:
    answer = sign_in(client, device, world, username=name, next="/admin/accounts/user/")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/accounts/user/")
    assert staff.is_in(client)
    with cast.in_scope(world):
        assert AuditEvent.objects.filter(name="staff.signed-in").count() == 1


def test_operators_name_no_scope(client: Client) -> None:
    operator = staff.add_operator()
    device = held(operator)
    assert use(client, device, LOGIN, scope="").status_code == 302
    assert client.get("/admin/")["Location"] == "/admin/scope/"


def test_goes_nowhere_else(client: Client, world, alice, device) -> None:
    answer = sign_in(client, device, world, next="https://evil.example/")
    assert answer["Location"] == "/admin/"


def test_lets_nobody_in_who_is_no_staff(client: Client, world, alice, device) -> None:
    bob = world.member("bob", "super-admin").user
    with cast.in_scope(world):
        other = Authenticator()
        passkey_holders.passkey(bob, by=world.system, device=other)
    answer = sign_in(client, other, world)
    assert "This passkey does not sign you in here." in answer.content.decode()
    assert not staff.is_in(client)
    with cast.in_scope(world):
        User.objects.filter(id=alice.id).update(is_staff=False)
    assert sign_in(client, device, world).status_code == 200
    assert not staff.is_in(client)


def test_asks_in_the_scope_that_is_named(client: Client, alice, device) -> None:
    other = cast.world()
    assert sign_in(client, device, other).status_code == 200
    for slug in ("nowhere", "x" * 200, "a\x00b"):
        assert client.post(f"{LOGIN}options/", {"scope": slug}).status_code == 401
    assert not staff.is_in(client)


def test_is_finished_in_the_browser_that_began(client: Client, world, alice, device) -> None:
    found = begun(client, LOGIN, scope=world.scope.slug)
    form = filled(found, device.get(found["public_key"])) | {"scope": world.scope.slug}
    other = Client()
    other.get("/admin/login/")
    assert other.post(LOGIN, form).status_code == 200
    assert not staff.is_in(other)
    assert client.post(LOGIN, form).status_code == 302


def test_keeps_nothing_that_was_planted(client: Client, world, alice, device) -> None:
    session = client.session
    session["admin_scope"] = "planted"
    session.save()
    before = client.session.session_key
    sign_in(client, device, world)
    assert client.session.session_key != before
    assert "admin_scope" not in client.session


def test_a_verified_passkey_is_all_that_is_asked_for(
    client: Client, world, alice, device, settings
):
    settings.STAFF_ONE_TIME_PASSWORDS = True
    assert sign_in(client, device, world).status_code == 302
    assert staff.is_in(client)
    # So is it for who has a generator.
    staff.enrol(alice)
    other = Client()
    assert sign_in(other, device, world).status_code == 302
    assert staff.is_in(other)


def test_an_unverified_one_is_half_of_it(client: Client, world, alice, device, settings) -> None:
    unverified(world, device)
    generator, _ = staff.enrol(alice)
    answer = sign_in(client, device, world)
    assert answer["Location"] == "/admin/one-time-password/"
    assert not staff.is_in(client)
    shown = client.get("/admin/one-time-password/").content.decode()
    assert "Your passkey is right" in shown
    assert "Use a passkey" not in shown
    # The same factor again is no second one.
    assert client.post(f"{SECOND}options/").status_code == 401
    assert staff.give_code(client, generator.code()).status_code == 302
    assert staff.is_in(client)


def test_an_unverified_one_alone_does_where_a_password_would(
    client: Client, world, alice, device, settings
) -> None:
    unverified(world, device)
    settings.STAFF_ONE_TIME_PASSWORDS = True
    answer = sign_in(client, device, world)
    assert "did not ask for your finger" in answer.content.decode()
    assert not staff.is_in(client)
    settings.STAFF_ONE_TIME_PASSWORDS = False
    assert sign_in(client, device, world).status_code == 302


def test_is_the_second_step_after_a_password(
    client: Client, world, alice, device, settings
) -> None:
    settings.STAFF_ONE_TIME_PASSWORDS = True
    unverified(world, device)
    answer = staff.sign_in(client, "alice", world.scope.slug, next="/admin/accounts/user/")
    assert answer["Location"] == "/admin/one-time-password/"
    # The password alone sets up no generator either.
    assert client.get("/admin/sign-in/one-time-password/")["Location"] == "/admin/login/"
    shown = client.get("/admin/one-time-password/").content.decode()
    assert "Use your passkey now" in shown
    assert 'name="code"' not in shown
    answer = use(client, device, SECOND)
    assert (answer.status_code, answer["Location"]) == (302, "/admin/accounts/user/")
    assert staff.is_in(client)
    with cast.in_scope(world):
        assert AuditEvent.objects.filter(name="staff.signed-in").count() == 1


def test_somebody_elses_is_no_second_step(client: Client, world, alice, device, settings) -> None:
    settings.STAFF_ONE_TIME_PASSWORDS = True
    other = held(staff.add(world, "bob", "super-admin"))
    staff.sign_in(client, "alice", world.scope.slug)
    found = begun(client, SECOND)
    answer = filled(found, other.get(found["public_key"], other.credentials[0]))
    assert client.post(SECOND, answer).status_code == 200
    assert not staff.is_in(client)
    assert Client().post(SECOND, answer)["Location"] == "/admin/login/"


def test_a_session_ends_with_its_passkey(client: Client, world, alice, device, settings) -> None:
    settings.STAFF_ONE_TIME_PASSWORDS = True
    sign_in(client, device, world)
    assert staff.is_in(client)
    with cast.in_scope(world):
        now = acts.now()
        Passkey.objects.update(alarmed_at=now, suspended_at=now)
    assert not staff.is_in(client)
    with cast.in_scope(world):
        Passkey.objects.update(suspended_at=None)
    assert staff.is_in(client)
    with cast.in_scope(world):
        Passkey.objects.all().delete()
    assert not staff.is_in(client)


def left_alone(client: Client) -> None:
    session = client.session
    session[staff_session.PROVED_AT] -= 3600
    session.save()


def test_shows_again_who_it_is(client: Client, world, alice, device) -> None:
    staff.sign_in(client, "alice", world.scope.slug)
    left_alone(client)
    assert "reauthenticate" in client.get(f"{OWN}add/")["Location"]
    answer = use(client, device, PROOF, next=f"{OWN}add/")
    assert (answer.status_code, answer["Location"]) == (302, f"{OWN}add/")
    assert client.get(f"{OWN}add/").status_code == 200


def test_an_unverified_one_shows_too_little_beside_a_generator(
    client: Client, world, alice, device
) -> None:
    generator, _ = staff.enrol(alice)
    staff.sign_in(client, "alice", world.scope.slug)
    staff.give_code(client, generator.code())
    unverified(world, device)
    left_alone(client)
    answer = use(client, device, PROOF)
    assert "did not ask for your finger" in answer.content.decode()
    assert "reauthenticate" in client.get(f"{OWN}add/")["Location"]
    device.flags = PRESENT | VERIFIED
    assert use(client, device, PROOF).status_code == 302


def test_adds_renames_and_removes_ones_own(client: Client, world, alice) -> None:
    staff.sign_in(client, "alice", world.scope.slug)
    assert "None yet." in client.get("/admin/sign-in/").content.decode()
    device = Authenticator()
    answer = client.post(f"{OWN}options/")
    found = json.loads(answer.content)
    form = filled(found, device.create(found["public_key"])) | {"name": "Telephone"}
    assert client.post(f"{OWN}add/", form)["Location"] == "/admin/sign-in/"
    with cast.in_scope(world):
        row = Passkey.objects.get()
    assert (row.user_id, row.name) == (alice.id, "Telephone")
    assert "Telephone" in client.get("/admin/sign-in/").content.decode()
    assert client.get(f"{OWN}{row.id}/rename/").status_code == 200
    assert client.post(f"{OWN}{row.id}/rename/", {"name": "<i>Old"}).status_code == 302
    assert "&lt;i&gt;Old" in client.get("/admin/sign-in/").content.decode()
    assert client.get(f"{OWN}{row.id}/remove/").status_code == 200
    assert client.post(f"{OWN}{row.id}/remove/").status_code == 302
    with cast.in_scope(world):
        assert not Passkey.objects.exists()
        assert SignIn.objects.count() == 0


def test_changes_only_after_a_fresh_proof_and_only_ones_own(client: Client, world, alice) -> None:
    other = staff.add(world, "bob", "super-admin")
    held(other)
    staff.sign_in(client, "alice", world.scope.slug)
    with cast.in_scope(world):
        row = Passkey.objects.get()
    for act in ("rename", "remove"):
        assert client.post(f"{OWN}{row.id}/{act}/", {"name": "x"}).status_code == 404
    left_alone(client)
    assert client.post(f"{OWN}options/").status_code == 403
    assert "reauthenticate" in client.post(f"{OWN}add/")["Location"]


def test_takes_no_answer_that_came_late(
    client: Client, world, alice, device, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = begun(client, LOGIN, scope=world.scope.slug)
    monkeypatch.setattr(passkey_challenges, "LASTS", timedelta(seconds=-1))
    form = filled(found, device.get(found["public_key"])) | {"scope": world.scope.slug}
    answer = client.post(LOGIN, form)
    assert "That took too long" in answer.content.decode()
    # What was typed stays.
    assert f'value="{world.scope.slug}"' in answer.content.decode()
    assert client.post(LOGIN, {"scope": world.scope.slug}).status_code == 200


def test_offers_none_where_they_belong_to_pages_elsewhere(client: Client, world, alice) -> None:
    staff.sign_in(client, "alice", world.scope.slug)
    assert "Add a passkey" in client.get("/admin/sign-in/").content.decode()
    with cast.in_scope(world):
        changes = {"passkey_origins": "https://localhost"}
        scopes.change_settings(changes=changes, by=world.system, now=acts.now())
    shown = client.get("/admin/sign-in/").content.decode()
    assert "Add a passkey" not in shown
    assert "belong to other pages" in shown
