"""The pages on which staff get in: two steps, set-up, re-authentication, scopes."""

import re
import time
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.services import one_time_passwords, passwords
from accounts.services import staff as service
from identity import ids
from identity.models import AuditEvent
from identity.pages import staff_session
from tests import acts, cast, staff

pytestmark = pytest.mark.django_db(transaction=True)
SET_UP = "/admin/sign-in/one-time-password/"
SECRET = re.compile(r'<code class="wrapped" id="secret">([A-Z2-7]{32})</code>')
CODE = re.compile(r"<code>((?:[A-Z2-7]{4}-){3}[A-Z2-7]{4})</code>")


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def alice(world: cast.World) -> User:
    return staff.add(world, "alice", "super-admin")


def set_up(client: Client) -> tuple[staff.Generator, list[str]]:
    """Set a generator up on the page."""
    client.post(SET_UP)
    page = client.get(SET_UP).content.decode()
    found = SECRET.search(page)
    assert found, page
    generator = staff.Generator.of_text(found[1])
    shown = client.post(SET_UP, {"code": generator.code()}).content.decode()
    return generator, CODE.findall(shown)


def test_asks_no_code_of_who_has_no_generator(
    client: Client, world: cast.World, alice: User
) -> None:
    answer = staff.sign_in(client, "alice", world.scope.slug)
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
    assert staff.is_in(client)


def test_signs_in_in_two_steps(client: Client, world: cast.World, alice: User) -> None:
    generator, _ = staff.enrol(alice)
    first = staff.sign_in(client, "alice", world.scope.slug, next="/admin/accounts/user/")
    assert (first.status_code, first["Location"]) == (302, "/admin/one-time-password/")
    assert not staff.is_in(client)
    wrong = staff.give_code(client, generator.wrong())
    assert wrong.status_code == 200
    assert "This code is wrong" in wrong.content.decode()
    assert not staff.is_in(client)
    second = staff.give_code(client, generator.code())
    assert (second.status_code, second["Location"]) == (302, "/admin/accounts/user/")
    assert staff.is_in(client)
    with cast.in_scope(world):
        signed_in = AuditEvent.objects.filter(name="staff.signed-in")
        assert [event.actor["address"] for event in signed_in] == ["127.0.0.1"]


def test_signs_in_with_a_recovery_code_once(client: Client, world: cast.World, alice: User) -> None:
    _, codes = staff.enrol(alice)
    staff.sign_in(client, "alice", world.scope.slug)
    assert staff.give_code(client, codes[3]).status_code == 302
    assert staff.is_in(client)
    other = Client()
    staff.sign_in(other, "alice", world.scope.slug)
    assert staff.give_code(other, codes[3]).status_code == 200
    assert not staff.is_in(other)


def test_sets_a_generator_up_by_qr_and_text(client: Client, world: cast.World, alice: User) -> None:
    staff.sign_in(client, "alice", world.scope.slug)
    assert "Show a new secret" in client.get(SET_UP).content.decode()
    generator, codes = set_up(client)
    assert len(codes) == 10
    assert staff.is_in(client)
    page = client.get("/admin/sign-in/").content.decode()
    assert "10 recovery codes left" in page
    # The codes and the secret are shown once.
    assert codes[0] not in client.get(SET_UP).content.decode()
    assert not SECRET.search(client.get(SET_UP).content.decode())
    fresh = Client()
    staff.sign_in(fresh, "alice", world.scope.slug)
    assert staff.give_code(fresh, generator.code()).status_code == 302


def test_draws_the_secret_without_script_and_style(
    client: Client, world: cast.World, alice: User
) -> None:
    staff.sign_in(client, "alice", world.scope.slug)
    assert client.get(f"{SET_UP}qr.svg").status_code == 404
    client.post(SET_UP)
    answer = client.get(f"{SET_UP}qr.svg")
    assert answer["Content-Type"] == "image/svg+xml"
    assert "no-store" in answer["Cache-Control"]
    drawn = answer.content.decode()
    assert drawn.startswith("<?xml")
    assert "style" not in drawn
    assert "script" not in drawn


