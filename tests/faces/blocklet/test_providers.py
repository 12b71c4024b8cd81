"""`oauth/{configs,login,bind,unbind}` and the two addresses of the window, against a stand-in."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings

from accounts.models import ExternalIdentity
from identity.scoping import current
from sessions_app.models import Session
from tests import cast
from tests.faces.blocklet.browser import SERVICE, Answer, Browser, Signed, sign_in
from tests.stand_in import StandIn
from tests.visitors import house


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn() as found:
        found.claims |= {"name": "Alice", "email": "alice@example.test", "email_verified": True}
        yield found


@pytest.fixture
def world(transactional_db: None, stand_in: StandIn) -> cast.World:
    made = cast.world(sign_up=True)
    house(made, stand_in)
    return made


@pytest.fixture
def alice(world: cast.World) -> Signed:
    return sign_in(world)


def code(browser: Browser, stand_in: StandIn) -> str:
    """What the page of the callback tells its opener."""
    begun = browser.ask("GET", f"{SERVICE}/oauth/login/house")
    assert begun.status == 302, begun.text
    back = stand_in.authorize(begun.headers["Location"])
    assert f"{SERVICE}/oauth/callback/house?" in back
    return base64.b64encode(urlsplit(back).query.encode()).decode()


def login(browser: Browser, text: str, **more: str) -> Answer:
    return browser.post("oauth/login", {"provider": "house", "code": text, **more})


def test_lists_the_providers(world) -> None:
    told = Browser(world).get("oauth/configs").json
    assert told == {"house": {"enabled": True, "order": 0, "type": "oauth", "name": "House"}}
    assert Browser(cast.world()).get("oauth/configs").json == {}


def test_signs_in_and_finds_the_account_again(world, stand_in) -> None:
    browser = Browser(world)
    answer = login(browser, code(browser, stand_in))
    assert answer.status == 200, answer.text
    assert answer.json.keys() == {"sessionToken", "refreshToken", "visitorId", "csrfToken"}
    bearer = {"authorization": f"Bearer {answer.json['sessionToken']}"}
    session = browser.get("did/session", **bearer).json
    assert session["provider"] == "house"
    assert session["user"]["fullName"] == "Alice"
    other = Browser(world)
    again = login(other, code(other, stand_in)).json["sessionToken"]
    told = other.get("did/session", authorization=f"Bearer {again}").json
    assert told["user"]["did"] == session["user"]["did"]


def test_takes_an_answer_once_and_in_the_browser_that_asked(world, stand_in) -> None:
    """The state is no origin: it belongs to one browser, provider and scope (laxity 11)."""
    browser, thief = Browser(world), Browser(world)
    text = code(browser, stand_in)
    thief.get("did/login/token")
    assert login(thief, text).status == 400
    assert login(Browser(world), text).status == 400
    assert login(browser, text).status == 200
    assert login(browser, text).status == 400
    with current.in_scope(world.scope.id):
        assert Session.objects.count() == 1


@pytest.mark.parametrize("text", ["", "?", "YQ", base64.b64encode(b"state=a&state=b").decode()])
def test_refuses_what_is_no_answer(world, text) -> None:
    assert login(Browser(world), text).status == 400


def test_knows_no_other_provider(world, stand_in) -> None:
    browser = Browser(world)
    answer = browser.ask("GET", f"{SERVICE}/oauth/login/google")
    assert (answer.status, answer.text) == (400, "Provider: google is not supported")
    body = {"provider": "google", "code": code(browser, stand_in)}
    answer = browser.post("oauth/login", body)
    assert (answer.status, answer.json) == (400, {"error": "Provider google is not valid"})


def test_newcomers_need_an_invitation_unless_the_scope_lets_them_join(db, stand_in) -> None:
    world = cast.world()
    house(world, stand_in)
    browser = Browser(world)
    assert login(browser, code(browser, stand_in)).status == 403


def test_tells_the_opener_of_its_own_origin_alone(world) -> None:
    answer = Browser(world).ask("GET", f"{SERVICE}/oauth/callback/house", query={"code": "<x>"})
    assert answer.status == 200
    assert "location.origin" in answer.text
    assert "<x>" not in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_leads_an_answer_by_post_once_around_to_the_page(world, stand_in) -> None:
    """A provider's form comes from another site, without the cookie that the round is bound to."""
    browser = Browser(world)
    begun = browser.ask("GET", f"{SERVICE}/oauth/login/house")
    query = urlsplit(stand_in.authorize(begun.headers["Location"])).query
    form = f"{query}&user=%7B%22name%22%3A%22x%22%7D&id_token=a.b.c"
    answer = Browser(world).form(f"{SERVICE}/oauth/callback/house", form)
    assert (answer.status, answer.body, answer.cookies) == (303, b"", [])
    there = answer.headers["Location"]
    assert there.startswith(f"{settings.BASE_URL}{browser.prefix}{SERVICE}/oauth/callback/house?")
    assert parse_qs(urlsplit(there).query).keys() == {"code", "state", "iss"}
    text = base64.b64encode(urlsplit(there).query.encode()).decode()
    # What came back is still of use in the browser that began alone.
    thief = Browser(world)
    thief.get("did/login/token")
    assert login(thief, text).status == 400
    assert login(browser, text).status == 200


