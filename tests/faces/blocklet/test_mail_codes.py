"""`user/email/{sendCode,status,login}`, `kyc/email/{send,verify}`, `kyc/status`."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.core import mail

from accounts.models import Profile
from accounts.services import one_time_passwords
from identity.actor import Actor, ActorKind
from identity.scoping import current
from identity.services import scopes
from sessions_app.models import Session
from tests import cast, staff
from tests.faces.blocklet.browser import SERVICE, Answer, Browser, Signed

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


def page(browser: Browser, rest: str = "/login") -> str:
    return f"{settings.BASE_URL}{browser.prefix}{SERVICE}{rest}"


def link() -> str:
    found = re.search(r"\S+magicToken=(\S+)", str(mail.outbox[-1].body))
    return found[1] if found else ""


def by_link(browser: Browser, token: str, action: str = "login", **more) -> Answer:
    body = {"action": action, "magicToken": token}
    return browser.post("user/email/login", body, **more)


def test_signs_in_by_the_mailed_link_in_the_browser_that_asked(world, browser) -> None:
    code_id = send(browser, referer=page(browser, "/login?from=x#y")).json["id"]
    assert f"{page(browser)}?magicToken=" in str(mail.outbox[-1].body)
    token = link()
    thief = Browser(world)
    send(thief, "mallory@example.com")
    for refused in (by_link(thief, token), by_link(Browser(world), token)):
        assert (refused.status, refused.json) == (400, {"error": "verify code invalid"})
    answer = by_link(browser, token)
    assert answer.status == 200, answer.text
    assert answer.json.keys() == {"sessionToken", "refreshToken", "visitorId", "csrfToken"}
    assert browser.get("user/email/status", query={"codeId": code_id}).json["verified"] is True
    session = browser.get("did/session", authorization=f"Bearer {answer.json['sessionToken']}").json
    assert (session["provider"], session["user"]["email"]) == ("email", ADDRESS)


def test_link_and_code_are_one(browser) -> None:
    send(browser, referer=page(browser))
    assert by_link(browser, link()).status == 200
    assert by_link(browser, link()).status == 400
    assert login(browser, code()).status == 400
    later = datetime.now(UTC) + timedelta(seconds=61)
    send(browser, referer=page(browser), now=later)
    first = link()
    send(browser, referer=page(browser), now=later + timedelta(seconds=61))
    assert by_link(browser, first, now=later + timedelta(seconds=62)).status == 400


@pytest.mark.parametrize("seconds", [599, 601])
def test_a_link_lasts_as_long_as_its_code(browser, seconds) -> None:
    now = datetime.now(UTC)
    send(browser, referer=page(browser), now=now)
    body = {"action": "login", "magicToken": link()}
    answer = browser.post("user/email/login", body, now=now + timedelta(seconds=seconds))
    assert answer.status == (200 if seconds < 600 else 400)


def test_a_link_is_of_one_scope_and_one_purpose(world, browser) -> None:
    send(browser, referer=page(browser))
    elsewhere = Browser(cast.world(sign_up=True), cookies=dict(browser.cookies))
    assert by_link(elsewhere, link()).status == 400
    for action in ("invite", "destroy-self"):
        assert by_link(browser, link(), action=action).status == 400
    token = link()
    for forged in ("a.b.c", token[:-1], token[:-1] + "g", "0" * 32 + token[32:], f"{token} "):
        assert by_link(browser, forged).status == 400
    assert by_link(browser, token).status == 200


@pytest.mark.parametrize(
    "referer",
    [
        "https://evil.example/login",
        "{base}.evil.example{prefix}/login",
        "{base}@evil.example{prefix}/login",
        "{base}/s/other/login",
        "{base}{prefix}/../../evil",
        "{base}{prefix}/..",
        "{base}{prefix}/a%0ab",
        "{base}{prefix}/a b",
        "javascript:alert(1)",
        "http://[",
        "",
    ],
)
def test_mails_no_link_to_a_page_that_is_not_of_this_scope(browser, referer) -> None:
    given = referer.replace("{base}", settings.BASE_URL).replace("{prefix}", str(browser.prefix))
    # An address is refused for its place, or led to a page of ours without what was odd in it.
    assert send(browser, referer=given).status == 200
    assert "http" not in str(mail.outbox[0].body)


def test_mails_a_link_to_a_host_of_the_scope(world, browser) -> None:
    scopes.add_host(host="app.example.test", by=world.system, now=datetime.now(UTC))
    scheme = settings.BASE_URL.partition(":")[0]
    send(browser, referer=f"{scheme}://app.example.test/login")
    assert f"{scheme}://app.example.test/login?magicToken=" in str(mail.outbox[0].body)
    other = Browser(cast.world(sign_up=True))
    send(other, "b@example.com", referer=f"{scheme}://app.example.test/login")
    assert "http" not in str(mail.outbox[1].body)


def test_mails_no_link_that_nobody_wants(browser) -> None:
    body = {"email": ADDRESS, "useMagicLink": False}
    browser.post("user/email/sendCode", body, referer=page(browser))
    assert "http" not in str(mail.outbox[0].body)


def test_knows_no_other_action(browser) -> None:
    assert browser.post("user/email/login", {"action": "x", "code": "1"}).status == 400
    assert browser.post("user/email/sendCode", {"email": ADDRESS, "action": "x"}).status == 400


def proven(signed: Signed) -> None:
    signed.post("kyc/email/send", {"email": ADDRESS})
    assert signed.post("kyc/email/verify", {"code": code()}).status == 200


def age(world: cast.World) -> None:
    with current.in_scope(world.scope.id):
        Session.objects.update(authenticated_at=datetime.now(UTC) - timedelta(hours=1))


LEAVE = {"email": ADDRESS, "action": "destroy-self"}


def test_a_code_is_proof_enough_to_end_the_own_account(world, alice) -> None:
    proven(alice)
    age(world)
    assert alice.delete("user").status == 403
    assert alice.post("user/email/sendCode", LEAVE).status == 200
    assert "asked to delete it" in str(mail.outbox[-1].body)
    answer = alice.post("user/email/login", {"action": "destroy-self", "code": code()})
    assert answer.status == 200, answer.text
    assert answer.json.keys() > {"sessionToken", "destroySessionId"}
    bearer = {"authorization": f"Bearer {answer.json['sessionToken']}"}
    gone = alice.browser.delete("user", **bearer)
    assert (gone.status, gone.json) == (200, {"did": alice.wallet.did})


def test_a_code_to_end_an_account_is_of_who_asked_and_for_that_alone(world, alice, bob) -> None:
    proven(alice)
    assert Browser(world).post("user/email/sendCode", LEAVE).status == 401
    assert bob.post("user/email/sendCode", LEAVE).status == 409
    alice.post("user/email/sendCode", LEAVE)
    text = code()
    assert login(alice.browser, text).status == 400
    taking = {"action": "destroy-self", "code": text}
    assert alice.browser.post("user/email/login", taking).status == 401
    bob.browser.cookies = dict(alice.browser.cookies)
    assert bob.post("user/email/login", taking).status == 409
    assert alice.post("user/email/login", taking).status == 200
    assert alice.post("user/email/login", taking).status == 400


def test_a_sign_in_code_ends_no_account_and_accepts_nothing(alice) -> None:
    proven(alice)
    send(alice.browser, now=datetime.now(UTC) + timedelta(seconds=61))
    for action in ("destroy-self", "invite"):
        body = {"action": action, "code": code()}
        assert alice.post("user/email/login", body).status == 400


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
