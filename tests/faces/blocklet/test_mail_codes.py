"""`user/email/{sendCode,status,login}`, `kyc/email/{send,verify}`, `kyc/status`."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from accounts.models import Profile
from accounts.services import one_time_passwords
from identity.actor import Actor, ActorKind
from identity.scoping import current
from sessions_app.models import Session
from tests import cast, staff
from tests.faces.blocklet.browser import Answer, Browser, Signed

ADDRESS = "ada@example.com"


def code() -> str:
    found = re.search(r"\b\d{6}\b", str(mail.outbox[-1].body))
    assert found
    return found[0]


def send(browser: Browser, address: str = ADDRESS, **more) -> Answer:
    return browser.post("user/email/sendCode", {"email": address}, **more)


def login(browser: Browser, text: str, **more) -> Answer:
    return browser.post("user/email/login", {"action": "login", "code": text, **more})


def other(text: str) -> str:
    return f"{(int(text) + 1) % 10**6:06d}"


@pytest.fixture
def browser(world: cast.World) -> Browser:
    return Browser(world)


def test_signs_in_by_a_code_in_the_browser_that_asked(world, browser) -> None:
    code_id = send(browser).json["id"]
    query = {"codeId": code_id}
    assert browser.get("user/email/status", query=query).json == {"verified": False, "id": code_id}
    answer = login(browser, code())
    assert answer.status == 200, answer.text
    told = answer.json
    assert told.keys() == {"sessionToken", "refreshToken", "visitorId", "csrfToken"}
    assert browser.get("user/email/status", query=query).json["verified"] is True
    session = browser.get("did/session", authorization=f"Bearer {told['sessionToken']}").json
    assert session["provider"] == "email"
    assert session["user"]["email"] == ADDRESS
    assert session["user"]["emailVerified"] is True
    assert session["user"]["role"] == "guest"
    with current.in_scope(world.scope.id):
        assert Session.objects.get().method == "email"


def test_takes_no_code_twice_nor_a_wrong_one(browser) -> None:
    send(browser)
    wrong = login(browser, other(code()))
    assert (wrong.status, wrong.json) == (400, {"error": "verify code invalid"})
    assert login(browser, code()).status == 200
    assert login(browser, code()).json == wrong.json


def test_takes_no_code_from_another_browser(world, browser) -> None:
    """Whoever finds a code that is out there is not signed in with it (laxity 7)."""
    send(browser)
    thief = Browser(world)
    assert login(thief, code()).status == 400
    send(thief, "mallory@example.com")
    mine = mail.outbox[0]
    found = re.search(r"\b\d{6}\b", str(mine.body))
    assert found
    assert login(thief, found[0]).status == 400
    assert login(browser, found[0]).status == 200


def test_takes_no_code_after_five_wrong_ones(browser) -> None:
    send(browser)
    right = code()
    for _ in range(5):
        assert login(browser, other(right)).status == 400
    assert login(browser, right).status == 400


@pytest.mark.parametrize("address", ["", "no address", "a@b", "a@b.c\r\nBcc: d@e.f"])
def test_says_that_an_address_is_none(browser, address) -> None:
    answer = send(browser, address)
    assert (answer.status, answer.json["code"]) == (400, "email_invalid")
    assert not mail.outbox


def test_sends_one_a_minute(browser) -> None:
    assert send(browser).status == 200
    assert (send(browser).status, send(browser).json["code"]) == (400, "email_already_sent")
    later = datetime.now(UTC) + timedelta(seconds=61)
    assert send(browser, now=later).status == 200


def test_registers_nobody_where_newcomers_need_an_invitation(transactional_db) -> None:
    world = cast.world()
    browser = Browser(world)
    assert send(browser).status == 200
    assert login(browser, code()).status == 403
    with current.in_scope(world.scope.id):
        assert not Profile.objects.exists()


def test_mails_no_link(browser) -> None:
    send(browser, referer="https://evil.example/login")
    assert "http" not in str(mail.outbox[0].body)
    answer = browser.post("user/email/login", {"action": "login", "magicToken": "a.b.c"})
    assert (answer.status, answer.json["code"]) == (501, "not-supported")


@pytest.mark.parametrize("action", ["invite", "destroy-self"])
def test_says_how_else(browser, action) -> None:
    answer = browser.post("user/email/login", {"action": action, "code": "123456"})
    assert (answer.status, answer.json["code"]) == (501, "not-supported")
    assert browser.post("user/email/login", {"action": "x", "code": "1"}).status == 400


def test_asks_for_the_one_time_password_of_who_has_one(world, browser) -> None:
    send(browser)
    assert login(browser, code()).status == 200
    with current.in_scope(world.scope.id):
        user = Profile.objects.select_related("user").get().user
        now = datetime.now(UTC)
        by = Actor(ActorKind.SESSION, world.scope.id, user_id=user.id, public_id=user.public_id)
        one_time_passwords.begin(user_id=user.id, by=by, now=now)
        begun = one_time_passwords.begun(user_id=user.id, now=now)
        assert begun
        generator = staff.Generator(begun.secret)
        step = int(now.timestamp()) // one_time_passwords.STEP
        one_time_passwords.confirm(user_id=user.id, code=generator.at(step), by=by, now=now)
    moment = now + timedelta(seconds=90)
    send(browser, now=moment)
    body = {"action": "login", "code": code()}
    first = browser.post("user/email/login", body, now=moment)
    assert (first.status, first.json["code"]) == (403, "second-factor.due")
    assert "sessionToken" not in first.json
    body = {
        "ticket": first.json["ticket"],
        "code": generator.at(int(moment.timestamp()) // one_time_passwords.STEP),
    }
    thief = Browser(world)
    thief.get("did/login/token")
    assert thief.post("user/email/login", body, now=moment).status == 401
    assert browser.post("user/email/login", body, now=moment).status == 200


def test_verifies_an_own_address(world, alice: Signed) -> None:
    answer = alice.post("kyc/email/send", {"email": ADDRESS})
    assert (answer.status, answer.json.keys()) == (200, {"message"})
    assert alice.post("kyc/status", {}).json == {"verified": False}
    assert alice.post("kyc/email/verify", {"code": other(code())}).status == 400
    assert alice.post("kyc/email/verify", {"code": code()}).status == 200
    assert alice.post("kyc/status", {}).json == {"verified": True}
    session = alice.get("did/session").json
    assert (session["user"]["email"], session["user"]["emailVerified"]) == (ADDRESS, True)
    again = alice.post("kyc/email/send", {"email": ADDRESS.upper()})
    assert again.json["code"] == "email_already_verified"


def test_verifies_for_nobody_else(world, alice, bob) -> None:
    alice.post("kyc/email/send", {"email": ADDRESS})
    assert bob.post("kyc/email/verify", {"code": code()}).status == 400
    bob.browser.cookies = dict(alice.browser.cookies)
    assert bob.post("kyc/email/verify", {"code": code()}).status == 400
    assert login(alice.browser, code()).status == 400
    assert alice.post("kyc/email/verify", {"code": code()}).status == 200


def test_tells_strangers_nothing(world) -> None:
    answer = Browser(world).post("kyc/status", {"subject": "did:abt:z1"})
    assert (answer.status, answer.json) == (200, {"verified": False, "error": "not login"})
    assert Browser(world).get("user/email/status", query={"codeId": "x"}).status == 400
