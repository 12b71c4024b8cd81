"""Who is signed in at `/login` looks after the own account: sessions, password, the lock."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.people import House, Tab, Tabs

pytestmark = pytest.mark.browser

PASSWORD, NEW = "correct horse battery", "a new battery and its staple"


class Account:
    """A member of a scope who has a device and a password."""

    def __init__(self, house: House) -> None:
        self.scope = house.scope()
        self.name = "alice@example.test"
        house.staff(self.scope, "owner", "super-admin")
        bundle = house.invite(self.scope, self.name, "member")
        house.device(self.scope, bundle, "alice's laptop", PASSWORD)
        self.login = f"{house.url}/s/{self.scope}/login"

    def enter(self, tab: Tab, password: str = PASSWORD) -> None:
        tab.page.goto(self.login)
        tab.page.get_by_label("User name or e-mail address").fill(self.name)
        tab.page.get_by_label("Password", exact=True).fill(password)
        tab.press("Sign in")


def is_in(tab: Tab, account: Account) -> bool:
    tab.page.goto(account.login)
    return "You are signed in" in tab.text


def test_sessions_are_seen_and_ended_by_keyboard(house: House, tabs: Tabs) -> None:
    account, here, there = Account(house), tabs.new(), tabs.new()
    account.enter(here)
    assert "Nowhere else." in here.text
    here.picture("own-account-alone")
    account.enter(there)
    here.page.reload()
    end = here.page.get_by_role("button", name="End the session of")
    expect(end).to_have_count(1)
    here.picture("own-account")
    end.focus()
    with here.page.expect_navigation():
        here.page.keyboard.press("Enter")
    assert "Nowhere else." in here.text
    assert not is_in(there, account)
    account.enter(there)
    here.page.reload()
    here.press("End all others")
    assert not is_in(there, account)
    assert is_in(here, account)


def test_a_new_password_is_set(house: House, tabs: Tabs) -> None:
    account, here, there = Account(house), tabs.new(), tabs.new()
    account.enter(there)
    account.enter(here)
    here.page.get_by_text("Change the password").first.click()
    here.page.get_by_label("New password").fill("short")
    here.press("Change the password")
    assert "at least 8 characters" in here.text
    here.page.get_by_label("New password").fill(NEW)
    here.press("Change the password")
    assert "Your new password is set." in here.text
    here.picture("own-account-password-set")
    assert not is_in(there, account)
    account.enter(there, NEW)
    assert is_in(there, account)


def test_the_account_is_locked_at_once(house: House, tabs: Tabs) -> None:
    account, here, there = Account(house), tabs.new(), tabs.new()
    account.enter(there)
    account.enter(here)
    here.page.get_by_text("Lock this account now").click()
    here.picture("own-account-lock")
    here.press("Lock this account")
    assert "Your account is locked" in here.text
    here.picture("own-account-locked")
    assert not is_in(there, account)
    account.enter(there)
    assert "We could not sign you in with this." in there.text


def test_whose_token_was_copied_is_told(house: House, tabs: Tabs) -> None:
    account, here = Account(house), tabs.new()
    account.enter(here)
    held = {each["name"]: each["value"] for each in here.page.context.cookies()}
    copied = {"refresh_token": held[f"countersign-refresh-{account.scope}"]}
    thief = f"{house.url}/s/{account.scope}/v1/token/refresh"
    assert house.http.post(thief, json=copied).status_code == 200
    here.page.context.clear_cookies(name=f"countersign-access-{account.scope}")
    here.page.goto(account.login)
    assert "You were signed out for your safety." in here.text
    here.picture("login-token-copied")
    here.page.reload()
    assert "You were signed out" not in here.text
    account.enter(here)
    assert "You are signed in" in here.text


def test_the_pages_in_the_dark(house: House, chrome: Any) -> None:
    tabs = Tabs(chrome, house, color_scheme="dark")
    account, tab = Account(house), tabs.new()
    account.enter(tab)
    account.enter(tabs.new())
    tab.page.reload()
    tab.picture("own-account-dark")
    tab.page.goto(f"{house.url}/s/nowhere/login")
    tab.picture("login-no-scope-dark")
    tabs.close()


def test_an_address_without_a_scope_tells_what_to_do(house: House, tab: Tab) -> None:
    answer = tab.page.goto(f"{house.url}/s/nowhere/login")
    assert answer is not None
    assert answer.status == 404
    assert "Nobody can sign in here" in tab.text
    tab.picture("login-no-scope")
