"""Passkeys on the project's own pages, with Chromium's own virtual authenticators.

Such an authenticator answers at once when the browser offers passkeys in a field, as if its holder
had chosen one; so what is to happen by a button happens while it is not touched.
"""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.keys import VirtualKey
from tests.browser.people import House, Tab, Tabs

pytestmark = pytest.mark.browser

NOBODY = "No passkey was used"


@dataclass
class Place:
    """A scope that people join by passkey."""

    house: House
    scope: str

    @property
    def login(self) -> str:
        return f"{self.house.url}/s/{self.scope}/login"


@pytest.fixture(scope="module")
def place(house: House) -> Place:
    return Place(house, house.scope(passkey_sign_up=True, governance=False))


@dataclass
class Dora:
    """Somebody who joined by passkey, in a window of her own."""

    tab: Tab
    key: VirtualKey
    name: str


@pytest.fixture
def dora(place: Place, tab: Tab, request: pytest.FixtureRequest) -> Dora:
    name = f"{request.node.name.removeprefix('test_')[:40]}@example.test"
    key = VirtualKey(tab.page)
    tab.page.goto(f"{place.login}/new")
    tab.page.get_by_label("User name").fill(name)
    tab.page.get_by_label("Full name").fill("Dora of the house")
    tab.press("Create a passkey and the account")
    expect(tab.page.get_by_role("heading", name="You are signed in")).to_be_visible()
    return Dora(tab, key, name)


