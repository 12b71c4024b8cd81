"""Pages about sessions, sign-ins and API keys; a user's own on the user's page."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from identity import ids
from identity.models import ApiKey, ServerKey
from identity.services import api_key_secrets, token_keys
from sessions_app.errors import TokenRefused
from sessions_app.models import Session
from sessions_app.services.sessions import Origin, Proof
from tests import cast, programs, signed_in
from tests.signed_in import SignedIn
from tests.unit.accounts.admin.desk import HOSTILE, SOMEWHERE, Desk

pytestmark = pytest.mark.django_db(transaction=True)
ELSEWHERE = "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b4"
SESSIONS, SIGN_INS, KEYS = "sessions_app/session/", "sessions_app/signin/", "identity/apikey/"


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def desk(world: cast.World) -> Desk:
    return Desk(world, "carol", "super-admin")


@pytest.fixture
def held(world: cast.World) -> SignedIn:
    return signed_in.start(world, world.member("bob"))


def is_in(world: cast.World, held: SignedIn) -> bool:
    try:
        signed_in.check(world, held.access)
    except TokenRefused:
        return False
    return True


def test_shows_and_ends_a_session(world: cast.World, desk: Desk, held: SignedIn) -> None:
    assert "bob@example.test" in desk.get(SESSIONS)
    assert "bob@example.test" not in desk.get(SESSIONS, status__exact="ended")
    one = f"{SESSIONS}{held.session.id}/"
    shown = desk.get(f"{one}change/")
    assert "Laptop/1" in shown
    assert "session.started" in shown
    assert is_in(world, held)
    assert desk.send(f"{one}end/") == ["The session is ended."]
    assert not is_in(world, held)
    assert "End the session" not in desk.get(f"{one}change/")
    assert desk.status(f"{SESSIONS}{SOMEWHERE}/end/") == 404


def test_tells_user_keys_from_wallets(world: cast.World, desk: Desk) -> None:
    for name, method in (("bob", Session.Method.WALLET), ("erin", Session.Method.USER_KEY)):
        signed_in.start(world, world.member(name), proof=Proof(method))
    by_key = desk.get(SESSIONS, method__exact="user-key")
    assert "erin@example.test" in by_key
    assert "bob@example.test" not in by_key
    assert ">User key<" in by_key
    assert "erin@example.test" not in desk.get(SESSIONS, method__exact="wallet")
    assert "erin@example.test" in desk.get(SIGN_INS, method="user-key")
    assert "bob@example.test" not in desk.get(SIGN_INS, method="user-key")


@pytest.mark.usefixtures("held")
def test_lists_are_called_what_people_call_them(desk: Desk) -> None:
    for _ in range(2):
        sent = str(ids.new())
        answer = desk.client.post(f"/admin/{KEYS}new/", {"name": "backend", "sent": sent})
        assert "Back to API keys" in answer.content.decode()
    for listed, title, foot in (
        (KEYS, "API keys", "2 API keys"),
        (SIGN_INS, "Sign-ins", "1 sign-in"),
    ):
        shown = desk.get(listed)
        assert f">{title}</h1>" in shown
        assert f"<p>{foot}</p>" in shown


def test_shows_the_history(desk: Desk, held: SignedIn) -> None:
    listed = desk.get(SIGN_INS)
    assert "bob@example.test" in listed
    assert "succeeded" in listed
    assert "bob@example.test" not in desk.get(SIGN_INS, outcome__exact="refused")


def test_shows_them_on_the_users_page(world: cast.World, desk: Desk, held: SignedIn) -> None:
    user = f"accounts/user/{held.session.user_id}/"
    shown = desk.get(f"{user}change/")
    assert "End all sessions" in shown
    assert "Lock now" in shown
    assert desk.send(f"{user}end-sessions/") == ["The sessions are ended."]
    assert not is_in(world, held)
    assert "The user is not signed in." in desk.get(f"{user}change/")


def test_locks_an_account(world: cast.World, desk: Desk, held: SignedIn) -> None:
    user = f"accounts/user/{held.session.user_id}/"
    assert desk.send(f"{user}lock/") == ["The account is locked."]
    assert not is_in(world, held)
    assert desk.events("user.locked") == 1
    assert "Lock now" not in desk.get(f"{user}change/")
    assert desk.send(f"{user}enable/") == ["The user is enabled."]
    assert not is_in(world, held)


def test_shows_nothing_of_a_hostile_browser_as_markup(world: cast.World, desk: Desk) -> None:
    origin = Origin(address="192.0.2.7", user_agent=HOSTILE, visitor=HOSTILE)
    held = signed_in.start(world, world.member("bob"), origin=origin)
    pages = (f"{SESSIONS}{held.session.id}/change/", SESSIONS, SIGN_INS)
    for page in (*pages, f"accounts/user/{held.session.user_id}/change/"):
        assert HOSTILE not in desk.get(page)


def form(**given: Any) -> dict[str, Any]:
    return {"name": "backend", "sent": SOMEWHERE, **given}


def test_makes_a_key_and_shows_its_secret_once(world: cast.World, desk: Desk) -> None:
    given = form(permissions=["sessions:introspect"], days="30")
    answer = desk.client.post(f"/admin/{KEYS}new/", given)
    found = re.search(r"csk_[A-Za-z0-9_-]{51}", answer.content.decode())
    assert found is not None
    assert "no-store" in answer["Cache-Control"]
    with cast.in_scope(world):
        key = ApiKey.objects.get()
    assert key.secret_digest == api_key_secrets.digest(found[0])
    assert key.permissions == ["sessions:introspect"]
    assert key.expires_at is not None
    assert (key.expires_at - key.created_at).days == 30
    assert "was sent before" in desk.refused(f"{KEYS}new/", **given)
    assert found[0] not in desk.get(f"{KEYS}{key.id}/change/") + desk.get(KEYS)
    assert desk.send(f"{KEYS}{key.id}/revoke/") == ["The API key is revoked."]
    desk.refresh(key)
    assert key.status == "revoked"


def test_a_key_may_act_for_a_user(world: cast.World, desk: Desk) -> None:
    bob = world.member("bob")
    assert "no such user" in desk.refused(f"{KEYS}new/", **form(user="nobody"))
    desk.client.post(f"/admin/{KEYS}new/", form(user="bob@example.test"))
    with cast.in_scope(world):
        assert ApiKey.objects.get().user_id == bob.user.id


def test_offers_only_words_that_one_holds(world: cast.World) -> None:
    desk = Desk(world, "mia", "workspace-maintainer")
    page = desk.get(f"{KEYS}new/")
    assert 'value="users:list"' in page
    for word in ("scopes:edit", "proposals:approve", "me:get"):
        assert f'value="{word}"' not in page
    desk.refused(f"{KEYS}new/", **form(permissions=["scopes:edit"]))
    with cast.in_scope(world):
        assert not ApiKey.objects.exists()
        assert not Session.objects.exists()


def test_rotates_the_key_of_tokens(world: cast.World, desk: Desk, held: SignedIn) -> None:
    with cast.in_scope(world):
        key = ServerKey.objects.get(purpose="token")
    shown = desk.get(f"identity/serverkey/{key.id}/change/")
    assert "Applications check the tokens of sessions with it." in shown
    assert "find both keys" in desk.get("identity/serverkey/rotate/token/")
    told = desk.send("identity/serverkey/rotate/token/")
    assert told
    with cast.in_scope(world):
        assert len(token_keys.published(now=datetime.now(UTC))) == 2
    assert is_in(world, held)


SHARED = re.compile(r">([0-9a-f]{32})<")


def made(world: cast.World, desk: Desk, **given: Any) -> tuple[ApiKey, str]:
    """A shared key made on the page, and its secret."""
    answer = desk.client.post(f"/admin/{KEYS}new/", form(**{"form": "shared", **given}))
    found = SHARED.search(answer.content.decode())
    assert found is not None, answer.content.decode()
    with cast.in_scope(world):
        return ApiKey.objects.get(), found[1]


def test_makes_a_shared_key_with_limits(world: cast.World, desk: Desk) -> None:
    key, secret = made(world, desk, solutions="a, b\nb", networks="192.0.2.7 2001:db8::/32")
    assert key.secret_digest == api_key_secrets.digest(secret)
    assert (key.solutions, key.contexts) == (["a", "b"], [])
    assert key.networks == ["192.0.2.7", "2001:db8::/32"]
    shown = desk.get(f"{KEYS}{key.id}/change/")
    assert "192.0.2.7, 2001:db8::/32" in shown
    assert key.key_id in shown
    assert secret not in shown
    assert "without host bits" in desk.refused(
        f"{KEYS}new/", **form(networks="192.0.2.7/24", sent=ELSEWHERE)
    )


def test_changes_what_a_key_is_bound_to(world: cast.World, desk: Desk) -> None:
    key, _ = made(world, desk, solutions="a")
    assert "a</textarea>" in desk.get(f"{KEYS}{key.id}/bind/")
    told = desk.send(f"{KEYS}{key.id}/bind/", solutions="b", contexts="c", networks="")
    assert told == ["The limits are changed."]
    with cast.in_scope(world):
        key.refresh_from_db()
    assert (key.solutions, key.contexts, key.networks) == (["b"], ["c"], [])


def test_makes_a_new_secret_and_shows_it_once(world: cast.World, desk: Desk) -> None:
    key, before = made(world, desk)
    given = {"overlap": "60", "sent": ELSEWHERE}
    page = f"{KEYS}{key.id}/rotate/"
    answer = desk.client.post(f"/admin/{page}", given)
    found = SHARED.search(answer.content.decode())
    assert found is not None
    assert found[1] != before
    with cast.in_scope(world):
        key.refresh_from_db()
    assert key.secret_digest == api_key_secrets.digest(found[1])
    assert key.previous_digest == api_key_secrets.digest(before)
    assert "was sent before" in desk.refused(page, **given)


def test_switches_a_key_off_and_on(world: cast.World, desk: Desk) -> None:
    key, _ = made(world, desk)
    pair = programs.begun(key.key_id)
    listed = desk.get(f"{KEYS}{key.id}/change/")
    assert f"sessions/{pair.session_id}/end/" in listed
    assert desk.send(f"{KEYS}{key.id}/disable/") == ["The API key is switched off."]
    with pytest.raises(TokenRefused):
        programs.asking(pair)
    assert "Switch on" in desk.get(f"{KEYS}{key.id}/change/")
    assert desk.send(f"{KEYS}{key.id}/enable/") == ["The API key is switched on."]
    with pytest.raises(TokenRefused):
        programs.asking(pair)
    programs.asking(programs.begun(key.key_id))


def test_ends_a_session_of_a_program(world: cast.World, desk: Desk) -> None:
    key, _ = made(world, desk)
    pair, other = programs.begun(key.key_id), programs.begun(key.key_id)
    assert desk.send(f"{KEYS}{key.id}/sessions/{pair.session_id}/end/") == ["The session is ended."]
    with pytest.raises(TokenRefused):
        programs.asking(pair)
    programs.asking(other)


def test_shows_which_keys_a_key_made(world: cast.World, desk: Desk) -> None:
    maker = programs.make(world.system, "api-keys:create", name="maker")
    child = programs.make(maker.actor, name="made by the maker")
    assert "made by the maker" in desk.get(f"{KEYS}{maker.row.id}/change/")
    assert "API key maker" in desk.get(f"{KEYS}{child.row.id}/change/")
