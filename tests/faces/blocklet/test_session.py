"""`did/session`, `did/refreshSession`, `did/csrfToken`, `user/logout`, `user/checkToken`."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Profile
from identity import ids
from identity.api.blocklet import application
from identity.crypto import answer_signature, ed25519
from identity.scoping import current
from identity.services import server_keys
from tests import cast
from tests.faces.blocklet.browser import Browser, Signed, sign_in

UNSIGNED = {"error": "not login"}


def claims(token: str) -> dict:
    part = token.split(".")[1]
    found: dict = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def verify(world: cast.World, answer: dict) -> None:
    with current.in_scope(world.scope.id):
        pk = application.identity(now=datetime.now(UTC)).public_key
    answer_signature.verify(answer, ed25519.parse_public(bytes.fromhex(pk[2:])))


def test_tells_who_is_signed_in_and_signs_it(world, alice) -> None:
    answer = alice.get("did/session")
    assert answer.status == 200
    told = answer.json
    verify(world, told)
    assert told["provider"] == "wallet"
    assert told["walletOS"] == "ios"
    user = told["user"]
    assert user["did"] == alice.wallet.did
    assert user["pk"] == alice.wallet.private.public.base58
    assert user["role"] == "guest"
    assert user["approved"] is True
    assert [each["did"] for each in user["connectedAccounts"]] == [alice.wallet.did]
    assert user["passports"] == []
    assert user["permissions"] == []
    assert user["createdAt"].endswith("Z")
    assert {*FIELDS} <= user.keys()


FIELDS = "did pk fullName email avatar role remark sourceProvider locale approved firstLoginAt lastLoginAt lastLoginIp sourceAppPid didSpace url phone inviter generation emailVerified phoneVerified passkeyCount metadata address name createdByAppPid createdAt updatedAt connectedAccounts passports permissions".split()  # noqa: SIM905, E501


def test_answers_post_alike(alice) -> None:
    assert alice.post("did/session").json["user"] == alice.get("did/session").json["user"]


def test_tells_what_changed_since_the_last_time(world, alice) -> None:
    """Profile, host of pictures, key: an answer that was given before hides none of them."""
    before = alice.get("did/session").json
    assert alice.get("did/session").json == before
    with current.in_scope(world.scope.id):
        Profile.objects.filter(address=alice.wallet.did).update(full_name="Alice of Acme")
    assert alice.get("did/session").json["user"]["fullName"] == "Alice of Acme"
    with current.in_scope(world.scope.id):
        Profile.objects.filter(address=alice.wallet.did).update(avatar=ids.new())
    pictures = [
        alice.get("did/session", x_avatar_host=host).json["user"]["avatar"] for host in "010"
    ]
    assert pictures[0].startswith("/s/")
    assert pictures[1].startswith("http")
    assert pictures[2] == pictures[0]
    with current.in_scope(world.scope.id):
        server_keys.rotate(purpose=server_keys.APPLICATION, by=world.system, now=datetime.now(UTC))
    after = alice.get("did/session").json
    assert after["$signature"] != before["$signature"]
    verify(world, after)


@pytest.mark.parametrize("header", ["", "Bearer x", "Bearer a.b.c", "Basic abc", "Bearer a b"])
def test_knows_nobody_without_a_good_token(world, header) -> None:
    answer = Browser(world).get("did/session", authorization=header)
    assert (answer.status, answer.json) == (401, UNSIGNED)


def test_takes_the_token_from_each_place(alice) -> None:
    browser = alice.browser
    assert browser.get("did/session", query={"login_token": alice.access}).status == 200
    assert browser.post("did/session", {"login_token": alice.access}).status == 200
    assert browser.get("did/session", authorization=f"bEARER {alice.access}").status == 200
    browser.cookies["login_token"] = alice.access
    assert browser.get("did/session").status == 200


def test_refuses_a_token_in_two_places(alice) -> None:
    browser = alice.browser
    browser.cookies["login_token"] = alice.access
    for answer in (
        browser.get("did/session", query={"login_token": alice.access}),
        browser.get("did/session", authorization=f"Bearer {alice.access}"),
    ):
        assert answer.status == 400
        assert answer.text == "Access token found in multiple locations"


def test_the_header_wins_over_another_cookie(world, alice, bob) -> None:
    alice.browser.cookies["login_token"] = bob.access
    assert alice.get("did/session").json["user"]["did"] == alice.wallet.did


def test_takes_no_refresh_token_for_a_session(alice) -> None:
    answer = alice.browser.get("did/session", authorization=f"Bearer {alice.refresh}")
    assert (answer.status, answer.json) == (401, UNSIGNED)


@pytest.mark.django_db(transaction=True)
def test_a_label_counts_as_far_as_it_is_kept() -> None:
    alice, label = sign_in(cast.world(sign_up=True), visitorId="x" * 100), "x" * 100
    assert alice.visitor == label[:80]
    assert alice.get("did/session", x_blocklet_visitor_id=label).status == 200
    assert alice.renew(x_blocklet_visitor_id=label).status == 200


@pytest.mark.parametrize("label", [" Caf\xe9 7\t", "y" * 79 + " y", "\tz"])
@pytest.mark.django_db(transaction=True)
def test_a_label_counts_as_a_header_brings_it(label) -> None:
    alice = sign_in(cast.world(sign_up=True), visitorId=label)
    for sent in (label.strip(), alice.visitor):
        assert alice.renew(x_blocklet_visitor_id=sent).status == 200
    assert alice.visitor == alice.visitor.strip()
    same = sign_in(alice.browser.world, wallet=alice.wallet, challenge="second", visitorId=label)
    alice.post("user/logout", {"visitorId": label})
    assert same.renew().status == 400


def test_refuses_another_browsers_label(alice) -> None:
    assert alice.get("did/session", x_blocklet_visitor_id=alice.visitor).status == 200
    assert alice.get("did/session", x_blocklet_visitor_id="somebody-else").status == 401
    native = {"x_blocklet_visitor_id": "else", "user_agent": "X BlockletSDK/1.0"}
    assert alice.get("did/session", **native).status == 200


def test_is_nobody_in_another_scope(world, alice) -> None:
    other = cast.world(sign_up=True)
    answer = Browser(other).get("did/session", **alice.bearer)
    assert (answer.status, answer.json) == (401, UNSIGNED)


def test_takes_no_token_of_another_audience(world, alice) -> None:
    from tests import signed_in

    member = world.member("carol", "member")
    held = signed_in.start(world, member)
    answer = alice.browser.get("did/session", authorization=f"Bearer {held.access}")
    assert answer.status == 401


def test_drops_the_gateways_header(alice) -> None:
    answer = alice.get("did/session", x_blocklet_did="zNKsomebodyelse")
    assert answer.json["user"]["did"] == alice.wallet.did


def test_the_token_says_what_clients_read(alice) -> None:
    told = claims(alice.access)
    expected = {"type": "user", "did": alice.wallet.did, "role": "guest", "provider": "wallet"}
    assert expected.items() <= told.items()
    assert (told["kyc"], told["elevated"], told["passport"]) == (0, False, {})
    assert told["exp"] - told["iat"] == 60 * 60
    assert {"jti", "sid", "iss", "aud", "sub"} <= told.keys()
    renewal = claims(alice.refresh)
    assert renewal["tokenType"] == "refresh"
    assert renewal["exp"] - renewal["iat"] == 7 * 24 * 60 * 60


def test_clients_that_renew_get_short_tokens(world) -> None:
    browser = Browser(world, headers={"x-did-connect-version": "3.5.3"})
    from tests.faces.blocklet.browser import Wallet

    told = browser.post("user/loginByWallet", Wallet.of().body()).json
    short = claims(told["sessionToken"])
    assert short["exp"] - short["iat"] == 60 * 60


def test_renews(world, alice) -> None:
    answer = alice.renew()
    assert answer.status == 200
    told = answer.json
    verify(world, told)
    assert told["user"]["did"] == alice.wallet.did
    assert told["provider"] == "wallet"
    browser = alice.browser
    assert browser.cookies["login_token"] == told["nextToken"]
    assert all("Path=/" in cookie for cookie in answer.cookies)
    assert "SameSite=Lax" in answer.cookies[0]
    assert "SameSite=Strict" in answer.cookies[1]
    assert browser.get("did/session").status == 200
    again = Signed(
        browser, alice.wallet, told["nextToken"], told["nextRefreshToken"], alice.visitor
    )
    assert again.renew().status == 200


def test_gives_the_same_successor_to_two_tabs(alice) -> None:
    first, second = alice.renew().json, alice.renew().json
    assert first["nextRefreshToken"] == second["nextRefreshToken"]


def test_a_spent_token_in_other_hands_ends_it_all(alice) -> None:
    told = alice.renew().json
    thief = Browser(alice.browser.world, headers={"user-agent": "Thief/1"}, address="203.0.113.5")
    stolen = Signed(thief, alice.wallet, "", alice.refresh, alice.visitor)
    assert (stolen.renew().status, stolen.renew().text) == (400, "User session is logout")
    alice.browser.cookies.clear()
    assert (
        alice.browser.get("did/session", authorization=f"Bearer {told['nextToken']}").status == 401
    )


def test_renewal_fails_with_400_and_a_bare_text(alice) -> None:
    browser = alice.browser
    cases = [
        (browser.post("did/refreshSession"), "RefreshToken should not be empty"),
        (alice.renew(authorization="Bearer a.b.c"), "User session is logout"),
        (alice.renew(x_blocklet_visitor_id=""), "User session is logout"),
        (alice.renew(x_blocklet_visitor_id="else"), "User session is logout"),
        (alice.renew(authorization=f"Bearer {alice.access}"), "invalid token type undefined"),
    ]
    for answer, text in cases:
        assert (answer.status, answer.text) == (400, text)
        assert answer.headers["Content-Type"].startswith("text/plain")
    # Nothing of that spent the token.
    assert alice.renew().status == 200


def test_renewal_takes_an_old_cookie_beside_it(alice, bob) -> None:
    alice.browser.cookies["login_token"] = alice.access
    assert alice.renew().status == 200


def test_exchanges_the_csrf_token(alice) -> None:
    browser = alice.browser
    browser.cookies["login_token"] = alice.access
    assert browser.get("did/csrfToken").text == "x-csrf-token is required"
    browser.cookies["x-csrf-token"] = "anything"
    assert browser.get("did/csrfToken").status == 400
    answer = browser.get("did/csrfToken", x_csrf_token="anything")
    assert answer.status == 200
    told = answer.json
    assert told["loginToken"] == alice.access
    assert browser.cookies["x-csrf-token"] == told["csrfToken"]
    again = browser.get("did/csrfToken", x_csrf_token=told["csrfToken"])
    assert again.json == told
    assert not again.cookies
    browser.cookies.pop("login_token")
    assert browser.get("did/csrfToken").text == "login_token is required"


def test_a_cookie_alone_forges_nothing(alice, bob) -> None:
    browser = alice.browser
    browser.cookies |= {"login_token": alice.access, "x-csrf-token": "anything"}
    right = browser.get("did/csrfToken", x_csrf_token="anything").json["csrfToken"]
    refused = [
        browser.post("did/session"),
        browser.post("did/session", x_csrf_token="anything"),
        browser.post("did/session", x_csrf_token=right, origin="https://evil.example"),
        browser.post("did/session", x_csrf_token=right, sec_fetch_site="cross-site"),
    ]
    for answer in refused:
        assert answer.status == 403
        assert answer.text.startswith("Invalid request: csrf token mismatch")
    browser.cookies["x-csrf-token"] = right
    own = {"origin": "http://localhost:8000", "sec_fetch_site": "same-origin"}
    assert browser.post("did/session", x_csrf_token=right, **own).status == 200
    # Reading needs none, and a token of another sign-in does not do.
    assert browser.get("did/session").status == 200
    browser.cookies["login_token"] = bob.access
    assert browser.post("did/session", x_csrf_token=right).status == 403


def test_logs_out_for_good(alice) -> None:
    answer = alice.post("user/logout", {"visitorId": alice.visitor, "refreshToken": alice.refresh})
    assert (answer.status, answer.body) == (204, b"")
    assert alice.get("did/session").status == 401
    assert alice.get("user/profile").status == 401
    assert alice.renew().status == 400


def test_the_refresh_token_alone_logs_out(alice) -> None:
    assert alice.browser.post("user/logout", {"refreshToken": alice.refresh}).status == 204
    assert alice.get("did/session").status == 401


@pytest.mark.parametrize("body", [None, {}, {"refreshToken": "x"}, {"visitorId": "x"}])
def test_anybody_gets_the_same_answer_to_logging_out(world, alice, body) -> None:
    answer = Browser(world).post("user/logout", body)
    assert (answer.status, answer.body) == (204, b"")
    assert alice.get("did/session").status == 200


def test_logs_out_the_others_only(world, alice) -> None:
    other = sign_in(world, wallet=alice.wallet, challenge="second")
    assert alice.post("user/logout", {"visitorId": alice.visitor, "status": "online"}).status == 204
    assert other.get("did/session").status == 401
    assert alice.get("did/session").status == 200


def test_logs_out_all_of_one_browser(world, alice) -> None:
    same = {"challenge": "second", "visitorId": alice.visitor}
    second = sign_in(world, wallet=alice.wallet, **same)
    third = sign_in(world, wallet=alice.wallet, challenge="third")
    alice.post("user/logout", {"visitorId": alice.visitor})
    assert second.get("did/session").status == 401
    assert third.get("did/session").status == 200


def test_checks_tokens_honestly(alice) -> None:
    def check(**body) -> object:
        return alice.browser.post("user/checkToken", body).json

    assert check(token=alice.access) == {"valid": True}
    assert check(token=alice.refresh, type="refreshToken") == {"valid": True}
    assert check(token=alice.refresh) == {"valid": False}
    assert check(token="anything") == {"valid": False}
    assert check() == {"error": '"token" is required', "code": "invalid"}
    alice.renew()
    assert check(token=alice.refresh, type="refreshToken") == {"valid": False}
    alice.post("user/logout", {})
    assert check(token=alice.access) == {"valid": False}


def test_has_no_notices(world, alice) -> None:
    told = Browser(world).get("notifications/unread-count").json
    assert told["unReadCount"] == 0
    verify(world, told)


def test_a_session_is_over_in_time(alice) -> None:
    late = datetime.now(UTC) + timedelta(days=8)
    assert alice.get("did/session", now=late).status == 401
    assert alice.renew(now=late).status == 400