def leave(dora: Dora) -> None:
    """Sign out, while nobody touches the authenticator."""
    dora.key.set_present(is_present=False)
    dora.tab.press("Sign out here")
    expect(dora.tab.page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()


def is_in(tab: Tab) -> None:
    expect(tab.page.get_by_role("heading", name="You are signed in")).to_be_visible()


def test_joins_and_signs_in_by_keyboard(place: Place, dora: Dora) -> None:
    assert "Dora of the house" in dora.tab.text
    leave(dora)
    dora.tab.picture("passkey-login")
    dora.key.set_present(is_present=True)
    # What the browser offered before is over with the next page.
    page = dora.tab.page
    button = page.get_by_role("button", name="Continue with a passkey")
    if button.is_visible():
        button.focus()
        page.keyboard.press("Enter")
    is_in(dora.tab)


def test_signs_in_with_a_user_name(place: Place, dora: Dora) -> None:
    leave(dora)
    page = dora.tab.page
    page.get_by_text("Passkey with a user name").click()
    page.locator("#passkey_username").fill(dora.name.upper())
    dora.tab.picture("passkey-login-named")
    dora.key.set_present(is_present=True)
    button = page.get_by_role("button", name="Use this person")
    if button.is_visible():
        button.click()
    is_in(dora.tab)


def test_tells_what_to_do_when_the_prompt_is_closed(place: Place, tab: Tab) -> None:
    # An authenticator without any passkey: the browser ends the ceremony by itself.
    VirtualKey(tab.page)
    tab.page.goto(place.login)
    button = tab.page.get_by_role("button", name="Continue with a passkey")
    button.click()
    expect(tab.page.get_by_text(NOBODY)).to_be_visible()
    expect(button).to_be_enabled()
    expect(button).to_be_focused()
    tab.picture("passkey-login-cancelled")
    tab.page.goto(f"{place.login}/new")
    tab.page.get_by_label("User name").fill("a" * 300)
    tab.page.evaluate("document.querySelector('[name=username]').removeAttribute('maxlength')")
    tab.page.get_by_label("User name").fill("a" * 300)
    tab.page.get_by_role("button", name="Create a passkey").click()
    told = tab.page.locator("[data-told]")
    expect(told).to_be_visible()
    tab.picture("passkey-new-refused")


def test_passkeys_are_added_renamed_and_removed(place: Place, dora: Dora, tabs: Tabs) -> None:
    other = VirtualKey(dora.tab.page, transport="usb")
    dora.key.set_present(is_present=False)
    page = dora.tab.page
    page.get_by_text("Add a passkey").first.click()
    page.locator("#passkey_name").fill("Blue key")
    dora.tab.press("Add a passkey")
    expect(page.get_by_text("Blue key")).to_be_visible()
    dora.tab.picture("passkey-own-two")
    there = tabs.new()
    second = VirtualKey(there.page)
    second.take_over(dora.key)
    # The first one goes; the window with a copy of it is told what to do.
    change = page.get_by_label("Change Passkey", exact=True)
    change.focus()
    page.keyboard.press("Enter")
    page.locator("details[open] [name=name]").fill("My telephone")
    dora.tab.press("Rename")
    page.get_by_label("Change My telephone").click()
    dora.tab.picture("passkey-own-change")
    dora.tab.press("Remove My telephone")
    expect(page.get_by_text("My telephone")).to_have_count(0)
    there.page.goto(place.login)
    expect(there.page.get_by_text("We could not sign you in with this passkey.")).to_be_visible()
    there.picture("passkey-login-refused")
    # The other is the last way in.
    page.get_by_label("Change Blue key").click()
    dora.tab.press("Remove Blue key")
    expect(page.get_by_text("This is the last way to sign in")).to_be_visible()
    other.remove()


def test_stays_usable_without_scripts(place: Place, tabs: Tabs) -> None:
    context = tabs.chrome.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(place.login)
    expect(page.get_by_role("button", name="Continue with a passkey")).to_be_hidden()
    expect(page.get_by_label("Password", exact=True)).to_be_visible()
    page.goto(f"{place.login}/new")
    expect(page.get_by_text("This takes a browser with scripts")).to_be_visible()
    context.close()


def test_the_pages_in_the_dark(place: Place, chrome: Browser) -> None:
    tabs = Tabs(chrome, place.house, color_scheme="dark")
    tab = tabs.new()
    tab.page.goto(place.login)
    tab.picture("passkey-login-dark")
    tab.page.goto(f"{place.login}/new")
    tab.picture("passkey-new-dark")
    staff = tabs.new()
    staff.open()
    staff.picture("staff-login-dark")
    staff.sign_in(place.house.staff(place.scope, "nightly", "super-admin"))
    staff.open("accounts/passkey/")
    staff.picture("passkeys-dark")
    staff.open("sign-in/")
    staff.picture("staff-passkeys-dark")
    tabs.close()


def test_staff_work_with_a_passkey(place: Place, tab: Tab, tabs: Tabs) -> None:
    owner = place.house.staff(place.scope, "owner", "super-admin")
    page, key = tab.page, VirtualKey(tab.page)
    tab.sign_in(owner)
    tab.open("sign-in/")
    tab.picture("staff-passkeys-none")
    tab.follow("Add a passkey")
    page.get_by_label("Name").fill("Key of the house")
    tab.picture("staff-passkey-add")
    tab.press("Add a passkey")
    expect(page.get_by_text("The passkey is added.")).to_be_visible()
    tab.picture("staff-passkeys")
    # Another window with the same authenticator: by keyboard, without name and password.
    there = tabs.new()
    VirtualKey(there.page).take_over(key)
    there.open()
    there.picture("staff-login")
    there.page.get_by_label("Scope").fill(place.scope)
    button = there.page.get_by_role("button", name="Continue with a passkey")
    button.focus()
    with there.page.expect_navigation(url=re.compile(r"/admin/$")):
        there.page.keyboard.press("Enter")
    expect(there.page.get_by_role("heading", name="Dashboard")).to_be_visible()
    # Another scope knows none of it, and the page says what to do.
    elsewhere = tabs.new()
    VirtualKey(elsewhere.page).take_over(key)
    elsewhere.open()
    elsewhere.page.get_by_label("Scope").fill("nowhere")
    elsewhere.page.get_by_role("button", name="Continue with a passkey").click()
    expect(elsewhere.page.get_by_text("name the right one")).to_be_visible()
    elsewhere.picture("staff-login-refused")
    # Showing it again, and the end of it, which ends what it opened.
    there.open("reauthenticate/?next=/admin/sign-in/")
    there.picture("staff-proof")
    there.page.get_by_role("button", name="Use a passkey").click()
    expect(there.page.get_by_text("Key of the house")).to_be_visible()
    there.follow("Remove Key of the house")
    there.picture("staff-passkey-remove")
    there.press("Remove")
    expect(there.page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_staff_see_those_of_others_and_remove_them(place: Place, dora: Dora, tabs: Tabs) -> None:
    officer = tabs.new().sign_in(place.house.staff(place.scope, "officer", "super-admin"))
    officer.open("accounts/passkey/")
    officer.picture("passkeys")
    officer.page.get_by_role("searchbox").fill(dora.name)
    officer.page.keyboard.press("Enter")
    officer.follow_row()
    officer.page.get_by_role("heading", name="Passkey of").wait_for()
    officer.picture("passkey")
    officer.follow("Remove")
    officer.page.get_by_label("Reason").fill("left in a taxi")
    officer.picture("passkey-remove")
    officer.press("Remove the passkey")
    expect(officer.page.get_by_text("The passkey is removed")).to_be_visible()
    dora.tab.page.reload()
    expect(dora.tab.page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()


def test_says_where_passkeys_work(place: Place, tab: Tab) -> None:
    port = place.house.served.port
    tab.page.goto(f"http://127.0.0.1:{port}/s/{place.scope}/login")
    assert tab.page.url == place.login
    VirtualKey(tab.page)
    tab.page.goto(f"http://127.0.0.1:{port}/admin/login/")
    tab.page.get_by_label("Scope").fill(place.scope)
    tab.page.get_by_role("button", name="Continue with a passkey").click()
    expect(tab.page.get_by_text("Passkeys belong to localhost here")).to_be_visible()
