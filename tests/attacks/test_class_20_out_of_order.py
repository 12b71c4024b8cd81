"""Class 20 of the known attacks: the steps of a sign-in are taken out of order, or one is left out.

Seen as CVE-2025-13467 and its kin, where a password alone opened pages behind a second factor,
and where the set-up of a new factor took the place of giving the old one. Between the two steps
there is nothing but a note in the session, which no page but the second step reads.
"""

import time
from typing import Any

import pytest
from django.test import Client

from accounts.models import OneTimePassword, User
from accounts.services import one_time_passwords, passwords
from identity import ids
from identity.pages import signing_in, staff_session
from tests import acts, cast, staff

pytestmark = pytest.mark.django_db(transaction=True)
SET_UP = "/admin/sign-in/one-time-password/"
PAGES = (
    "/admin/",
    "/admin/accounts/user/",
    "/admin/scope/",
    "/admin/password_change/",
    "/admin/reauthenticate/",
    "/admin/sign-in/",
    SET_UP,
    f"{SET_UP}qr.svg",
    "/admin/sign-in/recovery-codes/",
)


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def alice(world: cast.World) -> User:
    return staff.add(world, "alice", "super-admin")


@pytest.fixture
def half(world: cast.World, alice: User) -> tuple[Client, staff.Generator]:
    """A browser that gave the right password, and the generator that it has not."""
    generator, _ = staff.enrol(alice)
    client = Client()
    staff.sign_in(client, "alice", world.scope.slug)
    return client, generator


@pytest.mark.parametrize("path", PAGES)
def test_the_password_alone_opens_nothing(half: tuple[Client, staff.Generator], path: str) -> None:
    client, _ = half
    form = {"password": staff.PASSWORD, "scope": "acme", "code": ""}
    for answer in (client.get(path), client.post(path, form)):
        assert answer.status_code == 302
        assert answer["Location"].startswith("/admin/login/")
    request: Any = client.get("/admin/login/").wsgi_request
    assert staff_session.actor_of(request) is None
    assert not staff_session.is_recent(request, acts.now())


def test_the_password_alone_opens_nothing_of_the_api(
    half: tuple[Client, staff.Generator], world: cast.World
) -> None:
    client, _ = half
    assert client.get(f"/s/{world.scope.slug}/v1/groups/{ids.new()}").status_code == 401


def test_the_second_step_alone_is_none(client: Client, world: cast.World, alice: User) -> None:
    generator, _ = staff.enrol(alice)
    for answer in (
        client.get("/admin/one-time-password/"),
        staff.give_code(client, generator.code()),
    ):
        assert (answer.status_code, answer["Location"]) == (302, "/admin/login/")
    assert not staff.is_in(client)


def test_a_code_is_for_who_gave_the_password(
    half: tuple[Client, staff.Generator], world: cast.World
) -> None:
    client, _ = half
    bob = staff.add(world, "bob", "super-admin")
    own, _ = staff.enrol(bob)
    # bob's code does not sign in alice, nor does a form that names bob.
    answer = client.post(
        "/admin/one-time-password/",
        {"code": own.code(), "user": str(bob.id), "username": "bob"},
    )
    assert answer.status_code == 200
    assert not staff.is_in(client)


def test_an_own_session_is_forgotten_by_a_second_sign_in(
    half: tuple[Client, staff.Generator], world: cast.World, alice: User
) -> None:
    _, generator = half
    staff.add(world, "mallory", "super-admin")
    client = Client()
    staff.sign_in(client, "mallory", world.scope.slug)
    assert staff.is_in(client)
    # Half a sign-in as alice takes mallory's session away and gives none of alice's.
    staff.sign_in(client, "alice", world.scope.slug)
    assert not staff.is_in(client)
    staff.give_code(client, generator.code())
    assert client.get("/admin/sign-in/").content.decode().count("/alice") == 1


def test_half_a_sign_in_ends_after_five_minutes(half: tuple[Client, staff.Generator]) -> None:
    client, generator = half
    session = client.session
    note = session[signing_in.HALF]
    session[signing_in.HALF] = note | {"at": int(time.time()) - 301}
    session.save()
    assert staff.give_code(client, generator.code())["Location"] == "/admin/login/"
    assert not staff.is_in(client)


@pytest.mark.parametrize("change", ["password", "generator", "disabled", "dismissed"])
def test_half_a_sign_in_ends_with_a_change_of_the_account(
    half: tuple[Client, staff.Generator], world: cast.World, alice: User, change: str
) -> None:
    client, generator = half
    with cast.in_scope(world):
        if change == "password":
            verifier = passwords.make_verifier("another password")
            passwords.store(user_id=alice.id, verifier=verifier, by=world.system, now=acts.now())
        elif change == "generator":
            one_time_passwords.reset(user_id=alice.id, by=world.system, now=acts.now())
        else:
            values = {"status": "disabled"} if change == "disabled" else {"is_staff": False}
            User.objects.filter(id=alice.id).update(**values)
    assert staff.give_code(client, generator.code())["Location"] == "/admin/login/"
    assert not staff.is_in(client)


def test_no_first_code_stands_for_the_second_step(
    half: tuple[Client, staff.Generator], world: cast.World, alice: User
) -> None:
    client, _ = half
    # Whoever has the password alone can't begin a generator of their own …
    client.post(SET_UP)
    with cast.in_scope(world):
        assert not OneTimePassword.objects.filter(confirmed_at__isnull=True).exists()
        # … and a begun one that is not confirmed signs nobody in.
        by = staff.as_actor(alice)
        one_time_passwords.begin(user_id=alice.id, by=by, now=acts.now())
        begun = one_time_passwords.begun(user_id=alice.id, now=acts.now())
    assert begun is not None
    assert staff.give_code(client, staff.Generator(begun.secret).code()).status_code == 200
    assert not staff.is_in(client)


def test_a_session_without_a_generator_ends_when_one_is_set_up_elsewhere(
    world: cast.World, alice: User
) -> None:
    older = Client()
    staff.sign_in(older, "alice", world.scope.slug)
    assert staff.is_in(older)
    staff.enrol(alice)
    assert not staff.is_in(older)


def test_a_session_counts_no_more_when_generators_become_required(
    world: cast.World, alice: User, settings: Any
) -> None:
    client = Client()
    staff.sign_in(client, "alice", world.scope.slug)
    settings.STAFF_ONE_TIME_PASSWORDS = True
    assert client.get("/admin/accounts/user/")["Location"] == SET_UP
    assert client.get(f"/s/{world.scope.slug}/v1/groups/{ids.new()}").status_code == 401
