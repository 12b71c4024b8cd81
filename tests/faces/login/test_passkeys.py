"""Passkeys at the sign-in pages: signing in, joining, one's own, and the fresh proof."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse

from accounts.models import Passkey, User
from identity.services import scopes
from sessions_app.models import Session
from sessions_app.services import passkey_challenges
from tests import cast, passkey_holders
from tests.authenticator import PRESENT, VERIFIED, Authenticator
from tests.faces.login.test_applications import Shop
from tests.faces.v1 import apps
from tests.faces.v1.apps import PASSWORD
from tests.visitors import Visitor

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    member = world.member("alice", "member")
    apps.protect(world, member.user)
    return member


@pytest.fixture
def device(world: cast.World, alice: cast.Member) -> Authenticator:
    """Alice's authenticator, with a passkey of hers."""
    return held(world, alice)


def held(world: cast.World, member: cast.Member) -> Authenticator:
    device = Authenticator()
    with cast.in_scope(world):
        passkey_holders.passkey(member.user, by=world.system, device=device)
    return device


@pytest.fixture
def visitor(world: cast.World) -> Visitor:
    return Visitor(world)


def choose(world: cast.World, **changes: Any) -> None:
    from datetime import UTC, datetime

    with cast.in_scope(world):
        scopes.change_settings(changes=changes, by=world.system, now=datetime.now(UTC))


def text(answer: HttpResponse) -> str:
    return answer.content.decode()


def begun(visitor: Visitor, path: str = "/login/passkey/options", **form: str) -> Any:
    answer = visitor.post(path, **form)
    assert answer.status_code == 200, answer.content
    return json.loads(answer.content)


def filled(found: Any, credential: Any) -> dict[str, str]:
    return {"challenge_id": found["challenge_id"], "credential": json.dumps(credential)}


def sign_in(visitor: Visitor, device: Authenticator, query: str = "", **form: str) -> HttpResponse:
    found = begun(visitor, **form)
    answer = filled(found, device.get(found["public_key"]))
    return visitor.post("/login/passkey", query, **answer, **form)


def is_in(visitor: Visitor) -> bool:
    return "You are signed in" in text(visitor.get())


@pytest.mark.parametrize("name", ["", "ALICE@example.test"])
def test_signs_in_with_a_name_and_without(visitor: Visitor, device: Authenticator, name) -> None:
    form = {"username": name} if name else {}
    answer = sign_in(visitor, device, **form)
    assert (answer.status_code, answer.headers["Location"][-6:]) == (302, "/login")
    assert is_in(visitor)


def test_goes_on_to_the_application(world: cast.World, visitor: Visitor, device) -> None:
    shop = Shop(world)
    answer = sign_in(visitor, device, shop.query())
    assert answer.headers["Location"].startswith("https://shop.example.org/back?from=here&code=")


def test_goes_on_to_nobody_elses_address(visitor: Visitor, device: Authenticator) -> None:
    found = begun(visitor)
    given = filled(found, device.get(found["public_key"]))
    token = visitor.client.cookies["csrftoken"].value
    address = f"{visitor.base}/login/passkey?client_id=x&redirect_uri=https://evil.example/"
    answer = visitor.client.post(address, {"csrfmiddlewaretoken": token, **given})
    assert (answer.status_code, "Location" in answer.headers) == (400, False)
    assert not is_in(visitor)


