"""`user-session`: lists of sessions, and going on with one in the same browser."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import User
from accounts.services import users
from identity.api.blocklet import application
from identity.scoping import current
from tests.faces.blocklet.browser import Browser, Signed, sign_in
from tests.faces.blocklet.test_session import claims


@pytest.fixture
def settled(alice: Signed) -> Signed:
    """Her browser has asked for its session, so it is known where that lives."""
    assert alice.get("did/session").status == 200
    assert any("browser" in name for name in alice.browser.cookies)
    return alice


def pid(world) -> str:
    with current.in_scope(world.scope.id):
        return application.permanent(now=datetime.now(UTC))


def here(alice, browser=None, **headers) -> list:
    headers = {"x_blocklet_visitor_id": alice.visitor} | headers
    answer = (browser or alice.browser).get("user-session", **headers)
    assert answer.status == 200
    found: list = answer.json
    return found


def go_on(alice, browser=None, *, now=None, headers=None, **more):
    found = here(alice)
    body = {"id": found[0]["id"], "userDid": alice.wallet.did, "appPid": pid(alice.browser.world)}
    headers = {"x_blocklet_visitor_id": alice.visitor} | (headers or {})
    browser = browser or alice.browser
    return browser.post("user-session/login", body | more, now=now, **headers)


def test_lists_the_sessions_of_this_browser(settled) -> None:
    (row,) = here(settled)
    assert row["userDid"] == settled.wallet.did
    assert row["status"] == "online"
    assert row["ua"] == "Laptop/1"
    assert row["user"]["did"] == settled.wallet.did
    assert {"email", "phone"}.isdisjoint(row["user"])


def test_lists_nothing_elsewhere(world, settled) -> None:
    assert here(settled, Browser(world)) == []
    assert here(settled, x_blocklet_visitor_id="") == []
    assert here(settled, x_blocklet_visitor_id="else") == []
    assert here(settled, user_agent="Other/1") == []
    stolen = Browser(world, cookies=dict.fromkeys(settled.browser.cookies, "x" * 43))
    assert here(settled, stolen) == []


def test_goes_on_without_a_proof(world, settled) -> None:
    answer = go_on(settled)
    assert answer.status == 200
    told = answer.json
    assert told.keys() == {"sessionToken", "refreshToken", "visitorId", "csrfToken"}
    assert claims(told["sessionToken"])["did"] == settled.wallet.did
    assert claims(told["sessionToken"])["role"] == "guest"
    headers = {"authorization": f"Bearer {told['sessionToken']}"}
    assert settled.browser.get("did/session", **headers).status == 200
    # It is no fresh proof of anything.
    assert settled.browser.delete("user", **headers).status == 403


def test_its_own_session_opens_nobody_elses_account(world, settled, bob) -> None:
    answer = go_on(settled, userDid=bob.wallet.did)
    assert (answer.status, answer.json) == (401, {"error": "session expired"})


def test_refuses_what_is_not_of_this_browser(world, settled) -> None:
    other = Browser(world)
    cookies = dict(settled.browser.cookies)
    refused = [
        go_on(settled, other),
        go_on(settled, headers={"x_blocklet_visitor_id": "else"}),
        go_on(settled, headers={"user_agent": "Other/1"}),
        go_on(settled, appPid="zNKelse"),
        go_on(settled, id="00000000-0000-4000-8000-000000000000"),
        go_on(settled, passportId="z2nothing"),
        go_on(settled, Browser(world, cookies=dict.fromkeys(cookies, "x" * 43))),
    ]
    assert [each.status for each in refused] == [401] * len(refused)


def test_refuses_after_the_end(world, settled) -> None:
    found = here(settled)[0]["id"]
    body = {"id": found, "userDid": settled.wallet.did, "appPid": pid(world)}
    headers = {"x_blocklet_visitor_id": settled.visitor}
    late = datetime.now(UTC) + timedelta(days=8)
    assert settled.browser.post("user-session/login", body, now=late, **headers).status == 401
    cookies = dict(settled.browser.cookies)
    settled.post("user/logout", {"visitorId": settled.visitor})
    settled.browser.cookies = cookies
    assert settled.browser.post("user-session/login", body, **headers).status == 401


def test_refuses_a_disabled_user(world, settled) -> None:
    found = here(settled)[0]["id"]
    with current.in_scope(world.scope.id):
        user = User.objects.get(wallets__address=settled.wallet.did)
    users.disable(user_id=user.id, by=world.system, now=datetime.now(UTC))
    body = {"id": found, "userDid": settled.wallet.did, "appPid": pid(world)}
    headers = {"x_blocklet_visitor_id": settled.visitor}
    assert settled.browser.post("user-session/login", body, **headers).status == 401


def test_lists_ones_own_sessions_in_pages(world, alice, bob) -> None:
    others = [sign_in(world, wallet=alice.wallet, challenge=f"c{n}") for n in range(2)]
    told = alice.get("user-session/myself", query={"page": "1", "pageSize": "2"}).json
    assert told["paging"] == {"total": 3, "pageSize": 2, "pageCount": 2, "page": 1}
    assert [row["userDid"] for row in told["list"]] == [alice.wallet.did] * 2
    assert (
        len(alice.get("user-session/myself", query={"page": "2", "pageSize": "2"}).json["list"])
        == 1
    )
    others[0].post("user/logout", {})
    online = alice.get("user-session/myself", query={"status": "online"}).json
    offline = alice.get("user-session/myself", query={"status": "offline"}).json
    assert (online["paging"]["total"], offline["paging"]["total"]) == (2, 1)
    assert Browser(world).get("user-session/myself").status == 401


def test_is_tied_to_the_first_browser_for_good(world, settled) -> None:
    thief = Browser(world)
    thief.get("did/session", **settled.bearer)
    assert here(settled, thief) == []
    assert len(here(settled)) == 1
