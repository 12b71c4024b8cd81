"""The admin's pages about the staff of a scope."""

import pytest
from django.test import Client

from accounts.models import User
from identity import ids
from identity.pages import staff_session
from identity.scoping import current
from tests import cast, staff

pytestmark = pytest.mark.django_db(transaction=True)
HTML = {"accept": "text/html"}


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def browser(world: cast.World) -> Client:
    """alice, the only owner, signed in."""
    staff.add(world, "alice", "super-admin")
    client = Client()
    staff.sign_in(client, "alice", world.scope.slug)
    return client


def told(client: Client, path: str, **form: str) -> str:
    return client.post(path, form, follow=True).content.decode()


def user(world: cast.World, name: str) -> User:
    with current.in_scope(world.scope.id):
        return User.objects.get(username=name)


def test_admits_lists_and_dismisses(world: cast.World, browser: Client) -> None:
    world.member("bob", "workspace-auditor")
    page = told(browser, "/admin/staff/admit/", name="bob@example.test")
    assert "The person is staff now." in page
    assert "bob@example.test" in page
    bob = user(world, "bob@example.test")
    assert bob.is_staff
    assert browser.get(f"/admin/staff/{bob.public_id}/dismiss/").status_code == 200
    page = told(browser, f"/admin/staff/{bob.public_id}/dismiss/")
    assert "has no access to this admin any more" in page
    assert "bob@example.test" not in page
    assert not user(world, "bob@example.test").is_staff


def test_admits_a_login_of_another_scope_again(world: cast.World, browser: Client) -> None:
    elsewhere = cast.world()
    staff.add(elsewhere, "charlie", "super-admin")
    name = f"{elsewhere.scope.slug}/charlie"
    for _ in range(2):
        page = told(browser, "/admin/staff/admit/", name=name, role="workspace-auditor")
        assert "The person is staff now." in page
        charlie = user(world, name)
        assert not charlie.is_staff
        told(browser, f"/admin/staff/{charlie.public_id}/dismiss/")
    page = told(browser, "/admin/staff/admit/", name=f"{elsewhere.scope.slug}/nobody")
    assert "There is no such login of another scope." in page


def test_removes_a_lost_generator(world: cast.World, browser: Client) -> None:
    dora = staff.add(world, "dora", "workspace-auditor")
    staff.enrol(dora)
    page = browser.get("/admin/staff/").content.decode()
    assert f"/admin/staff/{dora.public_id}/reset/" in page
    page = told(browser, f"/admin/staff/{dora.public_id}/reset/")
    assert "The generator is removed" in page
    assert user(world, "dora").one_time_password_id is None
    page = told(browser, f"/admin/staff/{dora.public_id}/reset/")
    assert "This account has no one-time password." in page


def test_shows_and_does_what_the_role_lets(world: cast.World, browser: Client) -> None:
    dora = staff.add(world, "dora", "workspace-auditor")
    staff.add(world, "erin", "support")
    reader, stranger = Client(), Client()
    staff.sign_in(reader, "dora", world.scope.slug)
    staff.sign_in(stranger, "erin", world.scope.slug)
    page = reader.get("/admin/staff/").content.decode()
    assert "dora" in page
    assert "Dismiss" not in page
    assert stranger.get("/admin/staff/", headers=HTML).status_code == 403
    for client in (reader, stranger):
        for path in ("admit", f"{dora.public_id}/dismiss", f"{dora.public_id}/reset"):
            for answer in (
                client.get(f"/admin/staff/{path}/", headers=HTML),
                client.post(f"/admin/staff/{path}/", headers=HTML),
            ):
                assert answer.status_code == 403


def test_asks_who_it_is_before_each_act(world: cast.World, browser: Client) -> None:
    dora = staff.add(world, "dora", "workspace-auditor")
    session = browser.session
    session[staff_session.PROVED_AT] = 1
    session.save()
    for path in ("admit", f"{dora.public_id}/dismiss", f"{dora.public_id}/reset"):
        for answer in (
            browser.get(f"/admin/staff/{path}/"),
            browser.post(f"/admin/staff/{path}/"),
        ):
            assert answer.status_code == 302
            assert answer["Location"].startswith("/admin/reauthenticate/?next=%2Fadmin%2Fstaff%2F")
    assert user(world, "dora").is_staff


def test_reaches_nobody_of_another_scope(browser: Client) -> None:
    other = cast.world()
    foreign = staff.add(other, "dora", "super-admin")
    assert "dora" not in browser.get("/admin/staff/").content.decode()
    for act in ("dismiss", "reset"):
        path = f"/admin/staff/{foreign.public_id}/{act}/"
        assert browser.get(path, headers=HTML).status_code == 404
        assert browser.post(path, headers=HTML).status_code == 404


def test_pages_through_many(world: cast.World, browser: Client) -> None:
    for number in range(60):
        with current.in_scope(world.scope.id):
            made = User.objects.get(username="alice")
            made.pk = None
            made.id = made.public_id = ids.new()
            made.username = made.username_folded = f"crowd-{number:02}"
            made.save(force_insert=True)
    first = browser.get("/admin/staff/")
    more = browser.get(f"/admin/staff/?after={first.context['window'].next}").content.decode()
    assert "crowd-59" in more
    assert "crowd-10" not in more
    assert browser.get("/admin/staff/?after=nonsense").status_code == 302


def test_hostile_names_stay_texts(world: cast.World, browser: Client) -> None:
    name = "<script>alert(1)</script>'\"{{7*7}}"
    made = staff.add(world, name, "workspace-auditor")
    page = browser.get("/admin/staff/").content.decode()
    page += browser.get(f"/admin/staff/{made.public_id}/dismiss/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#x27;&quot;{{7*7}}" in page
    theirs = Client()
    staff.sign_in(theirs, name, world.scope.slug)
    own = theirs.get("/admin/sign-in/").content.decode()
    assert "<script>alert" not in own
