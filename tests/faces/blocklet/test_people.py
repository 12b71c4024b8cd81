"""Public profiles and who may see what of them, followers, roles, and the look-up of accounts."""

from datetime import UTC, datetime

import pytest

from accounts.models import User
from accounts.services import users
from identity.scoping import current
from tests.faces.blocklet.browser import Browser, Wallet, sign_in

PAGE = "/.well-known/service/user"


def settle(alice) -> None:
    body = {
        "fullName": "Alice",
        "name": "alice",
        "metadata": {
            "bio": "hello",
            "timezone": "UTC",
            "email": "alice@example.test",
            "phone": {"phoneNumber": "+4930123456", "country": "de"},
        },
    }
    assert alice.put("user/profile", body).status == 200


def seen(world, alice, by=None) -> dict:
    browser = by or Browser(world)
    answer = browser.get("user", query={"did": alice.wallet.did})
    assert answer.status == 200
    told: dict = answer.json
    return told


def test_shows_what_is_public(world, alice) -> None:
    settle(alice)
    told = seen(world, alice)
    assert told.keys() == {
        *("did", "name", "fullName", "avatar", "sourceAppPid", "createdAt", "metadata"),
    }
    assert told["fullName"] == "Alice"
    assert told["metadata"] == {"bio": "hello", "timezone": "UTC"}
    by_name = Browser(world).get("user", query={"name": "alice"})
    assert by_name.json == told


def test_shows_the_owner_the_rest(world, alice) -> None:
    settle(alice)
    told = seen(world, alice, by=alice)
    assert told["email"] == "alice@example.test"
    assert told["phone"] == "+4930123456"
    assert told["address"] == {}
    assert told["metadata"]["phone"]["country"] == "de"


def test_is_null_for_nobody_and_400_for_no_question(world, alice) -> None:
    answer = Browser(world).get("user", query={"did": Wallet.of().did})
    assert (answer.status, answer.json) == (200, None)
    answer = Browser(world).get("user")
    assert (answer.status, answer.text) == (400, "Invalid user did or name")
    with current.in_scope(world.scope.id):
        user = User.objects.get(wallets__address=alice.wallet.did)
    users.disable(user_id=user.id, by=world.system, now=datetime.now(UTC))
    assert seen_status(world, alice) is None


def seen_status(world, alice) -> object:
    return Browser(world).get("user", query={"did": alice.wallet.did}).json


@pytest.mark.parametrize("key", ["bio", f"{PAGE}/bio"])
@pytest.mark.parametrize("value", [True, "private"])
def test_hides_what_its_owner_hides(world, alice, bob, key, value) -> None:
    settle(alice)
    assert alice.post("user/privacy/config", {key: value}).json == {key: value}
    assert seen(world, alice)["metadata"] == {"timezone": "UTC"}
    assert seen(world, alice, by=bob)["metadata"] == {"timezone": "UTC"}
    assert seen(world, alice, by=alice)["metadata"]["bio"] == "hello"
    alice.post("user/privacy/config", {key: False})
    assert seen(world, alice)["metadata"]["bio"] == "hello"


@pytest.mark.parametrize("part", ["fullName", "name", "avatar", "createdAt"])
def test_hides_each_field(world, alice, part) -> None:
    settle(alice)
    alice.post("user/privacy/config", {part: True})
    assert seen(world, alice)[part] is None


def test_hides_all_metadata(world, alice) -> None:
    settle(alice)
    alice.post("user/privacy/config", {"metadata": "private"})
    assert seen(world, alice)["metadata"] == {}


def test_followers_may_see_more(world, alice, bob) -> None:
    settle(alice)
    alice.post("user/privacy/config", {"bio": "follower-only"})
    assert "bio" not in seen(world, alice, by=bob)["metadata"]
    bob.post(f"user/follow/{alice.wallet.did}")
    assert seen(world, alice, by=bob)["metadata"]["bio"] == "hello"
    assert "bio" not in seen(world, alice)["metadata"]


def test_tells_and_merges_privacy(world, alice) -> None:
    query = {"did": alice.wallet.did}
    assert Browser(world).get("user/privacy/config", query=query).json == {}
    alice.post("user/privacy/config", {"a/b": True})
    assert alice.post("user/privacy/config", {"c": "all"}).json == {"a/b": True, "c": "all"}
    assert Browser(world).get("user/privacy/config", query=query).json["a/b"] is True
    answer = alice.post("user/privacy/config", {"x": "sometimes"})
    assert answer.status == 400
    expected = '"x" must be one of [boolean, all, private, follower-only]'
    assert answer.json["error"] == expected
    assert Browser(world).get("user/privacy/config").json["error"] == "Invalid user did or name"
    nobody = Browser(world).get("user/privacy/config", query={"did": Wallet.of().did})
    assert (nobody.status, nobody.json["error"]) == (404, "User not found")
    assert Browser(world).post("user/privacy/config", {}).status == 401