def test_writes_names_of_any_kind_into_the_qr_code() -> None:
    from identity.pages import own_sign_in

    begun = one_time_passwords.Begun(b"0" * 20)
    address = own_sign_in.address(begun, "acme/al ice?secret=x&issuer=y#z:/é")
    assert address == (
        "otpauth://totp/Countersign%3Aacme%2Fal%20ice%3Fsecret%3Dx%26issuer%3Dy%23z%3A%2F%C3%A9"
        "?secret=GAYDAMBQGAYDAMBQGAYDAMBQGAYDAMBQ&issuer=Countersign"
    )


def test_keeps_a_generator_until_another_has_shown_a_code(
    client: Client, world: cast.World, alice: User
) -> None:
    generator, _ = staff.enrol(alice)
    staff.sign_in(client, "alice", world.scope.slug)
    staff.give_code(client, generator.code())
    client.post(SET_UP)
    wrong = client.post(SET_UP, {"code": generator.wrong()})
    assert "This code is wrong" in wrong.content.decode()
    other = Client()
    staff.sign_in(other, "alice", world.scope.slug)
    assert staff.give_code(other, generator.code()).status_code == 302


def test_makes_new_recovery_codes(client: Client, world: cast.World, alice: User) -> None:
    generator, old = staff.enrol(alice)
    staff.sign_in(client, "alice", world.scope.slug)
    staff.give_code(client, generator.code())
    assert client.get("/admin/sign-in/recovery-codes/").status_code == 200
    new = CODE.findall(client.post("/admin/sign-in/recovery-codes/").content.decode())
    assert len(new) == 10
    assert not set(new) & set(old)


def test_makes_no_recovery_codes_without_a_generator(
    client: Client, world: cast.World, alice: User
) -> None:
    staff.sign_in(client, "alice", world.scope.slug)
    page = client.post("/admin/sign-in/recovery-codes/", follow=True).content.decode()
    assert "Set up one-time passwords first." in page


@pytest.mark.parametrize("path", ["", "scope/", "accounts/user/", "sign-in/", "password_change/"])
def test_leads_to_the_set_up_before_any_page(
    client: Client, world: cast.World, alice: User, settings: Any, path: str
) -> None:
    settings.STAFF_ONE_TIME_PASSWORDS = True
    staff.sign_in(client, "alice", world.scope.slug)
    for answer in (client.get(f"/admin/{path}"), client.post(f"/admin/{path}")):
        assert (answer.status_code, answer["Location"]) == (302, SET_UP)
    assert staff_session.actor_of(client.get(SET_UP).wsgi_request) is None
    set_up(client)
    assert client.get(f"/admin/{path}").status_code == 200


def test_asks_again_after_ten_minutes_and_leads_back(
    client: Client, world: cast.World, alice: User
) -> None:
    generator, _ = staff.enrol(alice)
    staff.sign_in(client, "alice", world.scope.slug)
    staff.give_code(client, generator.code())
    forget_the_proof(client)
    asked = client.get(SET_UP)
    assert asked.status_code == 302
    assert asked["Location"] == f"/admin/reauthenticate/?next={SET_UP.replace('/', '%2F')}"
    page = client.get(asked["Location"]).content.decode()
    assert 'name="code"' in page
    wrong = client.post(asked["Location"], {"password": "wrong", "code": "000000"})
    assert "This is not your password" in wrong.content.decode()
    assert client.get(SET_UP).status_code == 302
    before = client.cookies["sessionid"].value
    given = {"password": staff.PASSWORD, "code": generator.code()}
    answer = client.post(asked["Location"], given)
    assert (answer.status_code, answer["Location"]) == (302, SET_UP)
    assert client.cookies["sessionid"].value != before
    assert client.get(SET_UP).status_code == 200


