"""Class 14 of the known attacks: codes that one device shows and another approves.

Seen in Better Auth as CVE-2026-45337 (who approves a code is not who it was made for) and in
privacyIDEA before 2.12 (a code redeemed twice at the same moment; see tests/races/test_exchanges).
"""

import pytest

from identity.scoping import current
from sessions_app.models import Session
from tests import cast
from tests.faces.blocklet.browser import Browser, Signed, Wallet, sign_in
from tests.faces.blocklet.exchange import Page, Phone

FOUR = {"sessionToken", "refreshToken", "csrfToken", "visitorId"}


@pytest.fixture
def world(transactional_db: None) -> cast.World:
    return cast.world(sign_up=True)


@pytest.fixture
def alice(world: cast.World) -> Signed:
    return sign_in(world)


def page_of(world: cast.World, **more) -> Page:
    page = Page(Browser(world, address="203.0.113.66"), **more)
    assert page.begin().status == 200
    return page


def test_a_stolen_code_signs_no_thief_in(world, alice) -> None:
    """Somebody filmed the code on alice's screen, and polls with its token."""
    page = Page(Browser(world))
    page.begin()
    Phone(Browser(world), alice.wallet, page).answer()
    thief = Browser(world, address="203.0.113.66")
    for _ in range(3):
        assert not FOUR & page.status(thief).json.keys()
    thief.get("did/login/token")  # a mark of its own does not help
    assert not FOUR & page.status(thief).json.keys()
    assert page.status().json.keys() >= FOUR


def test_a_wallet_says_who_asked_before_it_signs(world, alice) -> None:
    """A page of the attacker's shows alice a code of the attacker's own browser."""
    phone = Phone(Browser(world), alice.wallet, page_of(world))
    said = phone.scan()
    text = said["requestedClaims"][0]["description"]
    assert "203.0.113.66" in text
    assert "sign in" in text


def test_a_code_begun_for_one_wallet_is_of_no_use_with_another(world, alice) -> None:
    page = Page(Browser(world))
    page.begin(forceConnected=alice.wallet.did)
    mallory = Phone(Browser(world), Wallet.of(), page)
    assert mallory.answer()["status"] == "error"
    assert page.status().status == 403


def test_an_answer_serves_no_other_exchange(world, alice) -> None:
    """What alice signed for one page is carried to a page of the attacker's."""
    page, other = page_of(world), page_of(world)
    phone = Phone(Browser(world), alice.wallet, page)
    phone.scan()
    token = alice.wallet.token(phone.asked["challenge"], action="responseAuth")
    mallory = Phone(Browser(world), alice.wallet, other)
    mallory.scan()
    assert mallory.sign(token=token)["status"] == "error"
    assert other.status().json["status"] == "scanned"


def test_an_approval_for_one_act_is_none_for_another(world, alice) -> None:
    """The code of a sign-in is scanned as if it were the code of something harmless."""
    page = page_of(world)
    page.action = "verify-elevated"
    phone = Phone(Browser(world), alice.wallet, page)
    assert phone.scan()["status"] == "error"
    page.action = "login"
    assert page.status().json["status"] == "created"


def test_an_account_gains_no_wallet_by_another_sessions_code(world, alice) -> None:
    """Mallory signs in, and shows alice the code that binds a wallet to mallory's account."""
    mallory = sign_in(world)
    page = Page(mallory.browser, "bind-wallet", headers=mallory.bearer)
    page.begin()
    phone = Phone(Browser(world), alice.wallet, page)
    assert "add this wallet" in phone.scan()["requestedClaims"][0]["description"]
    assert phone.sign()["status"] == "error"
    again = sign_in(world, wallet=alice.wallet, challenge="B2")
    assert again.get("did/session").json["user"]["did"] == alice.wallet.did


def test_nothing_is_begun_for_whoever_polls_an_unanswered_code(world, alice) -> None:
    page = page_of(world)
    Phone(Browser(world), alice.wallet, page).scan()
    assert not FOUR & page.status().json.keys()
    with current.in_scope(world.scope.id):
        assert Session.objects.count() == 1  # alice's own
