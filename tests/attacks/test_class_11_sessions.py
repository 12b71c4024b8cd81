"""Class 11 of the known attacks: a session id from before a sign-in, or of less right, goes on.

Seen as session fixation in many frameworks. The id of the staff's session changes with every gain:
the password, the one-time password, a re-authentication, another scope, a new generator.
"""

from collections.abc import Callable, Mapping

import pytest
from django.test import Client

from accounts.models import User
from accounts.services import staff as service
from identity import ids
from tests import acts, cast, staff

pytestmark = pytest.mark.django_db(transaction=True)
COOKIE = "sessionid"
SET_UP = "/admin/sign-in/one-time-password/"


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def alice(world: cast.World) -> User:
    return staff.add(world, "alice", "super-admin")


def session_id(client: Client) -> str:
    return client.cookies[COOKIE].value if COOKIE in client.cookies else ""


def copy_of(client: Client) -> Client:
    """Somebody else with the same cookie."""
    thief = Client()
    thief.cookies[COOKIE] = session_id(client)
    return thief


def planted() -> Client:
    """A browser whose session was made and filled by somebody else."""
    client = Client()
    session = client.session
    session["admin_scope"] = "of the attacker"
    session.save()
    return client


def test_a_planted_session_is_not_signed_in(world: cast.World, alice: User) -> None:
    victim = planted()
    attacker = copy_of(victim)
    staff.sign_in(victim, "alice", world.scope.slug)
    assert staff.is_in(victim)
    assert not staff.is_in(attacker)
    assert victim.session.get("admin_scope") is None


def test_a_planted_session_does_not_gain_by_either_step(world: cast.World, alice: User) -> None:
    generator, _ = staff.enrol(alice)
    victim = planted()
    before = copy_of(victim)
    staff.sign_in(victim, "alice", world.scope.slug)
    between = copy_of(victim)
    assert session_id(between) != session_id(before)
    staff.give_code(victim, generator.code())
    assert staff.is_in(victim)
    for attacker in (before, between):
        assert not staff.is_in(attacker)
        assert attacker.get("/admin/one-time-password/").status_code == 302


def choose(client: Client, world: cast.World) -> None:
    elsewhere = cast.world()
    with cast.in_scope(elsewhere):
        service.admit_login(
            public_id=ids.new(),
            name=f"{world.scope.slug}/alice",
            roles=["super-admin"],
            by=elsewhere.system,
            now=acts.now(),
        )
    client.post("/admin/scope/", {"scope": elsewhere.scope.slug})
    assert client.get("/admin/").context["scope_name"] == elsewhere.scope.slug


def prove(client: Client, world: cast.World) -> None:
    del world
    answer = client.post("/admin/reauthenticate/", {"password": staff.PASSWORD})
    assert answer.status_code == 302


def set_up(client: Client, world: cast.World) -> None:
    del world
    client.post(SET_UP)
    secret = client.get(SET_UP).context["begun"].secret
    client.post(SET_UP, {"code": staff.Generator(secret).code()})


GAINS: Mapping[str, Callable[[Client, cast.World], None]] = {
    "another scope": choose,
    "a re-authentication": prove,
    "a generator": set_up,
}


@pytest.mark.parametrize("gain", GAINS)
def test_a_stolen_session_gains_nothing_with_its_owner(
    world: cast.World, alice: User, gain: str
) -> None:
    owner = Client()
    staff.sign_in(owner, "alice", world.scope.slug)
    thief = copy_of(owner)
    assert staff.is_in(thief)
    GAINS[gain](owner, world)
    assert session_id(owner) != session_id(thief)
    assert staff.is_in(owner)
    assert not staff.is_in(thief)


def test_signing_out_ends_the_session_on_the_server(world: cast.World, alice: User) -> None:
    owner = Client()
    staff.sign_in(owner, "alice", world.scope.slug)
    thief = copy_of(owner)
    owner.post("/admin/logout/")
    assert not staff.is_in(thief)


@pytest.mark.parametrize(
    "path",
    [
        "/admin/login/",
        "/admin/one-time-password/",
        "/admin/reauthenticate/",
        "/admin/scope/",
        SET_UP,
        "/admin/sign-in/recovery-codes/",
        "/admin/logout/",
    ],
)
def test_no_form_is_taken_without_its_token(world: cast.World, alice: User, path: str) -> None:
    # A sign-in forged by another site would let the victim work in the attacker's account.
    client = Client(enforce_csrf_checks=True)
    form = {"scope": world.scope.slug, "username": "alice", "password": staff.PASSWORD}
    answer = client.post(path, form, headers={"accept": "text/html"})
    assert answer.status_code == 403
    assert not staff.is_in(client)


def test_no_address_is_made_of_a_host_header(
    world: cast.World, alice: User, settings: object
) -> None:
    client = Client()
    for path in ("/admin/", "/admin/login/", "/admin/scope/", SET_UP):
        refused = client.get(path, headers={"host": "evil.example"})
        assert refused.status_code == 400
        answer = client.get(path, headers={"x-forwarded-host": "evil.example"})
        assert "evil.example" not in answer.content.decode()
        assert "evil.example" not in str(answer.headers)
