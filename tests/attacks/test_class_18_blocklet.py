"""Classes 18 and 30 of the known attacks, on the face `blocklet`: what was switched off works on.

Seen in Keycloak as CVE-2025-14559, CVE-2026-1486 and others, in django-allauth 65.13 and as
GHSA-2vg6-77g8-24mp (Better Auth). Each thing that can be switched off, over each way in: refused at
the very next request, and not revived with the thing itself.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import User
from accounts.services import users
from identity.api.blocklet import application
from identity.services import app_keys, scopes
from sessions_app.models import Session
from sessions_app.services import sessions
from tests import cast
from tests.faces.blocklet.browser import Browser, sign_in
from tests.faces.blocklet.test_sign_in import BODY, log_in

pytestmark = pytest.mark.django_db(transaction=True)


def now() -> datetime:
    return datetime.now(UTC)


class Scene:
    """Somebody with a session in a browser, every way that leads in again at hand."""

    def __init__(self) -> None:
        self.world = cast.world(sign_up=True)
        self.alice = sign_in(self.world)
        self.alice.get("did/session")
        self.headers = {"x_blocklet_visitor_id": self.alice.visitor}
        row = self.alice.browser.get("user-session", **self.headers).json[0]
        with cast.in_scope(self.world):
            pid = application.permanent(now=now())
            self.user = User.objects.get(wallets__address=self.alice.wallet.did)
            self.session = Session.objects.get()
        self.quick = {"id": row["id"], "userDid": self.alice.wallet.did, "appPid": pid}

    def ways(self) -> dict[str, bool]:
        """Which ways of the old session are open."""
        alice, browser = self.alice, self.alice.browser
        cookie = Browser(self.world, cookies={"login_token": alice.access})
        return {
            "header": alice.get("did/session").status == 200,
            "cookie": cookie.get("user/profile").status == 200,
            "query": browser.get("did/session", query={"login_token": alice.access}).status == 200,
            "body": browser.post("did/session", {"login_token": alice.access}).status == 200,
            "check": browser.post("user/checkToken", {"token": alice.access}).json["valid"],
            "list": bool(browser.get("user-session", **self.headers).json),
            "quick": self.goes_on(),
            "renewal": alice.renew().status == 200,
        }

    def goes_on(self) -> bool:
        answer = self.alice.browser.post("user-session/login", self.quick, **self.headers)
        return answer.status == 200


def disable(scene: Scene) -> None:
    users.disable(user_id=scene.user.id, by=scene.world.system, now=now())


def delete(scene: Scene) -> None:
    users.delete(user_id=scene.user.id, by=scene.world.system, now=now())


def suspend(scene: Scene) -> None:
    scopes.suspend(by=scene.world.system, now=now())


def end(scene: Scene) -> None:
    by = scene.world.system
    assert sessions.end(session_id=scene.session.id, reason="staff", by=by, now=now())


def end_all(scene: Scene) -> None:
    sessions.end_all_of(scene.user.id, by=scene.world.system, now=now(), reason="lock")


def sign_out(scene: Scene) -> None:
    scene.alice.browser.post("user/logout", {"refreshToken": scene.alice.refresh})


SWITCHES: Mapping[str, Callable[[Scene], object]] = {
    "user disabled": disable,
    "user deleted": delete,
    "scope suspended": suspend,
    "session ended": end,
    "all sessions ended": end_all,
    "signed out": sign_out,
}
REVIVED: Mapping[str, Callable[[Scene], object]] = {
    "user disabled": lambda scene: users.enable(
        user_id=scene.user.id, by=scene.world.system, now=now()
    ),
}


def test_everything_is_open_before() -> None:
    assert all(Scene().ways().values())


@pytest.mark.parametrize("name", SWITCHES)
def test_nothing_of_a_session_outlives(name: str) -> None:
    scene = Scene()
    SWITCHES[name](scene)
    try:
        ways = scene.ways()
    except (KeyError, TypeError):  # where the whole scope refuses, answers have another form
        assert name == "scope suspended"
        ways = {}
    assert not any(ways.values()), ways
    if name in REVIVED:
        REVIVED[name](scene)
        assert not any(scene.ways().values())


def test_a_disabled_user_signs_in_by_no_way() -> None:
    scene = Scene()
    key = app_keys.mint(name="x", by=scene.world.system, now=now())
    disable(scene)
    alice = scene.alice
    wallet = {"did": alice.wallet.did, "pk": alice.wallet.private.public.base58, "fullName": "A"}
    assert alice.browser.post("user/loginByWallet", alice.wallet.body("new")).status == 403
    for update in (True, False):
        assert log_in(scene.world, key, wallet | {"updateInfo": update}).status == 403


def test_a_disabled_user_of_the_applications_server() -> None:
    world = cast.world(sign_up=True)
    key = app_keys.mint(name="x", by=world.system, now=now())
    did = log_in(world, key, BODY).json["user"]["did"]
    with cast.in_scope(world):
        user = User.objects.get(profile__address=did)
    users.disable(user_id=user.id, by=world.system, now=now())
    assert log_in(world, key, BODY | {"updateInfo": False}).status == 403
    assert Browser(world).get("user", query={"did": did}).json is None


def test_nobody_signs_in_to_a_suspended_scope() -> None:
    scene = Scene()
    key = app_keys.mint(name="x", by=scene.world.system, now=now())
    suspend(scene)
    told: list[Any] = [
        scene.alice.browser.post("user/loginByWallet", scene.alice.wallet.body("new")),
        log_in(scene.world, key, BODY),
        scene.alice.renew(),
    ]
    assert all(answer.status in {400, 401, 403} for answer in told)


def test_a_wallet_that_was_let_go_signs_nobody_in() -> None:
    from accounts.models import Wallet as WalletRow

    scene = Scene()
    with cast.in_scope(scene.world):
        WalletRow.objects.update(is_keyless=True)
    answer = scene.alice.browser.post("user/loginByWallet", scene.alice.wallet.body("new"))
    assert answer.status in {401, 404}