@pytest.mark.parametrize(
    "form",
    ["state=a&state=b", "state=%00&code=" + "x" * 20_000, "state=\xff", "a=1&" * 70],
    ids=["twice", "too long", "no ascii", "too many"],
)
def test_leads_nothing_around_that_is_no_answer(world, form) -> None:
    answer = Browser(world).form(f"{SERVICE}/oauth/callback/house", form)
    assert answer.status == 400


def test_takes_forms_nowhere_else(world) -> None:
    answer = Browser(world).form(f"{SERVICE}/api/oauth/login", "provider=house&code=x")
    assert answer.status == 415


def test_tells_who_is_at_the_provider_and_signs_nobody_in(world, stand_in) -> None:
    browser = Browser(world)
    text = code(browser, stand_in)
    body = {"provider": "house", "code": text}
    thief = Browser(world)
    thief.get("did/login/token")
    assert thief.post("oauth/getUser", body).status == 400
    told = browser.post("oauth/getUser", body)
    assert told.status == 200, told.text
    assert told.json == {
        "info": {
            "provider": "house",
            "sub": "alice-there",
            "name": "Alice",
            "email": "alice@example.test",
            "emailVerified": True,
        },
        "wallet": None,
    }
    # The answer is used up, and nobody was made of it.
    assert browser.post("oauth/getUser", body).status == 400
    assert login(browser, text).status == 400
    with current.in_scope(world.scope.id):
        assert not Session.objects.exists()
        assert not ExternalIdentity.objects.exists()
    token = login(browser, code(browser, stand_in)).json["sessionToken"]
    did = browser.get("did/session", authorization=f"Bearer {token}").json["user"]["did"]
    body["code"] = code(browser, stand_in)
    wallet = browser.post("oauth/getUser", body).json["wallet"]
    assert (wallet["address"], wallet["type"]) == (did, {"role": 0, "pk": 0, "hash": 1})
    assert wallet["publicKey"].startswith("0x")


def test_links_an_account_and_lets_it_go(world, stand_in, alice) -> None:
    body = {"provider": "house", "code": code(alice.browser, stand_in)}
    answer = alice.post("oauth/bind", body)
    assert (answer.status, answer.json) == (200, {})
    browser = Browser(world)
    token = login(browser, code(browser, stand_in)).json["sessionToken"]
    told = browser.get("did/session", authorization=f"Bearer {token}").json
    assert told["user"]["did"] == alice.wallet.did
    assert alice.post("oauth/unbind", {"provider": "house"}).json == {}
    assert alice.post("oauth/unbind", {"provider": "house"}).status == 404
    with current.in_scope(world.scope.id):
        assert not ExternalIdentity.objects.exists()


def test_links_nothing_that_is_somebody_elses(world, stand_in, alice) -> None:
    browser = Browser(world)
    login(browser, code(browser, stand_in))
    body = {"provider": "house", "code": code(alice.browser, stand_in)}
    assert alice.post("oauth/bind", body).status == 409


def test_links_after_a_fresh_proof_alone(world, stand_in, alice) -> None:
    with current.in_scope(world.scope.id):
        Session.objects.update(authenticated_at=datetime.now(UTC) - timedelta(hours=1))
    body = {"provider": "house", "code": code(alice.browser, stand_in)}
    answer = alice.post("oauth/bind", body)
    assert (answer.status, answer.json["code"]) == (403, "session.step-up-needed")
    assert alice.post("oauth/unbind", {"provider": "house"}).status == 403