def test_asks_again_even_while_a_set_up_is_due(
    client: Client, world: cast.World, alice: User, settings: Any
) -> None:
    settings.STAFF_ONE_TIME_PASSWORDS = True
    staff.sign_in(client, "alice", world.scope.slug)
    forget_the_proof(client)
    asked = client.get(SET_UP)
    answer = client.post(asked["Location"], {"password": staff.PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, SET_UP)
    assert client.get(SET_UP).status_code == 200


def forget_the_proof(client: Client) -> None:
    session = client.session
    session[staff_session.PROVED_AT] = int(time.time()) - 601
    session.save()


def test_works_in_several_scopes_as_several_users(
    client: Client, world: cast.World, alice: User
) -> None:
    elsewhere = cast.world()
    with cast.in_scope(elsewhere):
        service.admit_login(
            public_id=ids.new(),
            name=f"{world.scope.slug}/alice",
            roles=["workspace-auditor"],
            by=elsewhere.system,
            now=acts.now(),
        )
    staff.sign_in(client, "alice", world.scope.slug)
    page = client.get("/admin/scope/").content.decode()
    assert elsewhere.scope.slug in page
    before = client.cookies["sessionid"].value
    answer = client.post("/admin/scope/", {"scope": elsewhere.scope.slug})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
    assert client.cookies["sessionid"].value != before
    index = client.get("/admin/")
    assert index.context["scope_name"] == elsewhere.scope.slug
    assert index.context["standing"] == "workspace-auditor"
    # Signing in, and what belongs to it, stays at home.
    assert f"{world.scope.slug}/alice" in client.get("/admin/sign-in/").content.decode()
    set_up(client)
    client.post("/admin/scope/", {"scope": world.scope.slug})
    assert client.get("/admin/").context["standing"] == "super-admin"


def test_operators_search_among_many_scopes(client: Client) -> None:
    from identity.models import Scope
    from identity.scoping import current

    staff.add_operator()
    with current.across_scopes(why="a test needs many"):
        Scope.objects.bulk_create(
            Scope(slug=f"crowd-{number:03}", name=f"Crowd {number}", created_at=acts.now())
            for number in range(120)
        )
    staff.sign_in(client, "operator")
    page = client.get("/admin/scope/").content.decode()
    assert page.count('name="scope"') == 50
    assert "More scopes" in page
    more = client.get("/admin/scope/?after=crowd-049").content.decode()
    assert "crowd-050" in more
    assert "crowd-049" not in more
    found = client.get("/admin/scope/?q=crowd-11").content.decode()
    assert found.count('name="scope"') == 10
    assert "No scope fits" in client.get("/admin/scope/?q=nothing-like-it").content.decode()
    assert client.get("/admin/scope/?q=%00&after=%00").status_code == 200
    answer = client.post("/admin/scope/", {"scope": "crowd-117"})
    assert answer["Location"] == "/admin/"
    assert client.get("/admin/").context["scope_name"] == "crowd-117"


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/admin/",
        "//evil.example/admin/",
        "/admin/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\tevil",
        "http:///evil.example",
        "/admin//evil.example\n",
    ],
)
def test_leads_nowhere_else(client: Client, world: cast.World, alice: User, wanted: str) -> None:
    answer = staff.sign_in(client, "alice", world.scope.slug, next=wanted)
    assert answer["Location"].startswith("/admin/")
    assert "\\" not in answer["Location"]
    again = client.post("/admin/reauthenticate/", {"password": staff.PASSWORD, "next": wanted})
    assert again["Location"].startswith("/admin/")
    assert "\\" not in again["Location"]


def test_counts_wrong_passwords_of_a_re_authentication(
    client: Client, world: cast.World, alice: User
) -> None:
    staff.sign_in(client, "alice", world.scope.slug)
    for _ in range(passwords.MOST_WRONG):
        client.post("/admin/reauthenticate/", {"password": "wrong"})
    refused = client.post("/admin/reauthenticate/", {"password": staff.PASSWORD})
    assert refused.status_code == 200


def test_revoking_a_device_asks_who_it_is(client: Client, world: cast.World, alice: User) -> None:
    bob = world.member("bob")
    staff.sign_in(client, "alice", world.scope.slug)
    path = f"/admin/accounts/device/{bob.device.id}/revoke/"
    assert client.get(path).status_code == 200
    forget_the_proof(client)
    for answer in (client.get(path), client.post(path, {"reason": "lost"})):
        assert answer.status_code == 302
        assert answer["Location"].startswith("/admin/reauthenticate/?next=")
    with cast.in_scope(world):
        bob.device.refresh_from_db()
    assert bob.device.status == "active"
