"""The page of who is signed in: the own sessions, the password, and locking the account."""

from datetime import UTC, datetime, timedelta

import pytest
from django.http import HttpResponse

from sessions_app.errors import TokenRefused
from sessions_app.models import Session
from sessions_app.services.sessions import Origin
from tests import cast, signed_in
from tests.faces.v1 import apps
from tests.faces.v1.apps import PASSWORD, App
from tests.faces.v1.test_sign_in import ALICE, enrolled
from tests.signed_in import PHONE
from tests.visitors import Visitor

pytestmark = pytest.mark.django_db(transaction=True)

NEW = "a new battery and its staple"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    member = world.member("alice", "member")
    apps.protect(world, member.user)
    return member


@pytest.fixture
def visitor(world: cast.World, alice: cast.Member) -> Visitor:
    visitor = Visitor(world)
    form = {"step": "password", "username": alice.user.username, "password": PASSWORD}
    assert visitor.post(**form).status_code == 302
    return visitor


def text(answer: HttpResponse) -> str:
    return answer.content.decode()


def lives(world: cast.World, held: signed_in.SignedIn) -> bool:
    try:
        signed_in.check(world, held.access)
    except TokenRefused:
        return False
    return True


def test_lists_the_own_sessions_that_go_on(
    world: cast.World, alice: cast.Member, visitor: Visitor
) -> None:
    assert "Nowhere else." in text(visitor.get())
    signed_in.start(world, alice, origin=Origin("198.51.100.9", FIREFOX))
    over = signed_in.start(world, alice, origin=PHONE)
    other = signed_in.start(world, world.member("bob"), origin=Origin("", "Bobs/1"))
    with cast.in_scope(world):
        past = datetime.now(UTC) - timedelta(minutes=1)
        Session.objects.filter(id=over.session.id).update(expires_at=past)
    shown = text(visitor.get())
    assert shown.count("This browser") == 1
    assert "Firefox on Linux" in shown
    assert "198.51.100.9" in shown
    assert "Phone/1" not in shown
    assert "Bobs/1" not in shown
    assert str(other.session.id) not in shown


def test_shows_a_part_at_a_time(world: cast.World, alice: cast.Member, visitor: Visitor) -> None:
    for number in range(12):
        signed_in.start(world, alice, origin=Origin("", f"Agent/{number}."))
    shown = text(visitor.get())
    assert "Agent/11." in shown
    assert "Agent/0." not in shown
    cursor = shown.partition("login?sessions=")[2].partition("#")[0]
    older = text(visitor.client.get(f"{visitor.base}/login?sessions={cursor}"))  # type: ignore[arg-type]
    assert "Agent/0." in older
    assert "Agent/11." not in older
    assert visitor.get(sessions="x").status_code == 302


def test_ends_one_and_all_others(world: cast.World, alice: cast.Member, visitor: Visitor) -> None:
    phone = signed_in.start(world, alice, origin=PHONE)
    laptop = signed_in.start(world, alice)
    answer = visitor.post("/login/sessions/end", session=str(phone.session.id))
    assert (answer.status_code, lives(world, phone), lives(world, laptop)) == (302, False, True)
    assert visitor.post("/login/sessions/end-others").status_code == 302
    assert not lives(world, laptop)
    assert "You are signed in" in text(visitor.get())


def test_ends_nobody_elses(world: cast.World, visitor: Visitor) -> None:
    bob = signed_in.start(world, world.member("bob"))
    answer = visitor.post("/login/sessions/end", session=str(bob.session.id))
    assert answer.status_code == 404
    assert visitor.post("/login/sessions/end", session="x").status_code == 404
    visitor.post("/login/sessions/end-others")
    assert lives(world, bob)


def test_locks_the_account(world: cast.World, alice: cast.Member, visitor: Visitor) -> None:
    phone = signed_in.start(world, alice, origin=PHONE)
    answer = visitor.post("/login/lock")
    assert answer.status_code == 200
    assert "Your account is locked" in text(answer)
    assert not lives(world, phone)
    assert App(world).by_password(ALICE).status_code == 401
    assert "You are signed in" not in text(visitor.get())


def test_the_last_owner_is_not_locked(world: cast.World) -> None:
    owner = world.member("owner", "super-admin")
    apps.protect(world, owner.user)
    visitor = Visitor(world)
    visitor.post(step="password", username=owner.user.username, password=PASSWORD)
    answer = visitor.post("/login/lock")
    assert answer.status_code == 409
    assert "You are signed in" in text(answer)


@pytest.mark.parametrize(
    "path",
    ["/login/sessions/end", "/login/sessions/end-others", "/login/lock", "/login/password"],
)
def test_takes_a_form_of_the_page_and_a_session(
    world: cast.World, visitor: Visitor, path: str
) -> None:
    assert visitor.get(path).status_code == 405
    forged = visitor.client.post(f"{visitor.base}{path}", {"new": NEW})
    assert forged.status_code == 403
    assert Visitor(world).post(path, new=NEW).status_code == 401
    assert App(world).by_password(ALICE).status_code == 200


class TestPassword:
    """Setting it on the page."""

    def test_shortly_after_signing_in(
        self, world: cast.World, alice: cast.Member, visitor: Visitor
    ) -> None:
        phone = signed_in.start(world, alice, origin=PHONE)
        assert "Present password" not in text(visitor.get())
        answer = visitor.post("/login/password", new=NEW)
        assert "Your new password is set" in text(answer)
        assert not lives(world, phone)
        assert App(world).by_password(ALICE, NEW).status_code == 200
        assert "You are signed in" in text(visitor.get())

    def test_later_with_the_present_one(
        self, world: cast.World, alice: cast.Member, visitor: Visitor
    ) -> None:
        apps.left_alone(world)
        assert "Present password" in text(visitor.get())
        for wrong in ("", "wrong"):
            assert visitor.post("/login/password", present=wrong, new=NEW).status_code == 401
        answer = visitor.post("/login/password", present=PASSWORD, new=NEW)
        assert "Your new password is set" in text(answer)
        assert App(world).by_password(ALICE, NEW).status_code == 200

    def test_never_past_a_generator(
        self, world: cast.World, alice: cast.Member, visitor: Visitor
    ) -> None:
        enrolled(world, alice.user)
        apps.left_alone(world)
        assert "Change the password" not in text(visitor.get())
        answer = visitor.post("/login/password", present=PASSWORD, new=NEW)
        assert answer.status_code == 403
        assert "Prove below who you are" in text(answer)

    def test_says_what_is_wrong_with_a_new_one(self, visitor: Visitor) -> None:
        assert "at least 8 characters" in text(visitor.post("/login/password", new="short"))
        assert visitor.post("/login/password", new="").status_code == 400