def test_follows(world, alice, bob) -> None:
    path = f"user/follow/{bob.wallet.did}"
    assert alice.get(path).json == {"isFollowing": False}
    for _ in range(2):
        assert alice.post(path).status == 200
    assert alice.get(path).json == {"isFollowing": True}
    assert bob.get(f"user/follow/{alice.wallet.did}").json == {"isFollowing": False}
    for _ in range(2):
        assert alice.delete(path).status == 200
    assert alice.get(path).json == {"isFollowing": False}


def test_follows_neither_itself_nor_nobody(world, alice) -> None:
    answer = alice.post(f"user/follow/{alice.wallet.did}")
    assert (answer.status, answer.json["error"]) == (400, "Cannot follow yourself")
    answer = alice.post(f"user/follow/{Wallet.of().did}")
    assert (answer.status, answer.json["error"]) == (404, "User not found")
    assert Browser(world).post(f"user/follow/{alice.wallet.did}").status == 401


def test_tells_a_role(world, alice) -> None:
    told = alice.get("user/role", query={"name": "support"}).json
    assert told.keys() == {"name", "title", "description", "grants", "extra", "orgId"}
    assert "invite_users" in told["grants"]
    assert alice.get("user/role", query={"name": "guest"}).json["grants"] == []
    assert alice.get("user/role").json == {"error": "role name is required"}
    assert alice.get("user/role", query={"name": "nothing"}).status == 404
    assert Browser(world).get("user/role", query={"name": "guest"}).status == 401


def test_tells_nobody_who_has_an_account(world, alice, bob) -> None:
    asked = {"users": [{"did": each.wallet.did, "pk": "z"} for each in (alice, bob)]}
    unknown = {"users": [{"did": Wallet.of().did, "pk": "z"}] * 2}

    def told(browser, body) -> list[bool]:
        return [each["exist"] for each in browser.post("user/checkUser", body).json]

    assert told(Browser(world), asked) == told(Browser(world), unknown) == [False, False]
    assert told(alice, asked) == [True, False]
    assert Browser(world).post("user/checkUser", {"users": [{"did": "x"}] * 11}).status == 400


def test_a_deleted_account_takes_everything_with_it(world, alice) -> None:
    settle(alice)
    assert alice.delete("user").json == {"did": alice.wallet.did}
    assert alice.get("did/session").status == 401
    assert seen_status(world, alice) is None
    # The same wallet may join again, as somebody new.
    again = sign_in(world, wallet=alice.wallet, challenge="again")
    assert again.get("user/profile").json["fullName"] == ""


def test_deleting_wants_a_fresh_proof(world, alice) -> None:
    from datetime import timedelta

    later = datetime.now(UTC) + timedelta(minutes=6)
    answer = alice.delete("user", now=later)
    assert (answer.status, answer.json["code"]) == (403, "session.step-up-needed")
    assert alice.get("did/session").status == 200


def test_whoever_has_duties_is_let_go_by_others(world, alice) -> None:
    from accounts.services import role_assignments

    with current.in_scope(world.scope.id):
        user = User.objects.get(wallets__address=alice.wallet.did)
    now = datetime.now(UTC)
    role_assignments.grant(user_id=user.id, role="super-admin", by=world.system, now=now)
    assert alice.delete("user").status == 403
    assert alice.get("did/session").status == 200


def test_notifications(world, alice) -> None:
    assert alice.get("user/notification/config").json == {}
    hook = {"type": "slack", "url": "https://hooks.example.test/x", "enabled": True}
    body = {"notifications": {"email": True, "wallet": False}, "webhooks": [hook]}
    told = alice.post("user/notification/config", body).json
    assert told["notifications"] == body["notifications"]
    assert told["webhooks"] == [hook | {"consecutiveFailures": 0}]
    assert alice.get("user/notification/config").json == told
    refused = [
        alice.post("user/notification/config", {"webhooks": [hook | {"type": "x"}]}),
        alice.post("user/notification/config", {"webhooks": [hook | {"url": "https://10.0.0.1"}]}),
        alice.post("user/notification/config", {"webhooks": [hook] * 11}),
        alice.post("user/notification/config", {}, referer="https://evil.example/x"),
    ]
    assert [each.status for each in refused] == [400] * 4
    assert alice.get("user/notification/config").json == told
    assert Browser(world).get("user/notification/config").status == 401


def test_tries_a_webhook_under_guard(world, alice) -> None:
    def ask(url: str, kind: str = "api") -> int:
        answer = alice.put("user/notification/webhook", {"type": kind, "url": url})
        return int(answer.status)

    assert ask("https://10.0.0.1/x") == 400
    assert ask("ftp://example.test/x") == 400
    assert (
        alice.put("user/notification/webhook", {"type": "x", "url": "https://a.test"}).status == 400
    )
    # A name that leads within is found out by the task, whose end the answer does not tell.
    statuses = [ask("https://localhost/x") for _ in range(6)]
    assert statuses[0] == 200
    assert statuses[-1] == 429


def test_has_nothing_to_refresh_from(world, alice) -> None:
    assert alice.put("user/refreshProfile").status == 200
    assert Browser(world).put("user/refreshProfile").status == 401