def test_tells_what_to_do_when_it_is_refused(
    world: cast.World, visitor: Visitor, device, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cast.in_scope(world):
        Passkey.objects.all().delete()
    answer = sign_in(visitor, device)
    assert answer.status_code == 401
    assert "We could not sign you in with this passkey." in text(answer)
    assert "With a password" in text(answer)
    found = begun(visitor)
    monkeypatch.setattr(passkey_challenges, "LASTS", timedelta(seconds=-1))
    answer = visitor.post("/login/passkey", **filled(found, device.get(found["public_key"])))
    assert "That took too long." in text(answer)
    for nonsense in ("", "x", "[]", "[" * 99, '{"id": 1}', "{}"):
        given = {"challenge_id": found["challenge_id"], "credential": nonsense}
        assert visitor.post("/login/passkey", **given).status_code == 401


def test_is_finished_in_the_browser_that_began(world: cast.World, visitor: Visitor, device) -> None:
    found = begun(visitor)
    answer = filled(found, device.get(found["public_key"]))
    assert Visitor(world).post("/login/passkey", **answer).status_code == 401
    assert visitor.post("/login/passkey", **answer).status_code == 302


def test_an_unverified_passkey_is_one_factor_of_two(
    world: cast.World, alice: cast.Member, visitor: Visitor, device: Authenticator
) -> None:
    from tests.faces.v1.test_sign_in import enrolled

    choose(world, passkey_user_verification="preferred")
    enrolled(world, alice.user)
    device.flags = PRESENT
    assert "One more step" in text(sign_in(visitor, device))
    assert not is_in(visitor)
    device.flags = PRESENT | VERIFIED
    assert sign_in(visitor, device).status_code == 302


def joined(visitor: Visitor, device: Authenticator, name: str, query: str = "") -> HttpResponse:
    person = {"username": name, "full_name": "Dora"}
    found = begun(visitor, "/login/new/options", **person)
    answer = filled(found, device.create(found["public_key"]))
    return visitor.post("/login/new", query, **answer, **person)


def test_makes_an_account_where_the_scope_allows_it(world: cast.World, visitor: Visitor) -> None:
    assert visitor.get("/login/new").status_code == 403
    assert "Create an account" not in text(visitor.get())
    assert visitor.post("/login/new/options", username="dora").status_code == 403
    choose(world, passkey_sign_up=True)
    assert "Create an account" in text(visitor.get())
    assert "Create an account" in text(visitor.get("/login/new"))
    device = Authenticator()
    assert joined(visitor, device, "dora@example.test").status_code == 302
    assert "Dora" in text(visitor.get())
    assert visitor.get("/login/new").status_code == 302
    assert sign_in(Visitor(world), device).status_code == 302
    again = joined(Visitor(world), Authenticator(), "DORA@example.test")
    assert (again.status_code, "dora" in text(again).lower()) == (409, True)
    with cast.in_scope(world):
        assert User.objects.filter(username_folded="dora@example.test").count() == 1


def test_a_newcomer_goes_on_to_the_application(world: cast.World, visitor: Visitor) -> None:
    choose(world, passkey_sign_up=True)
    answer = joined(visitor, Authenticator(), "dora", Shop(world).query())
    assert answer.headers["Location"].startswith("https://shop.example.org/back?from=here&code=")


def test_tells_what_is_wrong_with_a_name(world: cast.World, visitor: Visitor) -> None:
    choose(world, passkey_sign_up=True)
    for name in ("", "x" * 300, "a\x00b"):
        answer = visitor.post("/login/new/options", username=name)
        assert answer.status_code == 400
        assert json.loads(answer.content)["title"]


def by_password(visitor: Visitor, alice: cast.Member) -> Visitor:
    form = {"step": "password", "username": alice.user.username, "password": PASSWORD}
    assert visitor.post(**form).status_code == 302
    return visitor


def stale(world: cast.World) -> None:
    with cast.in_scope(world):
        for session in Session.objects.all():
            session.authenticated_at -= timedelta(minutes=10)
            session.save(update_fields=["authenticated_at"])


def test_adds_renames_and_removes_ones_own(world, alice, visitor: Visitor) -> None:
    by_password(visitor, alice)
    assert "You have none yet." in text(visitor.get())
    device = Authenticator()
    found = begun(visitor, "/login/passkeys/options")
    form = filled(found, device.create(found["public_key"]))
    assert visitor.post("/login/passkeys/add", **form, name="Telephone").status_code == 302
    assert "Telephone" in text(visitor.get())
    with cast.in_scope(world):
        row = Passkey.objects.get()
    named = {"passkey": str(row.id), "name": "<b>Old</b>"}
    assert visitor.post("/login/passkeys/rename", **named).status_code == 302
    assert "&lt;b&gt;Old" in text(visitor.get())
    assert visitor.post("/login/passkeys/rename", passkey="x", name="y").status_code == 404
    assert visitor.post("/login/passkeys/remove", passkey=str(row.id)).status_code == 302
    assert "You have none yet." in text(visitor.get())


def test_nobody_touches_those_of_others(world, alice, visitor: Visitor) -> None:
    held(world, world.member("bob"))
    by_password(visitor, alice)
    with cast.in_scope(world):
        row = Passkey.objects.get()
    for act in ("rename", "remove"):
        answer = visitor.post(f"/login/passkeys/{act}", passkey=str(row.id), name="Mine")
        assert answer.status_code == 404
    with cast.in_scope(world):
        assert Passkey.objects.get().name == row.name


def test_the_last_way_in_stays(world: cast.World, visitor: Visitor) -> None:
    choose(world, passkey_sign_up=True)
    joined(visitor, Authenticator(), "dora")
    with cast.in_scope(world):
        row = Passkey.objects.get()
    answer = visitor.post("/login/passkeys/remove", passkey=str(row.id))
    assert answer.status_code == 409
    assert "last way to sign in" in text(answer)


def test_every_change_asks_for_a_fresh_proof(world, alice, visitor: Visitor, device) -> None:
    by_password(visitor, alice)
    late = begun(visitor, "/login/passkeys/options")
    stale(world)
    with cast.in_scope(world):
        row = Passkey.objects.get()
    refused = visitor.post("/login/passkeys/options")
    assert (refused.status_code, "Prove" in text(refused)) == (403, True)
    made = filled(late, Authenticator().create(late["public_key"]))
    assert visitor.post("/login/passkeys/add", **made).status_code == 403
    for act in ("rename", "remove"):
        answer = visitor.post(f"/login/passkeys/{act}", passkey=str(row.id), name="x")
        assert answer.status_code == 403
    with cast.in_scope(world):
        assert [kept.name for kept in Passkey.objects.all()] == [row.name]


def test_a_passkey_is_a_fresh_proof(world, alice, visitor: Visitor, device) -> None:
    by_password(visitor, alice)
    stale(world)
    assert "Prove with a passkey" in text(visitor.get())
    found = begun(visitor, "/login/prove/passkey/options")
    answer = filled(found, device.get(found["public_key"]))
    assert visitor.post("/login/prove/passkey", **answer).status_code == 302
    assert "Prove with a passkey" not in text(visitor.get())
    begun(visitor, "/login/passkeys/options")
    assert visitor.post("/login/prove/passkey", **answer).status_code == 401


def test_nobody_does_that_without_a_session(visitor: Visitor) -> None:
    for path in ("passkeys/options", "prove/passkey/options"):
        assert visitor.post(f"/login/{path}").status_code == 401
    for path in ("passkeys/add", "passkeys/rename", "passkeys/remove", "prove/passkey"):
        assert visitor.post(f"/login/{path}").status_code in {302, 401}
        assert visitor.get(f"/login/{path}").status_code == 405


def test_shows_a_suspended_passkey(world, alice, visitor: Visitor, device) -> None:
    assert sign_in(visitor, device).status_code == 302
    device.credentials[0].counter = 0
    assert sign_in(Visitor(world), device).status_code == 401
    assert "Suspended: its counter went backwards" in text(visitor.get())


def test_offers_none_where_they_belong_to_pages_elsewhere(world, alice, visitor: Visitor) -> None:
    domain, own = "example.org", "http://localhost:8000"
    assert "Continue with a passkey" in text(visitor.get())
    for changes in (
        {"passkey_rp_id": domain, "passkey_origins": "https://app.example.org"},
        {"passkey_rp_id": "", "passkey_origins": "https://localhost"},
    ):
        choose(world, passkey_sign_up=True, **changes)
        shown = text(visitor.get())
        assert "Continue with a passkey" not in shown
        assert "Create an account" not in shown
        assert visitor.get("/login/new").status_code == 403
    by_password(visitor, alice)
    assert "made and used on the pages of" in text(visitor.get())
    choose(world, passkey_origins=f"https://localhost {own}")
    assert "made and used on the pages of" not in text(visitor.get())
