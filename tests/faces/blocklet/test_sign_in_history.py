"""Refused sign-ins by a wallet stand in the history of whose wallet it is, and of nobody else."""

from datetime import UTC, datetime

import pytest

from accounts.models import User
from accounts.services import users
from sessions_app.models import SignIn
from sessions_app.services import wallet_sign_in
from tests import cast
from tests.faces.blocklet.browser import Browser, Signed, Wallet
from tests.faces.blocklet.exchange import Page, Phone


def refused(world: cast.World) -> list[SignIn]:
    with cast.in_scope(world):
        return list(SignIn.objects.filter(outcome=SignIn.Outcome.REFUSED).order_by("at", "id"))


def user_of(world: cast.World, signed: Signed) -> User:
    with cast.in_scope(world):
        return User.objects.get(wallets__address=signed.wallet.did)


def test_notes_a_token_that_is_refused(world, alice, bob) -> None:
    browser = Browser(world, address="198.51.100.7")
    forged = alice.wallet.body("1") | {"challenge": "2"}
    assert browser.post("user/loginByWallet", forged).status == 401
    (noted,) = refused(world)
    assert noted.user_id == user_of(world, alice).id
    assert (noted.method, noted.provider_name) == ("wallet", "wallet")
    assert (noted.reason, noted.address) == ("sign-in.refused", "198.51.100.7")
    assert (noted.user_agent, noted.session_id) == ("Laptop/1", None)


def test_notes_a_token_that_comes_again(world, alice) -> None:
    body = alice.wallet.body("again")
    browser = Browser(world)
    assert browser.post("user/loginByWallet", body).status == 200
    assert browser.post("user/loginByWallet", body).status == 401
    assert len(refused(world)) == 1


def test_notes_a_disabled_users_try(world, alice) -> None:
    users.disable(user_id=user_of(world, alice).id, by=world.system, now=datetime.now(UTC))
    assert Browser(world).post("user/loginByWallet", alice.wallet.body("2")).status == 403
    assert len(refused(world)) == 1


def test_notes_nothing_of_strangers(world, alice) -> None:
    forged = Wallet.of().body("1") | {"challenge": "2"}
    assert Browser(world).post("user/loginByWallet", forged).status == 401
    assert not refused(world)


def test_keeps_a_bounded_number_for_who_names_somebodys_wallet(world, alice) -> None:
    """Anybody can name a wallet: nobody's history is filled by that."""
    most, _ = wallet_sign_in.MOST_NOTED
    browser = Browser(world)
    moment = datetime.now(UTC).replace(minute=0, second=30, microsecond=0)
    forged = alice.wallet.body("1") | {"challenge": "2"}
    for _try in range(most + 3):
        assert browser.post("user/loginByWallet", forged, now=moment).status == 401
    assert len(refused(world)) == most


@pytest.mark.parametrize("how", ["forged", "disabled"])
def test_notes_what_a_wallet_is_refused_in_an_exchange(world, alice, how) -> None:
    page = Page(Browser(world))
    page.begin()
    phone = Phone(Browser(world, address="198.51.100.20"), alice.wallet, page)
    phone.scan()
    if how == "disabled":
        users.disable(user_id=user_of(world, alice).id, by=world.system, now=datetime.now(UTC))
        assert phone.sign()["status"] == "error"
    else:
        assert phone.sign(token="a.b.c")["errorMessage"] == "Invalid JWT token"
    (noted,) = refused(world)
    # It would have been signed in where the page is.
    assert (noted.user_id, noted.address) == (user_of(world, alice).id, "192.0.2.10")
